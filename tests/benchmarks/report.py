"""The results as tables for people; medians of the rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median

from tests.benchmarks.machine import Machine
from tests.benchmarks.measure import CONNECTIONS, Case, Round, Sent
from tests.benchmarks.program import Used
from tests.benchmarks.shop import DIRECTIVES, SHOP_LINKS


@dataclass
class Results:
    """Everything that was measured, each run of it."""

    day: date
    machine: Machine
    message_bytes: int
    compared: list[tuple[Case, list[Round]]] = field(default_factory=list)
    carts: list[tuple[Sent, Sent]] = field(default_factory=list)  # mails without and with a cart
    long_runs: list[tuple[str, Sent]] = field(default_factory=list)
    idle: list[Sent] = field(default_factory=list)
    beside: list[tuple[int, str, Sent]] = field(default_factory=list)  # finished rows, which run
    help: list[Used] = field(default_factory=list)


def as_markdown(results: Results) -> str:
    """Return the report."""
    parts = [
        "# What `bin/bench` measured",
        *_conditions(results),
        "## E-mails per second, against `smtp-source`",
        _rates(results),
        _REMARKS,
        "## What a run used",
        _usage(results),
        _statements(results),
        "## What a cart costs",
        _carts(results),
        "## Nothing due, and starting",
        _idle(results),
    ]
    if results.beside:
        parts += ["## Nothing due, beside finished rows", _beside(results), _WALKS]
    return "\n\n".join(parts) + "\n"


_WALKS = """\
Maho's index makes the first look of a run walk over every finished row; a host whose walk took
long remembers for a quarter of an hour where it may begin. `schema tune` makes another index."""

_REMARKS = """\
Medians of the rounds. `segmail` is the whole program with its start, in brackets the best round;
`sending` leaves the start out. `kept`: each connection serves many messages (`smtp-source -d`), as
segmail's do; `new`: a connection for each message. Ratios are `segmail` to `smtp-source` in the
same round: their median, lowest and highest. By itself segmail takes a process for each 500 due
rows, three at most, and at most one more than there are cores. The peak of memory is that of all
processes together."""


def _conditions(results: Results) -> Iterable[str]:
    m = results.machine
    yield (
        f"{results.day}, commit {m.commit}. {m.processor}, {m.cores} cores, {m.memory_gib} GiB; "
        f"{m.system},\nPython {m.python}, MariaDB {m.database}, Postfix {m.postfix}. The machine "
        f"was shared:\nits load average was {m.load_before} before the first measurement."
    )
    yield (
        "segmail, a private MariaDB (data on disk, flushed at each commit, no binary log) and "
        "`smtp-sink`\nshare these cores. A message has "
        f"{results.message_bytes:,} bytes, from an HTML template without styles and with\n"
        f"{DIRECTIVES} directives, {SHOP_LINKS} of them links into the shop; {CONNECTIONS} "
        "connections. `smtp-source` pushes the same bytes\ninto the same sink, as often and over "
        "as many connections, right before or after."
    )


def _rates(results: Results) -> str:
    heads = ("mails", "coupon", "processes", "rounds", "segmail /s", "sending /s",
             "smtp-source kept /s", "ratio", "smtp-source new /s", "ratio")  # fmt: skip
    return table(heads, [_rate_row(case, rounds) for case, rounds in results.compared])


def _rate_row(case: Case, rounds: Sequence[Round]) -> Sequence[str]:
    def middle(value: Callable[[Round], float]) -> str:
        return f"{median(map(value, rounds)):,.0f}"

    def ratio(source: Callable[[Round], float]) -> str:
        found = [round.segmail.rate / source(round) for round in rounds]
        return f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})"

    return (
        f"{case.messages:,}",
        _yes(case.coupon),
        str(case.workers or "by itself"),
        str(case.rounds),
        f"{middle(lambda round: round.segmail.rate)} ({max(r.segmail.rate for r in rounds):,.0f})",
        middle(lambda round: round.segmail.messages / round.segmail.sending_seconds),
        middle(lambda round: round.source_kept),
        ratio(lambda round: round.source_kept),
        middle(lambda round: round.source_new),
        ratio(lambda round: round.source_new),
    )


def _usage(results: Results) -> str:
    heads = ("run", "wall s", "SQL statements a mail", "CPU ms a mail", "MariaDB CPU ms a mail",
             "peak MiB")  # fmt: skip
    runs = [
        (
            f"{case.messages:,} due{', coupon each' if case.coupon else ''}"
            f"{', 1 process' if case.workers == 1 else ''}",
            [round.segmail for round in rounds],
        )
        for case, rounds in results.compared
    ]
    runs += [(name, [sent]) for name, sent in results.long_runs]
    return table(heads, [_usage_row(name, sents) for name, sents in runs])


def _usage_row(name: str, sents: Sequence[Sent]) -> Sequence[str]:
    def middle(value: Callable[[Sent], float]) -> float:
        return median(map(value, sents))

    return (
        name,
        f"{middle(lambda s: s.used.seconds):.2f}",
        f"{middle(lambda s: s.server.statements['Questions'] / s.messages):.2f}",
        f"{middle(lambda s: 1000 * s.used.cpu / s.messages):.2f}",
        f"{middle(lambda s: 1000 * s.server.cpu / s.messages):.2f}",
        f"{max(s.used.peak_mib for s in sents):.0f}",
    )


def _carts(results: Results) -> str:
    """Return what mails with a cart used, beside the same mails without one."""
    if not results.carts:
        return "Not measured."

    def of(with_cart: int, value: Callable[[Sent], float]) -> float:
        return median(value(round[with_cart]) for round in results.carts)

    rows = []
    for name, with_cart in (("no cart", 0), ("cart with 5 items", 1)):
        cpu = of(with_cart, lambda s: 1000 * s.used.cpu / s.messages)
        statements = of(with_cart, lambda s: s.server.statements["Questions"] / s.messages)
        server = of(with_cart, lambda s: 1000 * s.server.cpu / s.messages)
        ratios = [one[with_cart].used.cpu / one[0].used.cpu for one in results.carts]
        rows.append(
            (
                name,
                f"{results.carts[0][0].messages:,}",
                f"{cpu:.2f}",
                f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                f"{statements:.2f}",
                f"{server:.2f}",
            )
        )
    heads = ("mail", "mails", "CPU ms a mail", "ratio", "SQL statements a mail",
             "MariaDB CPU ms a mail")  # fmt: skip
    told = (
        "One process, whole runs with their start. The carts hold five of 500 products, with "
        "pictures and links. Ratios are of one\nround: their median, lowest and highest."
    )
    return f"{table(heads, rows)}\n\n{told}"


def _statements(results: Results) -> str:
    """Return the server's own counters of one run: the last with 1,000 mails and coupons."""
    runs = [r[-1].segmail for case, r in results.compared if case.messages == 1000 and case.coupon]
    if not runs:
        return ""
    counters = runs[0].server.statements
    told = ", ".join(f"{name} {count}" for name, count in counters.items() if count)
    return f"The server's counters for one run of 1,000 with a coupon each: {told}."


def _idle(results: Results) -> str:
    idle = [sent.used for sent in results.idle]
    statements = median(sent.server.statements["Questions"] for sent in results.idle)
    rows = [
        _start_row("`process-emails`, nothing due", idle, f"{statements:.0f}"),
        _start_row("`segmail --help`", results.help, "0"),
    ]
    return table(("run", "runs", "wall s", "CPU s", "SQL statements", "peak MiB"), rows)


def _beside(results: Results) -> str:
    rows = [
        (
            f"{finished:,}",
            which,
            f"{sent.used.seconds:.2f}",
            f"{sent.used.cpu:.2f}",
            f"{1000 * sent.server.cpu:.0f}",
        )
        for finished, which, sent in results.beside
    ]
    return table(("finished rows", "run", "wall s", "CPU s", "MariaDB CPU ms"), rows)


def _start_row(name: str, runs: Sequence[Used], statements: str) -> Sequence[str]:
    return (
        name,
        str(len(runs)),
        f"{median(used.seconds for used in runs):.2f}",
        f"{median(used.cpu for used in runs):.2f}",
        statements,
        f"{max(used.peak_mib for used in runs):.0f}",
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _yes(value: bool) -> str:
    return "each" if value else "none"
