"""What each job last did is kept by host, and shown in Maho's `cron_schedule`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from segmail.jobs.record import (
    JobEnd,
    JobName,
    JobRecord,
    begin_run,
    end_run,
    load_records,
    this_host,
)
from segmail.maho.cron import cron_table
from segmail.maho.shop import Shop
from tests.program import run as run_program
from tests.shop_builder import ShopBuilder

MINUTE = timedelta(minutes=1)


@pytest.fixture
def cron(shop: ShopBuilder) -> Iterator[ShopBuilder]:
    """A shop with Maho's cron."""
    table = cron_table(shop.tables.prefix)
    with shop.database.engine.begin() as connection:
        table.create(connection)
    yield shop
    with shop.database.engine.begin() as connection:
        table.drop(connection)


def _rows(shop: ShopBuilder) -> list[dict[str, object]]:
    table = cron_table(shop.tables.prefix)
    with shop.database.read() as connection:
        query = select(table).order_by(table.c.schedule_id)
        return [dict(row) for row in connection.execute(query).mappings()]


def _records(shop: ShopBuilder) -> list[JobRecord]:
    with shop.read() as tx:
        return load_records(tx)


def _end(shop: ShopBuilder, folder: Path, exit_code: int = 0, **sent: int) -> None:
    job = JobName.PROCESS_EMAILS
    run = begin_run(Shop(shop.database, shop.tables), job, now=shop.now)
    run.outcomes |= sent
    message = "" if exit_code == 0 else "no mail server"
    end = JobEnd(shop.now, shop.now + MINUTE, exit_code, message, run.outcomes)
    end_run(Shop(shop.database, shop.tables), run, end, folder)


def test_a_run_is_a_row_under_mahos_job_code_and_a_record_of_this_host(
    cron: ShopBuilder, tmp_path: Path
) -> None:
    _end(cron, tmp_path, sent=12, failed=0)

    [row] = _rows(cron)
    [record] = _records(cron)
    assert (row["job_code"], row["status"]) == ("customersegmentation_process_emails", "success")
    assert str(row["messages"]).startswith("segmail ")
    assert str(row["messages"]).endswith("exit 0 after 60.0s: 12 sent")
    assert (row["executed_at"], row["finished_at"]) == (cron.now, cron.now + MINUTE)
    assert (record.host, record.succeeded) == (this_host(), cron.now + MINUTE)
    assert record.busy is not None
    assert record.busy.outcomes == {"sent": 12, "failed": 0}


def test_while_it_runs_it_is_running_and_never_pending(cron: ShopBuilder) -> None:
    begin_run(Shop(cron.database, cron.tables), JobName.REPORT, now=cron.now)

    assert [(row["job_code"], row["status"]) for row in _rows(cron)] == [
        ("customersegmentation_automation_report", "running")
    ]
    assert [record.running_since for record in _records(cron)] == [cron.now]


def test_failures_are_counted_until_a_run_does_its_job(cron: ShopBuilder, tmp_path: Path) -> None:
    for _ in range(3):
        _end(cron, tmp_path, exit_code=75)

    [failing] = _records(cron)
    _end(cron, tmp_path)
    [mended] = _records(cron)

    assert failing.failures == 3
    assert failing.failed is not None
    assert failing.failed.message == "no mail server"
    assert (mended.failures, mended.failed) == (0, failing.failed)
    assert [row["status"] for row in _rows(cron)] == ["error"] * 3 + ["success"]


def test_a_run_that_was_killed_is_ended_by_the_next(cron: ShopBuilder, tmp_path: Path) -> None:
    killed = {
        "job_code": JobName.PROCESS_EMAILS.code,
        "status": "running",
        "messages": f"segmail 0 on {this_host()}, process {2**22 + 1}",
        "created_at": cron.now,
        "executed_at": cron.now,
    }
    others = killed | {"messages": "segmail 0 on another-host, process 1"}
    alive = killed | {"messages": f"segmail 0 on {this_host()}, process {os.getpid()}"}
    mahos = killed | {"messages": None}
    with cron.database.engine.begin() as connection:
        connection.execute(insert(cron_table(cron.tables.prefix)), [killed, others, alive, mahos])

    _end(cron, tmp_path)

    assert [row["status"] for row in _rows(cron)] == ["error"] + ["running"] * 3 + ["success"]


def test_only_its_own_old_rows_are_deleted(cron: ShopBuilder, tmp_path: Path) -> None:
    old = {
        "job_code": JobName.PROCESS_EMAILS.code,
        "status": "success",
        "messages": "segmail 0: nothing to do",
        "created_at": cron.now,
        "executed_at": cron.now - timedelta(days=4),
    }
    mahos = old | {"messages": None}
    other_job = old | {"job_code": "segmailish"}
    with cron.database.engine.begin() as connection:
        connection.execute(insert(cron_table(cron.tables.prefix)), [old, mahos, other_job])

    _end(cron, tmp_path)

    assert [row["messages"] for row in _rows(cron)][:2] == [None, "segmail 0: nothing to do"]


def test_a_shop_without_mahos_cron_loses_nothing_but_the_rows(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    _end(shop, tmp_path, sent=1)

    assert [record.job for record in _records(shop)] == [JobName.PROCESS_EMAILS]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_ended_without_a_database_is_told_once_it_is_back(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    away = shop.url.set(database=str(tmp_path / "away.sqlite"))

    for _ in range(2):
        assert run_program(away, tmp_path, "process-emails").returncode == 78
    done = run_program(shop.url, tmp_path, "cleanup-progress")
    others = _records(shop)
    again = run_program(shop.url, tmp_path, "process-emails")
    records = {record.job: record for record in _records(shop)}

    assert (done.returncode, again.returncode) == (0, 0)
    assert [record.job for record in others] == [JobName.CLEANUP_PROGRESS]
    failed = records[JobName.PROCESS_EMAILS].failed
    assert failed is not None
    assert (failed.exit_code, records[JobName.PROCESS_EMAILS].failures) == (78, 0)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_dry_run_writes_nothing(cron: ShopBuilder, tmp_path: Path) -> None:
    for job in ("process-emails", "refresh-segments", "cleanup-progress", "cleanup-coupons"):
        assert run_program(cron.url, tmp_path, job, "--dry-run").returncode == 0

    assert (_rows(cron), _records(cron)) == ([], [])
