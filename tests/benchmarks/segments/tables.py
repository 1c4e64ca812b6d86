"""What the stages measured, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.benchmarks.segments.figures import Figures, Indexed, Looped, Plan, Run, Stage
from tests.benchmarks.segments.markdown import table
from tests.benchmarks.segments.stages import ENROL

_REFRESH_HEADS = ("segment", "s", "members", "entered", "left", "enrolled", "stopped", "wall s",
                  "statements", "peak MiB", "MariaDB CPU s")  # fmt: skip
_RUN_HEADS = ("run", "wall s", "entered", "left", "enrolled", "statements", "MariaDB CPU s",
              "peak MiB", "row locks", "cart waits s", "order waits s",
              "account waits s")  # fmt: skip
_PLAN_HEADS = ("id", "select_type", "table", "type", "possible_keys", "key", "key_len", "ref",
               "rows", "Extra")  # fmt: skip


def refreshes(stage: Stage) -> str:
    """Return a row for each segment that was refreshed by itself, and for each that failed."""
    rows = [_refresh_row(name, run) for name, run in stage.runs.items() if not _reason(run)]
    done = [run.segments[0] for run in stage.runs.values() if not _reason(run)]
    total = f"{sum(told['seconds'] for told in done):.2f}"
    empty = [""] * (len(_REFRESH_HEADS) - 2)
    failed = [(name, f"**{why}**", *empty) for name, why in stage.failures.items()]
    return table(_REFRESH_HEADS, [*rows, *failed, (f"**{len(done)} together**", total, *empty)])


def runs(stage: Stage) -> str:
    """Return a row for each run."""
    rows = [_run_row(name, run) for name, run in stage.runs.items()]
    empty = [""] * (len(_RUN_HEADS) - 2)
    failed = [(name, f"**{why}**", *empty) for name, why in stage.failures.items()]
    return table(_RUN_HEADS, [*rows, *failed])


def again(stage: Stage) -> str:
    """Return a row for each run, with what it took less than the one that asked everybody."""
    heads = ("run", "asked whole", "rows", "× less", "MariaDB CPU s", "× less", "segmail CPU s",
             "wall s", "peak MiB")  # fmt: skip
    first = next(iter(stage.runs.values()), None)
    return table(heads, [_again_row(name, run, first) for name, run in stage.runs.items() if first])


def _again_row(name: str, run: Run, first: Run) -> Sequence[str]:
    whole = sum(told["asked"] is None for told in run.segments)
    rows, most = run.rows or 0, first.rows or 0
    return (
        name,
        f"{whole} of {len(run.segments)}",
        f"{rows:,}",
        f"{most / max(rows, 1):.1f}",
        f"{run.server_cpu:.2f}",
        f"{first.server_cpu / max(run.server_cpu, 0.01):.1f}",
        f"{run.cpu or 0:.2f}",
        f"{run.wall:.2f}",
        f"{run.peak_mib:.0f}",
    )


def comparison(figures: Figures, looped: Looped) -> str:
    """Return what the loop would take for the whole shop, and segmail beside it."""
    return table(("", "segmail s", "loop s", "ratio"), _comparison_rows(figures, looped))


def indexes(tried: Iterable[Indexed]) -> str:
    rows = [
        (
            f"`{one.table} ({one.columns})`",
            one.segment,
            f"{one.before:.2f}",
            f"{one.after:.2f}",
            f"{one.made:.1f}",
        )
        for one in tried
    ]
    return table(("index", "segment", "without s", "with s", "made s"), rows)


def plan(found: Plan) -> str:
    return f"```sql\n{found.sql}\n```\n\n{table(_PLAN_HEADS, found.rows)}"


def _reason(run: Run) -> str | None:
    reason: str | None = run.segments[0]["reason"]
    return reason


def _refresh_row(name: str, run: Run) -> Sequence[str]:
    [told] = run.segments
    numbers = ("members", "entered", "left", "enrolled", "stopped")
    return (
        name,
        f"{told['seconds']:.2f}",
        *(f"{told[number]:,}" for number in numbers),
        f"{run.wall:.2f}",
        f"{run.statements}",
        f"{run.peak_mib:.0f}",
        f"{run.server_cpu:.2f}",
    )


def _run_row(name: str, run: Run) -> Sequence[str]:
    locks = run.locks
    waits = (locks.cart_wait, locks.order_wait, locks.account_wait) if locks else ()
    return (
        name,
        f"{run.wall:.2f}",
        *(
            f"{sum(told[number] for told in run.segments):,}"
            for number in ("entered", "left", "enrolled")
        ),
        "" if run.statements is None else f"{run.statements}",
        f"{run.server_cpu:.2f}",
        f"{run.peak_mib:.0f}",
        f"{locks.rows:,}" if locks else "",
        *([f"{wait:.2f}" for wait in waits] or [""] * 3),
    )


def _comparison_rows(figures: Figures, looped: Looped) -> Iterator[Sequence[str]]:
    stages, customers = figures.stages, figures.filled.customers
    if "everybody" in stages and ENROL in stages["everybody"].runs:
        wall = stages["everybody"].runs[ENROL].wall
        yield _ratio("enrol everybody", wall, looped.enrol * customers)
        yield _ratio("load everybody once, as one segment of all", wall, looped.load * customers)
    if first := figures.seconds("first"):
        runs = stages["first"].runs.values()
        members = sum(run.segments[0]["members"] for run in runs)
        name = f"first fill of {len(first)} segments ({members:,} members)"
        yield _ratio(name, sum(first.values()), looped.load * members)


def _ratio(name: str, segmail: float, loop: float) -> Sequence[str]:
    return name, f"{segmail:.1f}", f"{loop:.0f}", f"{loop / segmail:.1f}"
