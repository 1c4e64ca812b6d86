"""The stages of the benchmark; each prepares what it needs of those before it."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.segments.explain import plan, seconds
from tests.benchmarks.segments.figures import Run
from tests.benchmarks.segments.indexes import TRIALS, Trial, try_index
from tests.benchmarks.segments.loop import loop
from tests.benchmarks.segments.measure import Bench
from tests.benchmarks.segments.recording import Recorder
from tests.benchmarks.segments.shop import CROWDS

ALL_AT_ONCE = "all segments after a change, beside shoppers"
EVERYBODY_ASKED = "everybody asked (`--full`)"
ENROL = "first fill that enrols everybody"
NOTHING_NEW = "the same segment again, nothing new"
ENROL_BESIDE = "first fill that enrols everybody, beside shoppers"

_FIRST, _CHANGED, _CHANGED_AGAIN = "2026-11-22 12:00", "2026-11-22 12:15", "2026-11-22 12:30"
_NO_LIMIT = ("--enrol-limit", "100000000")


def first(bench: Bench, record: Recorder) -> None:
    """First fill of each segment, without enrolling."""
    for name, id in bench.shop.segments().items():
        with record.part(name):
            run = bench.refresh("--segment", f"{id}", "--no-enrol", now=_FIRST)
            _keep(record, name, run)


def change(bench: Bench, record: Recorder) -> None:
    """Each again after one row in a hundred changed, enrolling who enters."""
    _fill_members(bench, record)
    bench.shop.change(1, at="2026-11-22 12:05:00")
    for name, id in bench.shop.segments().items():
        with record.part(name):
            run = bench.refresh("--segment", f"{id}", *_NO_LIMIT, now=_CHANGED)
            _keep(record, name, run)


def together(bench: Bench, record: Recorder) -> None:
    """All in one run after another such change, beside shoppers."""
    _fill_members(bench, record)
    bench.shop.change(2, at="2026-11-22 12:20:00")
    with record.part(ALL_AT_ONCE):
        run = bench.refresh_beside_shoppers(*_NO_LIMIT, now=_CHANGED_AGAIN)
        _keep(record, ALL_AT_ONCE, run)


def everybody(bench: Bench, record: Recorder) -> None:
    """Every customer of the shop enrolled by one refresh, alone and beside shoppers."""
    bench.shop.subscribe_everybody()
    for name, refresh, crowd in (
        (ENROL, bench.refresh, CROWDS[0]),
        (NOTHING_NEW, bench.refresh, CROWDS[0]),
        (ENROL_BESIDE, bench.refresh_beside_shoppers, CROWDS[1]),
    ):
        with record.part(name):
            _keep(record, name, refresh("--segment", crowd, *_NO_LIMIT, now=_CHANGED_AGAIN))


def again(bench: Bench, record: Recorder) -> None:
    """All segments again: everybody asked, nothing new, and one customer in a hundred changed."""
    _fill_members(bench, record)

    def refresh(name: str, *options: str, now: str) -> None:
        with record.part(name):
            _keep(record, name, bench.refresh("--no-enrol", *options, now=now))

    refresh(EVERYBODY_ASKED, "--full", now="2026-11-22 13:00")
    refresh("nothing new", now="2026-11-22 13:15")
    bench.shop.touch(3, "2026-11-22 13:20:00", subscriptions=False)
    refresh("1 % of the customers active", now="2026-11-22 13:30")
    bench.shop.touch(4, "2026-11-22 13:35:00", subscriptions=True)
    refresh("1 % of them, and their subscriptions", now="2026-11-22 13:45")


def customer_by_customer(bench: Bench, record: Recorder) -> None:
    """The statements of a loop over customers."""
    with record.part("loading and enrolling"):
        record.stage.looped = loop(bench.shop.url, bench.shop.customers)


def explain(bench: Bench, record: Recorder) -> None:
    """How the server runs each segment's statement."""
    for name, id in bench.shop.segments().items():
        with record.part(name):
            record.stage.plans[name] = plan(bench.shop, id)


def indexes(bench: Bench, record: Recorder) -> None:
    """Indexes that a shop does not have; in a full shop those that matter there."""
    without: dict[str, float] = {}
    for trial in TRIALS:
        if bench.shop.scale < 1 or trial.also_full:
            with record.part(f"{trial}"):
                _try(bench, record, trial, without)


STAGES: dict[str, Callable[[Bench, Recorder], None]] = {
    "first": first,
    "change": change,
    "together": together,
    "again": again,
    "everybody": everybody,
    "loop": customer_by_customer,
    "explain": explain,
    "indexes": indexes,
}


def _keep(record: Recorder, name: str, run: Run) -> None:
    record.stage.runs[name] = run
    for told in run.segments:
        if told["reason"]:
            record.stage.failures[told["segment"]] = f"{told['state']}: {told['reason']}"


def _fill_members(bench: Bench, record: Recorder) -> None:
    if not bench.shop.has_members():
        record.remark("The segments were filled right before, unmeasured.")
        bench.refresh("--no-enrol", now=_FIRST)


def _try(bench: Bench, record: Recorder, trial: Trial, without: dict[str, float]) -> None:
    segments = bench.shop.segments()
    for name in trial.segments:
        if name not in without:
            without[name] = seconds(bench.shop, segments[name])
    record.stage.indexes.extend(try_index(bench.shop, trial, segments, without))
