"""Runs the program while its database fails at a moment, and once more after the lease."""

from __future__ import annotations

import collections
import copy
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from segmail.maho.db.database import Database
from tests.faults.cases.database_proxy import Cut, database_proxy
from tests.faults.cases.end_state import DueRows
from tests.faults.cases.moments import Deed, Moment, Turn
from tests.jobs import Runner
from tests.program import run
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Server, recording_server

JOB = ("--now", "2026-03-10 12:00", "process-emails", "--connections", "1")


def check(due: DueRows, folder: Path, moment: Moment | Turn) -> tuple[int, list[str]]:
    """Assert that each mail leaves once in the end; return the first run's code and end state."""
    first_run_over = threading.Event()

    def decide(statement: str) -> Cut | None:
        return None if first_run_over.is_set() else moment(statement)

    with (
        recording_server() as server,
        database_proxy(due.shop.url, folder, decide) as url,
    ):
        ran = run(url, folder, *JOB, env={"SEGMAIL_SMTP_URL": server.url()})
        first_run_over.set()
        after = due.after
        assert (ran.returncode, bool(ran.stderr)) in ((0, False), (75, True)), ran.stderr
        assert moment.happened or ran.returncode == 0
        run_after_the_lease(due.shop, url, folder, server)
    assert_each_once(due, server)
    return ran.returncode, after


def run_after_the_lease(shop: ShopBuilder, url: URL, folder: Path, server: Server) -> None:
    """Run on this host once more; the journal knows the database by the URL it is reached at."""
    there = copy.copy(shop)
    there.shop = replace(shop.shop, database=Database(url))
    Runner(there, folder)(smtp_url=server.url(), now=shop.now + timedelta(minutes=16))
    there.database.close()


def assert_each_once(due: DueRows, server: Server) -> None:
    received = collections.Counter(message.rcpt_to for message in server.messages)
    assert set(received.values()) == {1}
    assert len(received) == len(due.ids)
    assert {due.shop.status(id) for id in due.ids} == {"sent"}
    assert not due.shop.rows(due.shop.tables.queue, queue_status=4)
    assert len(due.shop.rows(due.shop.tables.queue_link)) == len(due.ids)


def kill_connections(url: URL) -> Deed:
    """Return what kills every connection to this database but the one that does it."""
    others = (
        "SELECT id FROM information_schema.processlist WHERE db = :db AND id <> connection_id()"
    )

    def kill() -> None:
        engine = create_engine(url)
        with engine.connect() as connection:
            for id in connection.scalars(text(others), {"db": url.database}).all():
                connection.execute(text(f"KILL {id}"))
        engine.dispose()

    return kill
