"""The results of the styled newsletter as tables for people; medians of the rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from statistics import median

from tests.benchmarks.machine import Machine
from tests.benchmarks.program import Used
from tests.benchmarks.report import table
from tests.benchmarks.styled import newsletter
from tests.benchmarks.styled.measure import FEW, MAILS, MANY, ROUND_TRIP


@dataclass
class StyledResults:
    """Everything that was measured, each run of it."""

    day: date
    machine: Machine
    message_bytes: int
    sent: list[tuple[str, Used]] = field(default_factory=list)
    pushed: list[tuple[str, float]] = field(default_factory=list)
    link: list[tuple[str, int, float]] = field(default_factory=list)
    instructions: list[tuple[str, float]] = field(default_factory=list)


def as_markdown(results: StyledResults) -> str:
    """Return the report, with the parts that were measured."""
    m = results.machine
    parts = [
        "# What a styled mail costs, measured by `bin/bench --peers --link --instructions`",
        f"{results.day}, commit {m.commit}. {m.processor}, {m.cores} cores, {m.memory_gib} GiB; "
        f"{m.system},\nPython {m.python}, MariaDB {m.database}, Postfix {m.postfix}; load average "
        f"{m.load_before} before the first measurement.",
        f"A template of {len(newsletter.TEXT):,} characters on one line and a style sheet of "
        f"{len(newsletter.CSS)}, inlined:\nmessages of {results.message_bytes:,} bytes with a text "
        "part, one in three with a coupon. One process, 4 connections,\nthe machine shared with "
        "MariaDB (flushed at each commit) and `smtp-sink`.",
    ]
    if results.sent:
        parts += [f"## {MAILS:,} mails, the whole program with its start", _sent(results)]
    if results.link:
        parts += [_on_link(), _link(results)]
    if results.instructions:
        rows = [(name, f"{count / 1e6:.2f} million") for name, count in results.instructions]
        parts += [
            f"## Instructions a mail (callgrind, {MANY} mails less {FEW})",
            table(("program", "instructions"), rows),
            "With `recheck_seconds = 600`: below callgrind a run is forty times slower.",
        ]
    return "\n\n".join(parts) + "\n"


def charted(results: StyledResults) -> dict[str, dict[str, float]]:
    """Return what the chart shows: mails a second by program, under the name of each group."""
    here: dict[str, list[float]] = {}
    for name, used in results.sent:
        here.setdefault(name, []).append(MAILS / used.seconds)
    groups = {"On one machine, 4 connections": {name: median(here[name]) for name in here}}
    for name, connections, rate in results.link:
        over = f"Over a link of {1000 * ROUND_TRIP:.0f} ms, {connections} connections"
        called = name if name.startswith("smtp") else f"segmail {name}"
        groups.setdefault(over, {})[called] = rate
    return {group: rates for group, rates in groups.items() if rates}


def _sent(results: StyledResults) -> str:
    heads = ("program", "rounds", "mails /s", "CPU ms a mail", "to the first", "peak MiB")
    runs: dict[str, list[Used]] = {}
    for name, used in results.sent:
        runs.setdefault(name, []).append(used)
    first = median(used.cpu for used in next(iter(runs.values())))
    rows = [
        (
            name,
            f"{len(uses)}",
            f"{MAILS / median(used.seconds for used in uses):,.0f}",
            f"{1000 * median(used.cpu for used in uses) / MAILS:.2f}",
            f"{median(used.cpu for used in uses) / first:.2f}",
            f"{max(used.peak_mib for used in uses):.0f}",
        )
        for name, uses in runs.items()
    ]
    rows += [(name, "1", f"{rate:,.0f}", "", "", "") for name, rate in results.pushed]
    return table(heads, rows)


def _on_link() -> str:
    return f"## {MAILS:,} mails over a link of {1000 * ROUND_TRIP:.0f} ms"


def _link(results: StyledResults) -> str:
    rows = [(name, f"{connections}", f"{rate:.0f}") for name, connections, rate in results.link]
    return table(("program", "connections", "mails /s"), rows)
