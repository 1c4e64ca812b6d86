"""Measures the commands that look back; started by `bin/bench-history`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from tests.benchmarks.history.shop import NOW, LongHistory
from tests.benchmarks.machine import Machine, this_machine
from tests.benchmarks.program import Segmail
from tests.benchmarks.segments.server import install, serving

_LEAST = 1.5  # seconds: what each command should stay below
_COMMANDS = (
    "history",
    "history --customer 4711",
    "history --segment 1",
    "history --step Segment~1:enter:1",
    "history --since 2026-03-10",
    "history --status sent",
    "history --status skipped",
    "history --status scheduled",
    "history --status deferred",
    "history --status failed",
    "history --status failed --since 2026-03-10",
    "history --status interrupted",
    "why 4711 --step Segment~1:enter:1",
    "retry --reason 550 --since 2026-03-10 --dry-run",
    "retry --reason 550 --dry-run",
    "report --log",
    "report",
    "report --since 2026-02-01 --until 2026-02-02",
    "report --days 30",
    "segment list",
    "segment show 1",
    "sequence list",
    "status",
    "doctor",
    "cleanup-progress --dry-run",
    "refresh-segments --dry-run",
    "process-emails --dry-run --limit 1",
)
_STATES = {
    "stale": "the statistics are of a hundredth of the rows",
    "fresh": "after ANALYZE TABLE",
    "tuned": "after `schema tune` as well",
}


@dataclass
class Measured:
    """Seconds by state and command, the better of two runs."""

    machine: Machine
    rows: int
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped, too
    options = _options()
    with (
        _data(options.data) as data,
        serving(data, "--innodb-buffer-pool-size=2G", keep=options.data is not None) as server,
        tempfile.TemporaryDirectory(prefix="segmail-bench-") as folder,
    ):
        shop = _filled(server, options.rows)
        measured = Measured(this_machine(server), options.rows)
        program = Segmail(shop.url, Path(folder))
        for state in options.states:
            _prepare(state, shop, program)
            measured.seconds[state] = {
                command: _seconds(program, command)
                for command in _COMMANDS
                if options.only in command
            }
        shop.close()
    report = _as_markdown(measured)
    if options.output:
        options.output.write_text(report, "utf-8")
    print(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench-history", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="finished rows; 10 million")
    parser.add_argument("--data", type=Path, help="keep the filled database there, and use it")
    parser.add_argument("--states", nargs="+", choices=_STATES, default=list(_STATES))
    parser.add_argument("--only", default="", help="only commands with these words")
    parser.add_argument("--output", type=Path, help="write the table into this file, too")
    return parser.parse_args()


@contextmanager
def _data(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="segmail-history-") as folder:
            install(Path(folder, "data"))
            yield Path(folder, "data")
        return
    if not kept.exists():
        install(kept)
    yield kept


def _filled(server: URL, rows: int) -> LongHistory:
    began = time.monotonic()
    shop = LongHistory(server, rows, _say)
    if not shop.is_filled:
        shop.fill()
        _say(f"Filled in {time.monotonic() - began:.0f} s")
    return shop


def _prepare(state: str, shop: LongHistory, program: Segmail) -> None:
    _say(f"{state}: {_STATES[state]}")
    if state != "stale":
        shop.analyze()
    if state == "tuned":
        program.run("schema", "tune", "--yes", smtp_url="file:///tmp")
        shop.analyze()


def _seconds(program: Segmail, command: str) -> float:
    words = [word.replace("~", " ") for word in command.split()]
    when = ["--now", f"{NOW:%Y-%m-%d %H:%M}"]
    url = f"file://{program.folder}/mails"
    runs = [
        program.run(*when, *words, smtp_url=url, accept_failure=True)[1].seconds for _ in range(2)
    ]
    _say(f"  {min(runs):6.2f} s  {command}")
    return min(runs)


def _as_markdown(measured: Measured) -> str:
    machine = measured.machine
    states = list(measured.seconds)
    lines = [
        "# What `bin/bench-history` measured",
        "",
        f"Seconds of the whole program beside {measured.rows:,} progress rows; {machine.database} "
        f"with a buffer pool of 2 GiB, Python {machine.python}, {machine.cores} cores of "
        f"{machine.processor}, commit {machine.commit}, load {machine.load_before}.",
        "",
        *(f"- **{state}**: {_STATES[state]}" for state in states),
        "",
        f"| command | {' | '.join(states)} |",
        f"|---|{'---:|' * len(states)}",
    ]
    for command in next(iter(measured.seconds.values())):
        cells = [measured.seconds[state][command] for state in states]
        shown = [f"{s:.2f}" if s < _LEAST else f"**{s:.2f}**" for s in cells]
        lines.append(f"| `{command.replace('~', ' ')}` | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
