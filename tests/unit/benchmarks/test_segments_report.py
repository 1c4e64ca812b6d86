"""The segments benchmark tells what it measured, what failed and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.segments.figures import (
    Figures,
    Filled,
    Indexed,
    Locks,
    Looped,
    Plan,
    Run,
    load,
    save,
)
from tests.benchmarks.segments.options import parse_options
from tests.benchmarks.segments.recording import Recorder
from tests.benchmarks.segments.report import as_markdown
from tests.benchmarks.segments.stages import ENROL, STAGES

MACHINE = {"processor": "Abacus", "cores": 2, "memory_gib": 1, "system": "Linux", "python": "3",
           "database": "10.11"}  # fmt: skip


@pytest.fixture
def figures() -> Figures:
    return Figures(MACHINE, ["--fast"], Filled(1, "f00d", 1000, {"orders": 5000}, 10, 1.5))


@pytest.fixture
def recorder(figures: Figures) -> Recorder:
    return Recorder(figures, lambda _figures: None)


def run(seconds: float, *, reason: str | None = None, locks: Locks | None = None) -> Run:
    told: dict[str, Any] = dict.fromkeys(("members", "entered", "left", "enrolled", "stopped"), 7)
    told |= {"segment": "VIP", "state": "refreshed", "seconds": seconds, "reason": reason}
    return Run([told], seconds + 1, 56.0, 0.5, None if locks else 50, locks)


def fail(error: BaseException) -> None:
    raise error


def test_the_report_names_the_stages_that_are_missing(figures: Figures, recorder: Recorder) -> None:
    with recorder.stage_of("first"):
        recorder.stage.runs["VIP"] = run(2)

    report = as_markdown(figures, ["first", "change", "loop"])

    assert "**Incomplete: change, loop not measured.**" in report
    assert report.count("**Not measured.**") == 2


@pytest.mark.parametrize(("load", "is_told"), [(1.9, False), (7.9, True)])
def test_the_report_tells_that_other_programs_used_the_cores(
    figures: Figures, recorder: Recorder, load: float, is_told: bool
) -> None:
    with recorder.stage_of("first"):
        recorder.stage.load_before = load

    report = as_markdown(figures, ["first"])

    assert ("the load was up to 7.9 when a stage began" in report) is is_told


def test_a_part_that_fails_is_told_and_the_rest_goes_on(
    figures: Figures, recorder: Recorder
) -> None:
    with recorder.stage_of("first"):
        with recorder.part("Broken"):
            fail(RuntimeError("the server has gone away"))
        with recorder.part("VIP"):
            recorder.stage.runs["VIP"] = run(2)

    report = as_markdown(figures, ["first"])

    assert "| Broken | **RuntimeError: the server has gone away** |" in report
    assert "| VIP | 2.00 | 7 |" in report
    assert "**Failed in the stage first: Broken.**" in report


def test_an_interrupted_stage_is_written_down_as_such(figures: Figures, recorder: Recorder) -> None:
    with pytest.raises(KeyboardInterrupt), recorder.stage_of("first"):
        fail(KeyboardInterrupt())

    assert "**The stage first interrupted (KeyboardInterrupt).**" in as_markdown(figures, ["first"])


def test_each_part_is_written_at_once(figures: Figures) -> None:
    written: list[int] = []
    recorder = Recorder(figures, lambda found: written.append(len(found.stages["first"].runs)))

    with recorder.stage_of("first"):
        for name in ("VIP", "Newcomer"):
            with recorder.part(name):
                recorder.stage.runs[name] = run(1)

    assert written == [1, 2, 2]


def test_a_refused_segment_is_no_measured_one(figures: Figures, recorder: Recorder) -> None:
    with recorder.stage_of("first"):
        recorder.stage.runs["VIP"] = run(2, reason="too many")

    assert figures.seconds("first") == {}
    assert "| **0 together** | 0.00 |" in as_markdown(figures, ["first"])


def test_what_was_saved_is_loaded_again(
    figures: Figures, recorder: Recorder, tmp_path: Path
) -> None:
    with recorder.stage_of("everybody"):
        recorder.stage.runs[ENROL] = run(3, locks=Locks(rows=9, account_wait=1.25))
        recorder.stage.looped = Looped(20, 0.001, 0.002)
        recorder.stage.plans["VIP"] = Plan("SELECT 1", [["1", "SIMPLE"]])
        recorder.stage.indexes.append(Indexed("orders", "id", "VIP", 2.0, 0.5, 1.0))

    save(figures, tmp_path / "segments.json")

    assert load(tmp_path / "segments.json") == figures


def test_the_loop_is_compared_with_enrolling_everybody(
    figures: Figures, recorder: Recorder
) -> None:
    with recorder.stage_of("everybody"):
        recorder.stage.runs[ENROL] = run(3)
    with recorder.stage_of("loop"):
        recorder.stage.looped = Looped(20, 0.01, 0.02)

    assert "| enrol everybody | 4.0 | 20 | 5.0 |" in as_markdown(figures, list(STAGES))


def test_a_small_shop_never_replaces_the_report_of_the_full_one() -> None:
    full, small = (parse_options(given, STAGES) for given in (["--full"], ["--scale", "0.02"]))

    assert full.output.name == "benchmarks"
    assert small.output.name == "bench-segments-0.02"


def test_stages_are_measured_in_their_order_whatever_was_asked_for() -> None:
    options = parse_options(["--only", "loop,first"], STAGES)

    assert options.stages == ("first", "loop")
    assert options.keeps


def test_an_unknown_stage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--only", "frist"], STAGES)

    assert "no such stage: frist" in capsys.readouterr().err
