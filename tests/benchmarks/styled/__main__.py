"""Measures what a styled mail costs: beside peers, over a slow link, in instructions."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.machine import this_machine
from tests.benchmarks.program import Segmail
from tests.benchmarks.server import durable_server
from tests.benchmarks.shop import BenchmarkShop
from tests.benchmarks.sink import running_sink
from tests.benchmarks.styled.measure import MAILS, Copies, copies_of
from tests.benchmarks.styled.peers import Peers, python_with
from tests.benchmarks.styled.report import StyledResults, as_markdown, charted

_DJANGO = ["django-post_office", "PyMySQL"]
_CHART = Path(__file__).parent / "chart.py"


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="segmail-bench-")))
        server = stack.enter_context(durable_server())
        machine = this_machine(server)
        shop = BenchmarkShop(server)
        stack.callback(shop.close)
        sink = stack.enter_context(running_sink())
        copies = Copies(shop, sink, copies_of(Segmail(shop.url, folder), options.before))
        message = copies.message()
        results = StyledResults(datetime.now(UTC).date(), machine, message.stat().st_size)
        if options.peers:
            peers = Peers(server, sink, folder, python_with(_DJANGO, folder / "django"))
            peers.write_template(message.read_bytes())
            _measure_peers(copies, peers, results, options.rounds, message)
        if options.link:
            results.link = list(copies.on_link(message))
        if options.instructions:
            results.instructions = list(copies.instructions())
        report = as_markdown(results)
        print(report)
        if options.output:
            (options.output / "STYLED.md").write_text(report, "utf-8")
            if results.sent or results.link:
                _draw(results, folder, options.output / "STYLED.svg")


def _measure_peers(
    copies: Copies, peers: Peers, results: StyledResults, rounds: int, message: Path
) -> None:
    for _ in range(rounds):
        results.sent += [(f"segmail {name}", used) for name, used in copies.sent(1)]
        results.sent += peers.runs(MAILS, lambda: copies.shop.schedule_styled(MAILS))
    for name, keep in (("smtp-source -d", True), ("smtp-source", False)):
        rate = copies.sink.push(message, count=MAILS, connections=4, keep=keep)
        results.pushed.append((name, rate))


def _draw(results: StyledResults, folder: Path, file: Path) -> None:
    """Draw the chart, with a matplotlib that is installed for it alone."""
    python = python_with(["matplotlib"], folder / "matplotlib")
    if not python:
        sys.exit(f"{file} is not drawn: matplotlib could not be installed")
    groups = json.dumps(charted(results))
    subprocess.run([python, _CHART, file], input=groups, text=True, check=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="beside other ways to send it")
    parser.add_argument("--link", action="store_true", help="over a link of 20 ms")
    parser.add_argument("--instructions", action="store_true", help="needs valgrind")
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="measure the copy of the program there, too"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where STYLED.md and STYLED.svg are written"
    )
    options = parser.parse_args()
    if options.instructions and not shutil.which("valgrind"):
        sys.exit("--instructions needs valgrind: apt-get install valgrind")
    return options


if __name__ == "__main__":
    main()
