"""Measures segmail side by side with Postfix's `smtp-source`; started by `bin/bench`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.machine import this_machine
from tests.benchmarks.measure import Bench, Case
from tests.benchmarks.program import Segmail
from tests.benchmarks.report import Results, as_markdown
from tests.benchmarks.server import Counters, durable_server
from tests.benchmarks.shop import BenchmarkShop
from tests.benchmarks.sink import running_sink

_CASES = (
    Case(1_000, coupon=False, rounds=5, workers=1),
    Case(1_000, coupon=False, rounds=5),
    Case(1_000, coupon=True, rounds=5),
    Case(5_000, coupon=False, rounds=3, workers=1),
    Case(5_000, coupon=False, rounds=3),
    Case(5_000, coupon=True, rounds=3),
    Case(20_000, coupon=True, rounds=3),
)
_CARTS = Case(3_000, coupon=False, rounds=5, workers=1)
_LARGE = Case(100_000, coupon=True, rounds=1)
_DUE = 1_000_000
_FINISHED = (10_000, 10_000_000)
_STARTS = 9


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        bench, results = _set_up(stack)
        _measure(bench, results, large=options.large)
    report = as_markdown(results)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "RESULTS.md").write_text(report, "utf-8")
    figures = json.dumps(asdict(results), indent=1, default=str)
    (options.output / "results.json").write_text(figures + "\n", "utf-8")
    print(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--large", action="store_true", help="also with up to 10,000,000 rows")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).parent,
        metavar="DIR",
        help="where RESULTS.md and results.json are written; by default tests/benchmarks",
    )
    return parser.parse_args()


def _set_up(stack: ExitStack) -> tuple[Bench, Results]:
    _say("Starting MariaDB and smtp-sink, filling a shop with customers")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="segmail-bench-")))
    server = stack.enter_context(durable_server())
    machine = this_machine(server)
    shop = BenchmarkShop(server)
    stack.callback(shop.close)
    counters = Counters(server)
    stack.callback(counters.close)
    sink = stack.enter_context(running_sink())
    bench = Bench(shop, Segmail(shop.url, folder), sink, counters)
    return bench, Results(datetime.now(UTC).date(), machine, message_bytes=0)


def _measure(bench: Bench, results: Results, *, large: bool) -> None:
    message = bench.message()  # also compiles segmail's modules once
    results.message_bytes = message.stat().st_size
    for case in _CASES:
        _say(f"{case.messages:,} mails{' with a coupon each' if case.coupon else ''}")
        results.compared.append((case, list(bench.compare(message, case))))
    _say(f"{_CARTS.messages:,} mails with a cart each")
    results.carts = list(bench.with_and_without_carts(_CARTS))
    _say("Nothing due, and --help")
    results.idle = [bench.send(1000) for _ in range(_STARTS)]
    results.help = [bench.segmail.run("--help", smtp_url="")[1] for _ in range(_STARTS)]
    if large:
        _measure_large(bench, results)


def _measure_large(bench: Bench, results: Results) -> None:
    """Send many rows, some of very many, and some beside very many that have come to their end."""
    _say(f"{_LARGE.messages:,} mails")
    results.long_runs.append((f"{_LARGE.messages:,} due, coupon each", bench.send_due(_LARGE)))
    _say(f"{_DUE:,} due rows")
    bench.schedule(_DUE, coupon=True)
    results.long_runs.append((f"1,000 of {_DUE:,} due, coupon each", bench.send(1000)))
    for finished in _FINISHED:
        _say(f"{finished:,} finished rows")
        bench.schedule(1000, coupon=True)
        bench.shop.add_rows(finished, coupon=True, status="sent")
        bench.forget_walks()
        sent = bench.send(1000)
        results.long_runs.append((f"1,000 due beside {finished:,} finished, coupon each", sent))
        bench.forget_walks()
        results.beside += [
            (finished, "the first run", bench.send(1000)),
            (finished, "the next run", bench.send(1000)),
        ]
    _say("The better index")
    bench.segmail.run("schema", "tune", "--yes", smtp_url="")
    bench.forget_walks()
    results.beside.append((_FINISHED[-1], "with `schema tune`", bench.send(1000)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
