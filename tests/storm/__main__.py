"""Kills hundreds of runs at every point of their work and checks what is left (`bin/storm`)."""

from __future__ import annotations

import argparse
import random
import secrets
import signal
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url

from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.bare_database import run
from tests.mariadb import private_server
from tests.shop_builder import ShopBuilder
from tests.storm.course import Course, pass_over
from tests.storm.points import draw
from tests.storm.report import Results, as_markdown
from tests.storm.storm import storm_over

_RESULTS = Path(__file__).parent / "RESULTS.md"
_WHOLE = 300  # kills
_SEED_HELP = "the same points in the same order as before; by default others each time"
_OUTPUT_HELP = (
    "where the results are written when every promise was kept; by default tests/storm/RESULTS.md "
    f"after {_WHOLE} kills or more, with 1 and with 2 workers"
)
_WITH_TWO_WORKERS = 1 / 3  # of the kills, unless --workers is given


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops the servers, too
    print(f"Seed {options.seed}", flush=True)
    plan = {options.workers: options.kills}
    if options.workers is None:
        plan = {1: options.kills, 2: max(1, round(options.kills * _WITH_TWO_WORKERS))}
    results = Results(datetime.now(UTC), options.seed)
    with private_server() as server:
        for workers, kills in plan.items():
            results.courses[workers] = _course(
                make_url(server), workers, kills, options.seed, options.at
            )
    report = as_markdown(results)
    print(report)
    if faults := [fault for course in results.courses.values() for fault in course.faults]:
        sys.exit("\n".join(faults))
    is_whole = options.kills >= _WHOLE and options.workers is None and not options.at
    if output := options.output or (_RESULTS if is_whole else None):
        output.write_text(report, "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/storm", description=__doc__)
    add = parser.add_argument
    add("--kills", type=int, default=_WHOLE, metavar="N", help=f"by default {_WHOLE}")
    add("--seed", type=int, default=secrets.randbelow(10**6), metavar="N", help=_SEED_HELP)
    add("--workers", type=int, metavar="N", help="processes a run; by default 1, then 2")
    add("--at", default="", metavar="TEXT", help="only at points whose name contains this")
    add("--output", type=Path, metavar="FILE", help=_OUTPUT_HELP)
    return parser.parse_args()


def _course(server: URL, workers: int, kills: int, seed: int, at: str) -> Course:
    url = _database(server, f"storm{workers}")
    database = Database(url)
    now = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=30)
    shop = ShopBuilder(Shop(database, build_tables("", Layout.SHIPPED)), url, now=now)
    with (
        tempfile.TemporaryDirectory(prefix="segmail-storm-") as folder,
        storm_over(shop, Path(folder), workers=workers, seed=seed) as storm,
    ):
        course = pass_over(storm, draw(kills, random.Random(seed), at=at), told=_say)
    database.close()
    return course


def _database(server: URL, name: str) -> URL:
    url = server.set(database=name)
    run(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb3")
    engine = create_engine(url)
    build_tables("", Layout.SHIPPED).metadata.create_all(engine)
    engine.dispose()
    return url


def _say(line: str) -> None:
    if sys.stderr.isatty() or "rows:" in line:
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
