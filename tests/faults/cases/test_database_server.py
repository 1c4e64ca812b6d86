"""A database server that is restarted, crashes, is read-only, or takes no more connections."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.faults.cases.database_faults import JOB, assert_each_once, run_after_the_lease
from tests.faults.cases.end_state import UNTOUCHED, due_rows
from tests.faults.cases.own_database import PASSWORD, administer, durable_server, fresh_shop
from tests.mariadb import Server
from tests.program import run, start
from tests.shop_builder import ShopBuilder
from tests.smtp_server import recording_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with durable_server() as running:
        yield running


@pytest.fixture
def own_shop(server: Server, now: datetime) -> Iterator[ShopBuilder]:
    with fresh_shop(server, now) as shop:
        yield shop


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGTERM, "2"), (signal.SIGKILL, "1")], ids=["restart", "crash"]
)
def test_a_server_that_goes_down_on_the_way(
    server: Server, own_shop: ShopBuilder, tmp_path: Path, number: signal.Signals, workers: str
) -> None:
    due = due_rows(own_shop, 40)
    (tmp_path / "segmail.toml").write_text("[delivery]\nbatch = 10\n")
    command = (*JOB, "--rate", "10", "--workers", workers)

    with recording_server() as mail:
        process = start(own_shop.url, tmp_path, *command, env={"SEGMAIL_SMTP_URL": mail.url()})
        assert mail.accepted.wait(60)
        server.stop(number)
        out, err = process.communicate(timeout=120)
        sent = len(mail.messages)
        server.start()
        run_after_the_lease(own_shop, own_shop.url, tmp_path, mail)

    assert (process.returncode, out) == (75, "")
    assert "is out of reach" in err
    assert PASSWORD not in err + (tmp_path / "segmail.log").read_text()
    assert sent < 40
    assert_each_once(due, mail)


def test_a_server_that_is_read_only(server: Server, own_shop: ShopBuilder, tmp_path: Path) -> None:
    due = due_rows(own_shop)

    administer(server, "SET GLOBAL read_only = 1")
    ran = run(own_shop.url, tmp_path, *JOB)
    administer(server, "SET GLOBAL read_only = 0")

    assert ran.returncode == 75
    assert "read-only" in ran.stderr
    assert PASSWORD not in ran.stderr
    assert due.after == [UNTOUCHED] * 3


def test_a_server_that_takes_no_more_connections(
    server: Server, own_shop: ShopBuilder, tmp_path: Path
) -> None:
    due = due_rows(own_shop)

    administer(server, "SET GLOBAL max_connections = 10")
    with _every_connection_taken(own_shop.url):
        ran = run(own_shop.url, tmp_path, *JOB)
    administer(server, "SET GLOBAL max_connections = 151")

    assert ran.returncode == 75
    assert "Too many connections" in ran.stderr
    assert due.after == [UNTOUCHED] * 3


@contextmanager
def _every_connection_taken(url: URL) -> Iterator[None]:
    engine = create_engine(url, poolclass=NullPool)
    with ExitStack() as taken:
        try:
            while True:
                taken.enter_context(engine.connect())
        except OperationalError as full:
            assert "Too many connections" in str(full)  # noqa: PT017 - it is how the loop ends
        yield
