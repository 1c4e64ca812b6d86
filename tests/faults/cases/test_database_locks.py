"""Rows that others hold locked, for a while or for too long, and deadlocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Select, create_engine, insert, select, text

from tests.faults.cases.database_faults import JOB, assert_each_once, run_after_the_lease
from tests.faults.cases.database_proxy import database_proxy
from tests.faults.cases.end_state import SENT, UNTOUCHED, DueRows, due_rows
from tests.faults.cases.moments import Moment
from tests.program import run
from tests.shop_builder import ShopBuilder
from tests.smtp_server import recording_server

# Waits for locks end at once: MariaDB takes 0 for that.
IMPATIENT = {"init_command": "SET SESSION innodb_lock_wait_timeout = 0"}


@pytest.fixture
def due(mariadb_shop: ShopBuilder) -> DueRows:
    return due_rows(mariadb_shop)


def test_a_row_that_is_locked_stays_for_the_next_run(due: DueRows, tmp_path: Path) -> None:
    row = select(due.shop.tables.progress).filter_by(progress_id=due.ids[1])

    with recording_server() as server:
        with _other_session(due.shop.url) as other:
            _lock(other, row)
            ran = run(due.shop.url, tmp_path, *JOB, env={"SEGMAIL_SMTP_URL": server.url()})
            after = due.after
        run_after_the_lease(due.shop, due.shop.url, tmp_path, server)

    assert (ran.returncode, after) == (0, [SENT, UNTOUCHED, SENT])
    assert_each_once(due, server)


@pytest.mark.parametrize("table", ["queue", "coupon"])
def test_what_is_locked_for_too_long_before_the_mails_leave_ends_the_run(
    due: DueRows, tmp_path: Path, table: str
) -> None:
    """The rows were claimed, but nothing of them could be recorded: they are let go."""
    code, after, error = _run_against(due, tmp_path, table, "FROM customer_entity")

    assert code == 75
    assert "Lock wait timeout exceeded" in error
    assert after == [UNTOUCHED] * 3


@pytest.mark.parametrize("table", ["subscriber", "queue"])
def test_what_is_locked_for_too_long_after_a_mail_left_is_settled_by_the_next_run(
    due: DueRows, tmp_path: Path, table: str
) -> None:
    code, _, error = _run_against(due, tmp_path, table, "newsletter_queue.queue_start_at")

    assert code == 75
    assert "Lock wait timeout exceeded" in error


def test_a_deadlock_is_resolved_by_trying_again(due: DueRows, tmp_path: Path) -> None:
    """The run has its rows and wants to add coupons, the other session the other way round."""
    url, before = due.shop.url, _deadlocks(due.shop.url)
    with recording_server() as server, _other_session(url) as other:
        crossing = threading.Thread(target=_take_and_let_go, args=(other, due.shop))

        def cross() -> None:
            # What has written more is not the one that the server gives up.
            rows = [{"scope": "stores", "scope_id": 9, "path": f"test/{n}"} for n in range(99)]
            other.execute(insert(due.shop.tables.config), rows)
            _lock(other, select(due.shop.tables.coupon))
            crossing.start()

        needle = "INSERT INTO salesrule_coupon"
        with database_proxy(url, tmp_path, Moment(needle, needle, cross)) as proxied:
            ran = run(proxied, tmp_path, *JOB, env={"SEGMAIL_SMTP_URL": server.url()})
        crossing.join()

    assert _deadlocks(url) > before
    assert (ran.returncode, ran.stderr) == (0, "")
    assert_each_once(due, server)


def _run_against(
    due: DueRows, folder: Path, table: str, statement: str
) -> tuple[int, list[str], str]:
    """Lock a whole table at a statement of a run; assert that later each mail was sent once."""
    shop = due.shop
    with recording_server() as server, _other_session(shop.url) as other:

        def lock() -> None:
            _lock(other, select(getattr(shop.tables, table)))

        moment = Moment("SKIP LOCKED", statement, lock)
        with database_proxy(shop.url, folder, moment) as proxied:
            url = proxied.update_query_dict(IMPATIENT)
            ran = run(url, folder, *JOB, env={"SEGMAIL_SMTP_URL": server.url()})
            after = due.after
            other.rollback()
            run_after_the_lease(shop, url, folder, server)
    assert_each_once(due, server)
    return ran.returncode, after, ran.stderr


@contextmanager
def _other_session(url: URL) -> Iterator[Connection]:
    """Yield a session that locks gaps too, as Maho's do."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _lock(connection: Connection, rows: Select[Any]) -> None:
    connection.execute(rows.with_for_update()).all()


def _take_and_let_go(connection: Connection, shop: ShopBuilder) -> None:
    _lock(connection, select(shop.tables.progress))
    connection.rollback()


def _deadlocks(url: URL) -> int:
    counted = "SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'"
    engine = create_engine(url)
    with engine.connect() as connection:
        count = connection.execute(text(counted)).scalar_one()
    engine.dispose()
    return int(count)
