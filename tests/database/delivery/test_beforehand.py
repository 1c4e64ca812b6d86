"""States in which sending would do harm end a run before its first mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert, update

from segmail.cli import program
from segmail.maho.config.switch import FLAG, MAHOS_JOB
from segmail.maho.cron import cron_table
from tests.shop_builder import ShopBuilder

JOB = "customersegmentation_process_emails"


@pytest.fixture
def ready(shop: ShopBuilder) -> int:
    """A row that is due, in a shop whose automation is on."""
    shop.config(FLAG, "1")
    shop.config("system/smtp/enabled", "1")
    return shop.due(shop.step(shop.segment("VIP")), shop.customer("ada@example.test"))


def segmail(shop: ShopBuilder, folder: Path, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    return CliRunner().invoke(
        program,
        ["--database-url", url, "--state-dir", str(folder / "state"), "--now",
         f"{shop.now:%Y-%m-%d %H:%M}", "--log-file", str(folder / "log"), *arguments],
        env={"SEGMAIL_SMTP_URL": f"file://{folder}/mails"},
    )  # fmt: skip


def mails(folder: Path) -> int:
    return len(list((folder / "mails").glob("*.eml")))


def forget(shop: ShopBuilder, progress_id: int) -> None:
    """Do to a row what restoring a backup does."""

    def work(connection: object) -> None:
        row = update(shop.tables.progress).where(shop.tables.progress.c.progress_id == progress_id)
        values = {"status": "scheduled", "sent_at": None, "queue_id": None}
        connection.execute(row.values(values))  # type: ignore[attr-defined]
        connection.execute(delete(shop.tables.queue_link))  # type: ignore[attr-defined]
        connection.execute(delete(shop.tables.queue))  # type: ignore[attr-defined]

    shop.database.transact(work)


def cron_row(shop: ShopBuilder, at: datetime, messages: str | None) -> None:
    table = cron_table(shop.tables.prefix)
    values = {"job_code": JOB, "status": "pending", "created_at": at, "scheduled_at": at}
    with shop.database.engine.begin() as connection:
        table.metadata.create_all(connection)
        connection.execute(insert(table), {**values, "messages": messages})


@pytest.fixture
def _no_cron(shop: ShopBuilder) -> object:
    """Take the cron's table away after the test: the next one's shop has none."""
    yield
    with shop.database.engine.begin() as connection:
        cron_table(shop.tables.prefix).drop(connection, checkfirst=True)


def test_a_restored_database_is_noticed_and_recover_settles_it(
    shop: ShopBuilder, ready: int, tmp_path: Path
) -> None:
    assert segmail(shop, tmp_path, "process-emails").exit_code == 0
    forget(shop, ready)

    refused = segmail(shop, tmp_path, "process-emails")
    assert (refused.exit_code, mails(tmp_path)) == (78, 1)
    assert "looks restored from a backup" in refused.stderr
    assert segmail(shop, tmp_path, "recover", "--dry-run").exit_code == 0
    assert shop.status(ready) == "scheduled"

    assert "Settled 1 waiting row" in segmail(shop, tmp_path, "recover", "--yes").stdout
    assert shop.status(ready) == "sent"
    assert segmail(shop, tmp_path, "process-emails").exit_code == 0
    assert mails(tmp_path) == 1


def test_a_single_row_that_was_sent_before_waits_for_a_person(
    shop: ShopBuilder, ready: int, tmp_path: Path
) -> None:
    segmail(shop, tmp_path, "process-emails")
    segmail(shop, tmp_path, "recover", "--yes")  # the mark of a restore is seen to
    forget(shop, ready)

    assert segmail(shop, tmp_path, "process-emails").exit_code == 1
    assert (shop.status(ready), mails(tmp_path)) == ("failed", 1)
    assert "sent before, on 2026-03-10" in segmail(shop, tmp_path, "history").stdout

    segmail(shop, tmp_path, "retry", "--all-failed", "--yes")
    assert segmail(shop, tmp_path, "process-emails").exit_code == 0
    assert (shop.status(ready), mails(tmp_path)) == ("sent", 2)


def test_a_new_row_with_an_old_id_is_another_one(
    shop: ShopBuilder, ready: int, tmp_path: Path
) -> None:
    segmail(shop, tmp_path, "process-emails")
    forget(shop, ready)
    later = shop.now + timedelta(minutes=1)
    shop.change(shop.tables.progress, {"progress_id": ready}, created_at=later, scheduled_at=later)

    assert '"found": 0' in segmail(shop, tmp_path, "recover", "--dry-run", "--json").stdout


@pytest.mark.usefixtures("_no_cron")
@pytest.mark.parametrize(
    ("minutes", "messages", "code"),
    [(5, None, 78), (-90, None, 78), (-90, "ended", 78), (-180, None, 0), (5, "segmail 1", 0)],
)
def test_mahos_own_job_keeps_a_run_from_sending(
    shop: ShopBuilder, ready: int, tmp_path: Path, minutes: int, messages: str | None, code: int
) -> None:
    cron_row(shop, shop.now + timedelta(minutes=minutes), messages)

    ran = segmail(shop, tmp_path, "process-emails")

    assert ran.exit_code == code
    assert ("segmail take-over" in ran.stderr) == (code == 78)
    assert shop.status(ready) == ("scheduled" if code else "sent")


@pytest.mark.usefixtures("_no_cron")
def test_take_over_lets_segmail_send_and_undo_gives_back(
    shop: ShopBuilder, ready: int, tmp_path: Path
) -> None:
    cron_row(shop, shop.now, None)

    assert "cache:flush" in segmail(shop, tmp_path, "take-over").stdout
    assert segmail(shop, tmp_path, "process-emails").exit_code == 0
    assert shop.status(ready) == "sent"

    assert segmail(shop, tmp_path, "take-over", "--undo").exit_code == 0
    left = {row["path"]: row["value"] for row in shop.rows(shop.tables.config)}
    assert left[FLAG] == "1"
    assert MAHOS_JOB not in left
    assert "customer_segmentation/segmail/enabled" not in left


@pytest.mark.usefixtures("_no_cron")
def test_without_evidence_the_log_says_it_once_a_day(
    shop: ShopBuilder, ready: int, tmp_path: Path
) -> None:
    cron_row(shop, shop.now - timedelta(days=1), None)
    for _ in range(2):
        segmail(shop, tmp_path, "process-emails")
        forget(shop, ready)
        segmail(shop, tmp_path, "recover", "--yes")
        shop.due(1, 1)

    assert (tmp_path / "log").read_text().count("Maho's own jobs are switched on") == 1
