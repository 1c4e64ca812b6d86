"""The specification's monitoring commands, one by one, on what segmail's jobs leave behind.

`./maho db:query` hands its SQL to the database, which is asked here without it. The twins of
`./maho cron:run` are the jobs themselves.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from segmail.maho.config.switch import FLAG, OWN
from segmail.maho.cron import cron_table
from tests.program import ROOT, run
from tests.shop_builder import ShopBuilder

JOBS = {
    "process-emails": "customersegmentation_process_emails",
    "cleanup-progress": "customersegmentation_cleanup_progress",
    "cleanup-coupons": "customersegmentation_cleanup_coupons",
    "report --log": "customersegmentation_automation_report",
}
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")


@pytest.fixture
def worked(mariadb_shop: ShopBuilder, tmp_path: Path) -> Iterator[ShopBuilder]:
    """A shop in which each job ran once: one step was sent, one failed, one waits, overdue."""
    shop = mariadb_shop
    table = cron_table("")
    table.create(shop.database.engine)
    shop.config(FLAG, "0")
    shop.config(OWN, "1")
    try:
        segment = shop.segment()
        shop.due(shop.step(segment), shop.customer())
        broken = shop.step(segment, shop.template("{{var customer}}"), number=2)
        shop.due(broken, shop.customer())
        off = shop.step(shop.segment("Off", automation=False))
        shop.due(off, shop.customer())
        for hour, job in enumerate(JOBS, 12):
            run(shop.url, tmp_path, "--now", f"2026-03-10 {hour}:00", *job.split())
        yield shop
    finally:
        table.drop(shop.database.engine)


def ask(shop: ShopBuilder, sql: str) -> list[dict[str, Any]]:
    with shop.database.read() as connection:
        return [dict(row) for row in connection.execute(text(sql)).mappings()]


def shell(folder: Path, command: str) -> list[str]:
    """Run a command in Maho's root, where the log is var/log/customer_segmentation.log."""
    log = folder / "var/log/customer_segmentation.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text((folder / "segmail.log").read_text())
    ran = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True)
    return ran.stdout.splitlines()


def test_last_execution_times_of_all_jobs(worked: ShopBuilder) -> None:
    rows = ask(
        worked,
        """SELECT job_code, status, executed_at, finished_at, messages
           FROM cron_schedule
           WHERE job_code LIKE 'customersegmentation_%'
           ORDER BY executed_at DESC LIMIT 20""",
    )

    assert {row["job_code"] for row in rows} == set(JOBS.values())
    assert {row["status"] for row in rows} == {"success"}
    assert all(row["executed_at"] <= row["finished_at"] for row in rows)
    assert all(row["messages"].startswith("segmail ") for row in rows)
    [sending] = [row for row in rows if row["job_code"].endswith("process_emails")]
    assert "exit 1 after" in sending["messages"]
    assert "1 of 2 steps failed: 1 × " in sending["messages"]
    assert sending["finished_at"] - sending["executed_at"] < timedelta(minutes=10)


def test_the_query_of_the_page_about_monitoring(worked: ShopBuilder) -> None:
    [query] = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/monitoring.md").read_text(), re.DOTALL)

    assert {row["job_code"] for row in ask(worked, query)} == set(JOBS.values())


def test_pending_email_sequences(worked: ShopBuilder) -> None:
    [row] = ask(
        worked,
        """SELECT COUNT(*) as pending_count
           FROM customer_segment_sequence_progress
           WHERE status = 'scheduled'
           AND scheduled_at <= NOW()""",
    )

    assert row == {"pending_count": 1}


def test_failed_email_sequences(worked: ShopBuilder) -> None:
    [row] = ask(
        worked,
        """SELECT customer_id, segment_id, step_number, created_at
           FROM customer_segment_sequence_progress
           WHERE status = 'failed'
           ORDER BY created_at DESC LIMIT 20""",
    )

    assert (row["customer_id"], row["segment_id"], row["step_number"]) == (2, 1, 2)


def test_the_daily_reports_and_their_failure_rates(worked: ShopBuilder, tmp_path: Path) -> None:
    daily = 'grep "Daily automation report" var/log/customer_segmentation.log'

    last = shell(tmp_path, f"{daily} | tail -30")
    high = shell(tmp_path, f'{daily} | grep -E "failed, [5-9][0-9]|failed, [0-9]{{3,}}"')

    [line] = last
    assert line.endswith(": Daily automation report: 1 sent, 1 failed, 1 scheduled, 3 total active")
    assert high == []


def test_the_activity_log(worked: ShopBuilder, tmp_path: Path) -> None:
    lines = shell(tmp_path, "tail -n 20 var/log/customer_segmentation.log")

    told = [line.partition(": ")[2] for line in lines]
    assert told[0] == "Processing 2 scheduled email sequences"
    assert any(line.startswith("Sent automation email to customer 1, template ") for line in told)
    assert any("processed 1, failed 1 emails in" in line for line in told)
    assert any(line.startswith("Cleaned up 0 old sequence progress records") for line in told)
    assert any(line.startswith("Cleaned up 0 expired automation coupons") for line in told)


@pytest.mark.parametrize("job", JOBS)
def test_each_command_has_its_twin_in_the_documentation(job: str) -> None:
    assert f"`./maho cron:run {JOBS[job]}`" in OPERATIONS
    assert f"`segmail {job}`" in OPERATIONS
