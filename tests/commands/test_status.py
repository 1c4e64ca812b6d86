"""`segmail status`: what needs a person, and what does not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from segmail.jobs.record import JobEnd, JobName, begin_run, end_run
from segmail.maho.config.switch import FLAG
from segmail.maho.cron import SENDS, cron_table
from segmail.maho.newsletter_queue import AUTOMATION, QueueStatus
from segmail.maho.shop import Shop
from tests.shop_builder import ShopBuilder

MINUTE = timedelta(minutes=1)


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: it is about what is printed."""
    return "sqlite"


def status(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    return CliRunner().invoke(
        program, ["--database-url", url, "--now", "2026-03-10 12:00", "status", *arguments]
    )


def ended(shop: ShopBuilder, folder: Path, job: JobName, *, ago: int, code: int = 0) -> None:
    """A run of `job` that ended so many minutes ago."""
    opened, then = Shop(shop.database, shop.tables), shop.now - ago * MINUTE
    run = begin_run(opened, job, now=then - MINUTE)
    message = "The mail server is out of reach" if code else ""
    outcomes = {} if code else {"sent": 3}
    end_run(opened, run, JobEnd(then - MINUTE, then, code, message, outcomes), folder)


@pytest.fixture
def well(shop: ShopBuilder, tmp_path: Path) -> ShopBuilder:
    """A shop whose jobs have just run."""
    ended(shop, tmp_path, JobName.PROCESS_EMAILS, ago=3)
    ended(shop, tmp_path, JobName.REFRESH_SEGMENTS, ago=10)
    return shop


def test_all_is_well(well: ShopBuilder) -> None:
    waits = well.step(well.segment("Waits"))
    well.due(waits, well.customer(), scheduled_at=well.now + MINUTE)
    well.due(waits, well.customer(), scheduled_at=well.now - MINUTE)

    found = status(well)
    told = json.loads(status(well, "--json").stdout)
    plugin = status(well, "--format", "nagios")

    assert found.exit_code == 0
    assert "Due         1, the oldest for 1 min\nNext        2026-03-10 12:01\n" in found.stdout
    assert (told["ok"], told["scheduled"], told["due"], told["findings"]) == (True, 2, 1, [])
    assert told["jobs"][0]["last_busy"]["outcomes"] == {"sent": 3}
    assert plugin.stdout == "SEGMAIL OK - 1 row is due | due=1 held=0 oldest_due=60s\n"


def test_what_is_held_is_no_backlog(well: ShopBuilder) -> None:
    held = well.step(well.segment("Held", automation=False))
    well.due(held, well.customer(), scheduled_at=well.now - timedelta(days=9))

    found = status(well)

    assert found.exit_code == 0
    assert "Held        1, in segments that are switched off" in found.stdout


def test_a_backlog_needs_a_person(well: ShopBuilder) -> None:
    late = well.step(well.segment("Late"))
    well.due(late, well.customer(), scheduled_at=well.now - timedelta(days=26))

    found, plugin = status(well), status(well, "--format", "nagios")

    assert found.exit_code == 1
    assert "1 thing needs a look" in found.stderr
    assert plugin.exit_code == 2
    assert "backlog: 1 row is due; the oldest has waited 26 d." in plugin.stdout


def test_a_job_that_keeps_failing_is_told_with_its_reason(
    well: ShopBuilder, tmp_path: Path
) -> None:
    for minutes in (2, 1, 0):
        ended(well, tmp_path, JobName.PROCESS_EMAILS, ago=minutes, code=75)
    may_pass = status(well)
    ended(well, tmp_path, JobName.PROCESS_EMAILS, ago=0, code=78)

    told = json.loads(status(well, "--json").stdout)["findings"]

    assert may_pass.exit_code == 0
    assert [finding["severity"] for finding in told] == ["warning"]
    assert "4 times in a row" in told[0]["what"]
    assert told[0]["what"].endswith("ago with 78: The mail server is out of reach")


def test_cron_that_stopped_is_told(shop: ShopBuilder, tmp_path: Path) -> None:
    ended(shop, tmp_path, JobName.PROCESS_EMAILS, ago=300)

    plugin = status(shop, "--format", "nagios")

    assert plugin.exit_code == 2
    assert "process-emails: The last run that did its job ended 5 h ago." in plugin.stdout
    assert "refresh-segments: No run has ended here yet." in plugin.stdout


def test_a_switched_off_automation_is_told_and_nothing_else(shop: ShopBuilder) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "0")

    plugin = status(shop, "--format", "nagios")

    assert plugin.exit_code == 1
    assert plugin.stdout.startswith("SEGMAIL WARNING - automation: Switched off by customer_seg")


def test_a_plugin_says_by_its_code_what_it_cannot_tell(tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path}/away.sqlite"

    found = CliRunner().invoke(program, ["--database-url", away, "status", "--format", "nagios"])

    assert found.exit_code == 3
    assert found.stdout.startswith("SEGMAIL UNKNOWN - ")


def test_what_was_tried_postponed_and_is_under_way_is_shown(well: ShopBuilder) -> None:
    step = well.step(well.segment("Waits"), delay_minutes=60)
    for wait, queue in ((60, None), (70, None), (1440, None), (1440, 1)):
        created = well.now - 30 * MINUTE
        row = well.due(
            step, well.customer(), created_at=created, scheduled_at=created + wait * MINUTE
        )
        if queue:
            attempt = well.insert(
                well.tables.queue, template_id=1, queue_status=QueueStatus.CANCEL,
                queue_start_at=well.now, automation_source=AUTOMATION,
            )  # fmt: skip
            well.change(well.tables.progress, {"progress_id": row}, queue_id=attempt)

    found, told = status(well), json.loads(status(well, "--json").stdout)

    assert "Deferred    1, tried and to be tried again" in found.stdout
    assert "Postponed   1, beyond their delay" in found.stdout
    assert (told["deferred"], told["postponed"], told["ok"]) == (1, 1, True)


def test_attempts_that_no_run_is_at_work_on_need_a_look(well: ShopBuilder) -> None:
    template = well.template()
    for minutes in (5, 400):
        well.insert(
            well.tables.queue, template_id=template, queue_status=QueueStatus.PAUSE,
            queue_start_at=well.now - minutes * MINUTE, automation_source=AUTOMATION,
        )  # fmt: skip

    found = status(well)

    assert found.exit_code == 1
    assert "Under way   2, 1 of them too long" in found.stdout
    assert "Mails under way for longer than any run takes: 1." in status(well, "--json").stdout


def test_mahos_own_job_beside_segmails_is_told_by_its_rows(well: ShopBuilder) -> None:
    well.config(FLAG, "1")
    assert "Maho's jobs on, its cron does not seem to run them" in status(well).stdout

    table = cron_table("")
    table.create(well.database.engine)
    try:
        then = well.now - 5 * MINUTE
        well.insert(
            table, job_code=SENDS, status="success", created_at=then, scheduled_at=then,
            executed_at=then,
        )  # fmt: skip
        plugin = status(well, "--format", "nagios")
    finally:
        table.drop(well.database.engine)

    assert plugin.exit_code == 2
    assert "cron_schedule has a run of it at 2026-03-10 11:55 UTC" in plugin.stdout
