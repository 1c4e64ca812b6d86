"""Mail servers that cannot be reached or trusted, and one that closes while many mails are due."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.cases.end_state import SENT, UNTOUCHED, DueRows, due_rows
from tests.faults.cases.smtp_cases import CLOSING
from tests.faults.cases.smtp_faults import COMMAND, check_later_runs
from tests.program import run
from tests.shop_builder import ShopBuilder
from tests.smtp_certificate import make_certificate
from tests.smtp_server import STAGES, closed_port, recording_server, scripted_server


@pytest.fixture
def due(mariadb_shop: ShopBuilder) -> DueRows:
    return due_rows(mariadb_shop)


def test_a_server_that_takes_no_connection(due: DueRows, tmp_path: Path) -> None:
    _assert_nothing_happens(due, tmp_path, f"smtp://127.0.0.1:{closed_port()}", 75)


def test_a_server_that_never_takes_the_connection(due: DueRows, tmp_path: Path) -> None:
    """Its queue of connections is full: the next one hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            _assert_nothing_happens(due, tmp_path, f"smtp://127.0.0.1:{port}?timeout=0.6", 75)


def test_a_certificate_that_nobody_trusts(due: DueRows, tmp_path: Path) -> None:
    with recording_server(certificate=make_certificate(tmp_path)) as server:
        _assert_nothing_happens(due, tmp_path, server.url(login="shop:s3cret-word"), 78)


def test_encryption_where_the_server_speaks_none(due: DueRows, tmp_path: Path) -> None:
    with recording_server() as server:
        url = server.url(scheme="smtps", login="shop:s3cret-word")
        _assert_nothing_happens(due, tmp_path, url, 78)


@pytest.mark.parametrize("options", [("--connections", "3"), ("--workers", "2")], ids=" ".join)
def test_a_server_that_closes_on_the_way(
    mariadb_shop: ShopBuilder, tmp_path: Path, options: tuple[str, str]
) -> None:
    due = due_rows(mariadb_shop, 30)
    closing = {"MAIL": [STAGES["MAIL"]] * 2 + [CLOSING]}

    with scripted_server(*[closing] * 3, {"greeting": CLOSING}) as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        ran = run(mariadb_shop.url, tmp_path, *COMMAND, *options, env=env)

    sent = len(server.messages)
    assert ran.returncode == 75
    assert CLOSING in ran.stderr
    assert 0 < sent <= 6
    assert Counter(due.after) == {SENT: sent, UNTOUCHED: 30 - sent}
    check_later_runs(due, tmp_path, server)


def _assert_nothing_happens(due: DueRows, folder: Path, url: str, code: int) -> None:
    ran = run(due.shop.url, folder, *COMMAND, env={"SEGMAIL_SMTP_URL": url})

    log = (folder / "segmail.log").read_text()
    assert (ran.returncode, ran.stdout) == (code, "")
    assert f"process-emails ended with {code}: " in log
    assert "s3cret-word" not in ran.stderr + log
    assert due.after == [UNTOUCHED] * 3
