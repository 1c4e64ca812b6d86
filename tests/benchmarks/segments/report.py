"""The results as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from tests.benchmarks.machine import Machine
from tests.benchmarks.segments.explain import Indexed, Plan
from tests.benchmarks.segments.loop import CUSTOMERS, Looped
from tests.benchmarks.segments.measure import Refreshed
from tests.benchmarks.segments.server import SETTINGS


@dataclass
class Results:
    """Everything that was measured."""

    day: date
    machine: Machine
    customers: int
    sizes: dict[str, int]
    filled: float  # seconds
    first: dict[str, Refreshed] = field(default_factory=dict)
    second: dict[str, Refreshed] = field(default_factory=dict)
    together: Refreshed | None = None
    everybody: Refreshed | None = None
    everybody_again: Refreshed | None = None
    crowd: Refreshed | None = None
    looped: Looped | None = None
    plans: dict[str, tuple[str, Plan]] = field(default_factory=dict)
    indexes: list[Indexed] = field(default_factory=list)


def as_markdown(results: Results) -> str:
    """Return the report of what has been measured."""
    return "\n\n".join(part for part in _parts(results) if part) + "\n"


def _parts(results: Results) -> Iterator[str]:
    yield "# What `bin/bench-segments` measured"
    yield from _conditions(results)
    yield "## First fill, without enrolling (`--no-enrol`)"
    yield _refreshes(results.first)
    yield "## Again after one row in a hundred changed, enrolling who enters"
    yield _refreshes(results.second)
    yield "## All at once, and everybody into a sequence"
    yield _runs(results)
    yield _loop(results)
    if results.indexes:
        yield "## Indexes that a shop does not have"
        yield _INDEXES
        yield _indexes(results.indexes)
    if results.plans:
        yield "## EXPLAIN of each segment's SELECT"
        yield from _plans(results.plans)


_INDEXES = """\
Seconds of the SELECT alone, on the segments' own data, with warm pages. Tried one at a time and
dropped again; `made` is what creating the index took. Every index also makes each write slower."""

_LOCKS = """\
Row locks are the most that `information_schema.innodb_trx` showed of one transaction. Shoppers
change a cart, an order and an account, one after the other, 20 times a second; their longest waits
are told. The conditions are read at READ COMMITTED and lock nothing: what is locked is the
segment's row, the member and progress rows that are written, and, by their foreign keys, the
accounts of those who enter, until the commit."""


def _conditions(results: Results) -> Iterator[str]:
    m = results.machine
    yield (
        f"{results.day}, commit {m.commit}. {m.processor}, {m.cores} cores, {m.memory_gib} GiB; "
        f"{m.system},\nPython {m.python}, MariaDB {m.database}. The machine was shared: its load "
        f"average was {m.load_before}\nbefore the first measurement. segmail and a private MariaDB "
        f"({', '.join(f'`{setting}`' for setting in SETTINGS)}) share its cores."
    )
    sizes = ", ".join(f"{count:,} {table}" for table, count in results.sizes.items())
    yield f"Rows: {sizes}. Filled and indexed in {results.filled:.0f} s."


def _refreshes(runs: dict[str, Refreshed]) -> str:
    heads = ("segment", "s", "members", "entered", "left", "enrolled", "stopped", "wall s",
             "statements", "peak MiB")  # fmt: skip
    rows = [_refresh_row(name, run) for name, run in runs.items()]
    total = sum(run.segments[0]["seconds"] for run in runs.values())
    return _table(heads, [*rows, ("**together**", f"{total:.2f}", *[""] * (len(heads) - 2))])


def _refresh_row(name: str, run: Refreshed) -> Sequence[str]:
    [told] = run.segments
    numbers = ("members", "entered", "left", "enrolled", "stopped")
    return (
        name,
        f"{told['seconds']:.2f}",
        *(f"{told[number]:,}" for number in numbers),
        f"{run.wall:.2f}",
        f"{run.statements}",
        f"{run.peak_mib:.0f}",
    )


def _runs(results: Results) -> str:
    named = {
        "all segments, nothing new, beside shoppers": results.together,
        f"first fill that enrols {results.customers:,}": results.everybody,
        "the same segment again, nothing new": results.everybody_again,
        "first fill that enrols as many, beside shoppers": results.crowd,
    }
    heads = ("run", "wall s", "enrolled", "statements", "MariaDB CPU s", "peak MiB",
             "row locks", "cart waits s", "order waits s", "account waits s")  # fmt: skip
    rows = [_run_row(name, run) for name, run in named.items() if run is not None]
    return f"{_table(heads, rows)}\n\n{_LOCKS}" if rows else ""


def _run_row(name: str, run: Refreshed) -> Sequence[str]:
    watched = not run.statements
    locks = run.locks
    return (
        name,
        f"{run.wall:.2f}",
        f"{sum(told['enrolled'] for told in run.segments):,}",
        "" if watched else f"{run.statements}",
        f"{run.server.cpu:.2f}",
        f"{run.peak_mib:.0f}",
        f"{locks.rows:,}" if watched else "",
        *(
            f"{wait:.2f}" if watched else ""
            for wait in (locks.cart_wait, locks.order_wait, locks.account_wait)
        ),
    )


def _loop(results: Results) -> str:
    looped, everybody = results.looped, results.everybody
    if looped is None or everybody is None:
        return ""
    load, enrol = looped.load * results.customers, looped.enrol * results.customers
    refill = sum(told.segments[0]["seconds"] for told in results.first.values())
    members = sum(told.segments[0]["members"] for told in results.first.values())
    loading = looped.load * members
    return (
        "## Against a loop over customers\n\n"
        "The statements that Maho runs for each customer, without PHP's own work, over "
        f"{min(CUSTOMERS, results.customers):,} customers\non the same server: "
        f"{1e6 * looped.load:.0f} µs to load an account (its row and its attributes), "
        f"{1e6 * looped.enrol:.0f} µs to load and enrol it.\nExtrapolated:\n\n"
        + _table(
            ("", "segmail s", "loop s", "ratio"),
            [
                ("enrol everybody", f"{everybody.wall:.1f}", f"{enrol:.0f}",
                 f"{enrol / everybody.wall:.0f}"),
                ("load everybody once, as one segment of all", f"{everybody.wall:.1f}",
                 f"{load:.0f}", f"{load / everybody.wall:.0f}"),
                (f"first fill of all segments ({members:,} members)", f"{refill:.1f}",
                 f"{loading:.0f}", f"{loading / refill:.0f}"),
            ],
        )
    )  # fmt: skip


def _indexes(tried: Iterable[Indexed]) -> str:
    heads = ("index", "segment", "without s", "with s", "made s")
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
    return _table(heads, rows)


def _plans(plans: dict[str, tuple[str, Plan]]) -> Iterator[str]:
    heads = ("id", "select_type", "table", "type", "possible_keys", "key", "key_len", "ref",
             "rows", "Extra")  # fmt: skip
    for name, (sql, rows) in plans.items():
        shown = sql if len(sql) <= 3000 else f"{sql[:3000]} …"
        yield f"### {name}\n\n```sql\n{shown}\n```\n\n{_table(heads, rows)}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
