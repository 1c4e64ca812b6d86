"""Measures `refresh-segments` in a large shop; started by `bin/bench-segments`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.machine import this_machine
from tests.benchmarks.program import Segmail
from tests.benchmarks.segments.explain import plan, try_indexes
from tests.benchmarks.segments.loop import loop
from tests.benchmarks.segments.measure import FIRST, LATER, Bench
from tests.benchmarks.segments.report import Results, as_markdown
from tests.benchmarks.segments.server import large_server
from tests.benchmarks.segments.shop import LargeShop
from tests.benchmarks.segments.trees import EVERYBODY, TREES
from tests.benchmarks.server import Counters

_EVERYBODY = "Everybody"
_NO_LIMIT = ("--enrol-limit", "100000000")


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        bench, results = _set_up(stack, options.scale)
        segments = {name: bench.shop.segment(name, tree) for name, tree in TREES.items()}
        try:
            _measure(bench, results, segments)
            if not options.no_indexes:
                _explain(bench, results, segments)
        finally:
            report = as_markdown(results)
            options.output.mkdir(parents=True, exist_ok=True)
            (options.output / "SEGMENTS.md").write_text(report, "utf-8")
    print(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench-segments", description=__doc__)
    parser.add_argument(
        "--full", dest="scale", action="store_const", const=1.0, help="a million customers"
    )
    parser.add_argument(
        "--scale", type=float, metavar="X", default=0.1, help="part of a million; by default 0.1"
    )
    parser.add_argument("--no-indexes", action="store_true", help="do not try indexes")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(__file__).parents[1],
        metavar="DIR",
        help="where SEGMENTS.md is written; by default tests/benchmarks",
    )
    return parser.parse_args()


def _set_up(stack: ExitStack, scale: float) -> tuple[Bench, Results]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="segmail-bench-")))
    server = stack.enter_context(large_server())
    machine = this_machine(server)
    shop = LargeShop(server, scale)
    stack.callback(shop.close)
    _say(f"Filling a shop with {shop.customers:,} customers")
    began = time.monotonic()
    shop.fill()
    filled = time.monotonic() - began
    _say(f"  {filled:.0f} s")
    counters = Counters(server)
    stack.callback(counters.close)
    sizes = {
        table: shop.count(table)
        for table in ("customer_entity", "sales_flat_order", "sales_flat_order_item",
                      "sales_flat_quote", "sales_flat_quote_item", "report_viewed_product_index",
                      "wishlist_item", "log_customer")
    }  # fmt: skip
    results = Results(datetime.now(UTC).date(), machine, shop.customers, sizes, filled)
    return Bench(shop, Segmail(shop.url, folder), counters), results


def _measure(bench: Bench, results: Results, segments: dict[str, int]) -> None:
    warm_up = ("--segment", "1", "--dry-run", "--no-enrol")  # compiles segmail's modules, too
    bench.refresh(*warm_up, now=FIRST)
    for name, segment in segments.items():
        results.first[name] = bench.refresh("--segment", f"{segment}", "--no-enrol", now=FIRST)
        _say(f"  {results.first[name].wall:6.2f} s  {name}")
    _say("The same again, after a change of one row in a hundred")
    bench.shop.change()
    for name, segment in segments.items():
        given = ("--segment", f"{segment}", *_NO_LIMIT)
        results.second[name] = bench.refresh(*given, now=LATER)
        _say(f"  {results.second[name].wall:6.2f} s  {name}")
    _say("All in one run, beside shoppers")
    results.together = bench.watch(*_NO_LIMIT, now=LATER)
    _say("Everybody into a sequence")
    bench.shop.subscribe_everybody()
    everybody = bench.shop.segment(_EVERYBODY, EVERYBODY)
    results.everybody = bench.refresh("--segment", f"{everybody}", *_NO_LIMIT, now=LATER)
    results.everybody_again = bench.refresh("--segment", f"{everybody}", now=LATER)
    _say("Everybody once more, beside shoppers; and customer by customer")
    crowd = bench.shop.segment(f"{_EVERYBODY} 2", EVERYBODY)
    results.crowd = bench.watch("--segment", f"{crowd}", *_NO_LIMIT, now=LATER)
    results.looped = loop(bench.shop.url, everybody, everybody, bench.shop.customers)


def _explain(bench: Bench, results: Results, segments: dict[str, int]) -> None:
    _say("EXPLAIN, and indexes that might help")
    for name, segment in segments.items():
        results.plans[name] = plan(bench.shop, segment)
    results.indexes.extend(try_indexes(bench.shop, segments))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
