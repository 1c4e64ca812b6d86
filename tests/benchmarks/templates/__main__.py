"""Measures how fast newsletters are rendered; started by `bin/bench-templates`."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.benchmarks.machine import line_of, output_of
from tests.benchmarks.templates.measure import (
    EACH,
    ONCE,
    PLAIN,
    PLAIN_EACH,
    STYLED,
    STYLED_EACH,
    measure,
    ratio,
)
from tests.benchmarks.templates.newsletter import directives, newsletter
from tests.program import ROOT

_RATIOS = [(ONCE, EACH), (PLAIN, ONCE), (PLAIN_EACH, EACH), (ONCE, STYLED), (STYLED, STYLED_EACH)]


def main() -> None:
    options = _options()
    load = os.getloadavg()[0]
    rounds = measure(options.rounds, options.seconds)
    report = "\n".join(_report(rounds, load, options.seconds)) + "\n"
    (options.output / "TEMPLATES.md").write_text(report, "utf-8")
    print(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench-templates", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="by default 15")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each way in a round")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).parents[1],
        metavar="DIR",
        help="where TEMPLATES.md is written; by default tests/benchmarks",
    )
    return parser.parse_args()


def _report(rounds: list[Mapping[str, float]], load: float, seconds: float) -> Iterator[str]:
    source = newsletter()
    yield "# What `bin/bench-templates` measured\n"
    yield from _conditions(load)
    yield (
        f"\nA newsletter of {len(source):,} characters with {directives(source)} directives, "
        "rendered for 100 customers in turn by one\nprocess. "
        f"{len(rounds)} rounds, in each of which every way had {seconds} s of CPU time.\n"
    )
    yield "| way | renders a second (CPU time), median | slowest round | fastest round |"
    yield "| --- | --- | --- | --- |"
    for name in rounds[0]:
        rates = [each[name] for each in rounds]
        figures = (median(rates), min(rates), max(rates))
        yield f"| {name} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |"
    yield "\n| how much faster, in the median round | |\n| --- | --- |"
    for name, to in _RATIOS:
        yield f"| {name}, than {to} | {ratio(rounds, name, to):.2f} times |"


def _conditions(load: float) -> Iterator[str]:
    memory = round(int(line_of("/proc/meminfo", "MemTotal").split()[0]) / 2**20)
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, commit "
        f"{output_of('git', '-C', f'{ROOT}', 'describe', '--always', '--dirty')}. "
        f"{line_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory} GiB;\n"
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, Jinja2 "
        f"{version('jinja2')}, turbohtml {version('turbohtml')}.\n"
        f"The machine was shared: the load average was {load:.2f} before. "
        "Ratios are of one run."
    )


if __name__ == "__main__":
    main()
