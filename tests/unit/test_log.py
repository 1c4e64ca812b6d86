"""Log lines in SPEC's format; what goes to the file, and what to the screen."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segmail.clock import Clock
from segmail.errors import ConfigError
from segmail.log import (
    LogFormat,
    LoggedRun,
    exceptions,
    log_lines,
    logger,
    open_log,
    set_up_logging,
)
from tests.jobs import StillClock

NOW = datetime(2025, 9, 30, 12, 0, 1, tzinfo=UTC)


def set_up(file: Path | None, verbosity: int = 0) -> None:
    set_up_logging(file, verbosity=verbosity, clock=Clock(NOW))


def test_lines_have_the_format_of_the_specification(tmp_path: Path) -> None:
    file = tmp_path / "var/log/customer_segmentation.log"
    set_up(file)

    logging.getLogger("segmail").info("Processing %d scheduled email sequences", 15)

    assert file.read_text() == "2025-09-30 12:00:01: Processing 15 scheduled email sequences\n"


def test_with_a_file_the_screen_shows_warnings_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path / "log")

    logger.info("quiet")
    logger.warning("loud")

    assert capsys.readouterr().err == "2025-09-30 12:00:01: loud\n"


@pytest.mark.parametrize(
    ("verbosity", "shown"), [(0, ["a", "b"]), (-1, ["b"]), (2, ["d", "a", "b"])]
)
def test_without_a_file_lines_go_to_the_screen(
    capsys: pytest.CaptureFixture[str], verbosity: int, shown: list[str]
) -> None:
    set_up(None, verbosity)

    logger.debug("d")
    logger.info("a")
    logger.error("b")

    assert [line[-1] for line in capsys.readouterr().err.splitlines()] == shown


def test_text_from_outside_cannot_forge_a_line(tmp_path: Path) -> None:
    set_up(tmp_path / "log")

    logger.info("Refused: %s", "no\n2025-09-30 12:00:01: Daily automation report: 0 sent")

    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_tracebacks_go_to_exception_log(tmp_path: Path) -> None:
    set_up(tmp_path / "segmentation.log")

    exceptions.error("Failed", exc_info=ValueError("why"))

    assert "ValueError: why" in (tmp_path / "exception.log").read_text()
    assert not (tmp_path / "segmentation.log").exists()  # nothing was said there


def test_a_log_that_cannot_be_written_is_a_configuration_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    set_up(tmp_path / "file" / "log")

    with pytest.raises(ConfigError, match="--log-file"):
        open_log()


def test_a_line_has_no_secret_and_nothing_that_steers_a_terminal(tmp_path: Path) -> None:
    set_up_logging(tmp_path / "log", verbosity=0, clock=Clock(NOW), secrets=["hunter2", "x"])

    logger.info("No\rlog-in\x1b]0;t\x07 at\u202e mysql://x:hunter2@h: xyz")

    assert (tmp_path / "log").read_text().partition(": ")[2] == (
        "No log-in]0;t at mysql://x:***@h: xyz\n"
    )


def test_a_log_that_was_moved_away_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "log"
    set_up(file)
    logger.info("before")
    file.rename(tmp_path / "log.1")
    logger.info("after")

    assert file.read_text().endswith(": after\n")
    assert (tmp_path / "log.1").read_text().endswith(": before\n")


def test_who_says_nothing_leaves_no_file_and_others_cannot_read_it(tmp_path: Path) -> None:
    file = tmp_path / "var" / "log" / "segmail.log"
    set_up(file)
    assert not file.parent.exists()

    logger.info("Sent step 1 to ada@example.test")
    exceptions.error("Failed", exc_info=ValueError("why"))

    assert [path.stat().st_mode & 0o777 for path in (file, file.with_name("exception.log"))] == [
        0o640, 0o640,
    ]  # fmt: skip
    assert file.parent.stat().st_mode & 0o777 == 0o750


def test_json_lines_name_their_run_and_have_no_secret(tmp_path: Path) -> None:
    set_up_logging(
        tmp_path / "log", verbosity=0, clock=Clock(NOW), secrets=["hunter2"],
        run=LoggedRun("process-emails"), form=LogFormat.JSON,
    )  # fmt: skip

    logger.info('Said "%s"', "hunter2\n{}")
    logger.warning("loud")
    exceptions.error("Failed", exc_info=ValueError("hunter2"))

    first, second = map(json.loads, (tmp_path / "log").read_text().splitlines())
    [failed] = map(json.loads, (tmp_path / "exception.log").read_text().splitlines())
    assert (first["time"][:19], first["level"]) == ("2025-09-30T12:00:01", "info")
    assert (first["message"], second["message"]) == ('Said "*** {}"', "loud")
    assert first["run"] == second["run"] == failed["run"]
    assert first["command"] == "process-emails"
    assert "ValueError: ***" in failed["traceback"]


def test_tagged_lines_are_the_specifications_with_the_run_at_the_end(tmp_path: Path) -> None:
    run = LoggedRun("process-emails", id="5f3a9c1e")
    set_up_logging(tmp_path / "log", verbosity=0, clock=Clock(NOW), run=run, form=LogFormat.TAGGED)

    logger.info("Sent\nstep 1")
    exceptions.error("Failed", exc_info=ValueError("why"))

    assert (tmp_path / "log").read_text() == "2025-09-30 12:00:01: Sent step 1 [5f3a9c1e]\n"
    first, *_, last = (tmp_path / "exception.log").read_text().splitlines()
    assert (first, last) == ("2025-09-30 12:00:01: Failed [5f3a9c1e]", "ValueError: why")


@pytest.mark.parametrize("form", list(LogFormat))
def test_lines_logged_together_are_those_logged_one_by_one(tmp_path: Path, form: LogFormat) -> None:
    lines = ["Skipped hunter2", 'forged "\n2025-01-01 00:00:00: line', "\x1b[2Jlast "]
    run, clock = LoggedRun("refresh-segments", id="5f3a9c1e"), StillClock(NOW)

    def logged(name: str, log: Callable[[], None]) -> str:
        file = tmp_path / name
        set_up_logging(file, verbosity=0, clock=clock, secrets=["hunter2"], run=run, form=form)
        log()
        return file.read_text()

    def log_each() -> None:
        for line in lines:
            logger.info("%s", line)

    together = logged("together", lambda: log_lines(lines))
    assert together == logged("each", log_each)
    assert together.count("\n") == len(lines)
