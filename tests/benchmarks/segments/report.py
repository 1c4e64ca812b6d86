"""The report for people; it says of each part under which conditions it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.benchmarks.segments.figures import DONE, RUNNING, Figures, Stage
from tests.benchmarks.segments.findings import findings
from tests.benchmarks.segments.markdown import NOT_MEASURED, bullets, table
from tests.benchmarks.segments.tables import again, comparison, indexes, plan, refreshes, runs


def as_markdown(figures: Figures, stages: Iterable[str]) -> str:
    """Return the report of what has been measured; of `stages` the missing ones are named."""
    return "\n\n".join(_parts(figures, list(stages))) + "\n"


def _parts(figures: Figures, stages: list[str]) -> Iterator[str]:
    yield "# What `bin/bench-segments` measured"
    yield _HOW
    yield from _missing(figures, stages)
    yield from _conditions(figures)
    yield _stages(figures, stages)
    yield "## What follows from it"
    yield bullets(findings(figures)) or NOT_MEASURED
    for name in stages:
        yield f"## {_TITLES[name]}"
        yield from _stage(figures, name)


_TITLES = {
    "first": "First fill, without enrolling (`--no-enrol`)",
    "change": "Again after one row in a hundred changed, enrolling who enters",
    "together": "All at once after another such change, beside shoppers",
    "again": "All again: everybody asked, or only those for whom something has changed",
    "everybody": "Everybody into a sequence",
    "loop": "Against a loop over customers",
    "explain": "EXPLAIN of each segment's statement",
    "indexes": "Indexes that a shop does not have",
}

_HOW = """\
Written by the program, wholly from `segments.json` beside it: changes by hand are lost. Older
measurements and what people concluded from them are in `tests/benchmarks/SEGMENTS-NOTES.md`."""

_TIMES = """\
`s` is what segmail told of the segment, `wall s` the whole run with the program's start and the
sweep over customers who unsubscribed. One run each, no repetitions."""

_AGAIN = """\
`rows` are those that the server looked at (`Handler_read_%`), `× less` against everybody asked."""

_LOCKS = """\
Row locks are the most that `information_schema.innodb_trx` showed of one transaction. Shoppers
change a cart, an order and an account, one after the other, up to 20 times a second; their longest
waits are told."""

_EXPLAIN = """\
The statement that collects a segment's customers, explained as segmail runs it on MariaDB: below
`SET STATEMENT … FOR`, with the settings of `segmail/maho/db/mariadb_hints.py`."""

_INDEXES = """\
Seconds of the statement that collects a segment's customers, as a refresh runs it, timed once each.
Indexes are tried one at a time and dropped again; `made` is what creating and analyzing one took.
Every index also makes each write slower."""


def _missing(figures: Figures, stages: list[str]) -> Iterator[str]:
    """Say what a reader might take for measured but is not."""
    lacking = [name for name in stages if name not in figures.stages]
    if lacking:
        yield f"**Incomplete: {', '.join(lacking)} not measured.**"
    for name, stage in figures.stages.items():
        if stage.state == RUNNING:
            yield f"**The stage {name} had not ended when this was written.**"
        elif stage.state != DONE:
            yield f"**The stage {name} {stage.state}.**"
        if stage.failures:
            yield f"**Failed in the stage {name}: {', '.join(stage.failures)}.**"


def _conditions(figures: Figures) -> Iterator[str]:
    m, filled = figures.machine, figures.filled
    yield (
        f"{m['processor']}, {m['cores']} cores, {m['memory_gib']} GiB; {m['system']},\n"
        f"Python {m['python']}, MariaDB {m['database']}. segmail and a private MariaDB share the "
        f"cores\n({', '.join(f'`{setting}`' for setting in figures.settings)})."
    )
    sizes = ", ".join(f"{count:,} {name}" for name, count in filled.sizes.items())
    yield (
        f"Scale {filled.scale:g}: {sizes}. Filled and indexed in {filled.seconds:.0f} s, "
        f"{filled.data_mib:,} MiB with indexes."
    )
    yield (
        "The server was started anew on the filled shop, and every index of the large tables read "
        "once, before\nthe first stage: pages are warm as far as they fit its buffer pool. Load is "
        "the average of a minute, of all\nthat the machine does."
    )


def _stages(figures: Figures, stages: list[str]) -> str:
    heads = ("stage", "began", "commit", "minutes", "load before", "load after", "state", "remarks")
    return table(heads, [_stage_row(name, figures.stages.get(name)) for name in stages])


def _stage_row(name: str, stage: Stage | None) -> list[str]:
    if stage is None:
        return [name, "", "", "", "", "", "not measured", ""]
    changed = stage.commit_after not in ("", stage.commit)
    return [
        name,
        stage.began,
        f"{stage.commit} to {stage.commit_after}" if changed else stage.commit,
        f"{stage.seconds / 60:.1f}",
        f"{stage.load_before}",
        "" if stage.load_after is None else f"{stage.load_after}",
        f"{stage.state}, {len(stage.failures)} failed" if stage.failures else stage.state,
        " ".join(stage.remarks),
    ]


def _stage(figures: Figures, name: str) -> Iterator[str]:
    stage = figures.stages.get(name)
    if stage is None:
        yield NOT_MEASURED
    elif name in ("first", "change"):
        yield _TIMES
        yield refreshes(stage)
    elif name == "again":
        yield _AGAIN
        yield again(stage)
    elif name in ("together", "everybody"):
        yield _LOCKS
        yield runs(stage)
    elif name == "loop":
        yield _loop(figures, stage)
    elif name == "explain":
        yield _EXPLAIN
        for segment, found in stage.plans.items():
            yield f"### {segment}\n\n{plan(found)}"
    else:
        yield _INDEXES
        yield indexes(stage.indexes)


def _loop(figures: Figures, stage: Stage) -> str:
    looped = stage.looped
    if looped is None:
        return NOT_MEASURED
    return (
        "The statements that Maho runs for each customer, without PHP's own work, over "
        f"{looped.count:,} customers on\nthe same server's socket: {1e6 * looped.load:.0f} µs to "
        f"load an account (its row and its attributes), {1e6 * looped.enrol:.0f} µs to load\nand "
        "enrol it. Extrapolated to the customers that it would run over; what Maho's own SELECTs "
        "take is not in it:\n\n" + comparison(figures, looped)
    )
