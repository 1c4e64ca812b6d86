"""An attempt whose row others ended, held or deleted comes to its end all the same."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from segmail.clock import Clock
from segmail.delivery.job import Job
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import attempt_key
from segmail.doctor.attempts import attempt_findings
from segmail.findings import Severity
from segmail.history.listing import tell_history
from segmail.history.query import HistoryFilter
from segmail.history.why import explain
from segmail.maho.customer_conditions import UNSUBSCRIBED
from segmail.maho.newsletter_queue import AUTOMATION, QueueStatus
from segmail.maho.open_attempts import load_open_attempts, oldest_that_may_be_open
from segmail.segments.refresh.sweep import sweep_up
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

LEASE = timedelta(minutes=15)
LATER = LEASE + timedelta(minutes=1)
BEGUN = (Verdict.RECORDED, Verdict.BEGUN)
ACCEPTED = (*BEGUN, Verdict.ACCEPTED)


def crashed(shop: ShopBuilder, runner: Runner, *verdicts: Verdict, segment: int = 0) -> int:
    """Leave a row and its attempt as a run does that died after these lines of its journal."""
    progress = shop.due(shop.step(segment or shop.segment()), shop.customer())
    queue = shop.insert(
        shop.tables.queue,
        template_id=1,
        newsletter_text="<p>old</p>",
        queue_status=QueueStatus.PAUSE,
        queue_start_at=shop.now,
        automation_source=AUTOMATION,
    )
    where = {"progress_id": progress}
    shop.change(shop.tables.progress, where, queue_id=queue, scheduled_at=shop.now + LEASE)
    job: Job = runner.job()
    journal = Journal(job.settings.state_dir, job.database_name, now=shop.now)
    for verdict in verdicts:
        journal.write(verdict, [attempt_key(queue, progress, shop.now)])
    journal.close()
    return progress


def unsubscribe(shop: ShopBuilder, progress: int) -> None:
    customer = shop.progress(progress)["customer_id"]
    shop.change(shop.tables.subscriber, {"customer_id": customer}, subscriber_status=3)
    sweep_up(shop.shop, now=shop.now)
    assert shop.status(progress) == "skipped"


def open_now(shop: ShopBuilder) -> int:
    with shop.read() as tx:
        return len(load_open_attempts(tx))


@pytest.mark.parametrize(
    ("verdicts", "status", "queue_status"),
    [
        (ACCEPTED, "sent", QueueStatus.SENT),
        (BEGUN, "failed", QueueStatus.CANCEL),
        ((Verdict.RECORDED,), "skipped", QueueStatus.CANCEL),
        ((*BEGUN, Verdict.DEFERRED), "skipped", QueueStatus.CANCEL),
        ((*BEGUN, Verdict.REFUSED), "skipped", QueueStatus.CANCEL),
    ],
    ids=["accepted", "begun", "recorded", "deferred", "refused"],
)
def test_the_journal_says_what_became_of_an_attempt_whose_row_was_ended(
    shop: ShopBuilder,
    run_emails: Runner,
    verdicts: tuple[Verdict, ...],
    status: str,
    queue_status: QueueStatus,
) -> None:
    progress = crashed(shop, run_emails, *verdicts)
    unsubscribe(shop, progress)

    assert run_emails(now=shop.now + LEASE - timedelta(seconds=1)).mails == []
    assert shop.status(progress) == "skipped"
    assert open_now(shop) == 1
    assert run_emails(now=shop.now + LATER).mails == []

    assert (shop.status(progress), open_now(shop)) == (status, 0)
    assert shop.row(shop.tables.queue)["queue_status"] == queue_status
    assert len(shop.rows(shop.tables.queue_link)) == (status == "sent")
    [entry] = tell_history(
        shop.shop, chosen=HistoryFilter(), now=shop.now + LATER, lateness=timedelta(days=7)
    )
    expected = {"sent": "sent", "failed": "interrupted", "skipped": "skipped"}
    assert entry.outcome == expected[status]
    if status == "skipped":
        assert entry.reason == UNSUBSCRIBED
    if status == "sent":
        assert (entry.problems, entry.at) == ((), shop.now)


def test_another_hosts_attempt_is_left_to_it_for_its_grace(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = crashed(shop, run_emails)
    unsubscribe(shop, progress)
    grace = timedelta(minutes=run_emails.delivery.grace_minutes)

    run_emails(now=shop.now + LEASE + grace - timedelta(seconds=1))
    assert shop.status(progress) == "skipped"
    run_emails(now=shop.now + LEASE + grace)

    assert (shop.status(progress), open_now(shop)) == ("failed", 0)


@pytest.mark.parametrize("verdicts", [ACCEPTED, BEGUN])
def test_an_attempt_whose_row_was_deleted_is_closed(
    shop: ShopBuilder, run_emails: Runner, verdicts: tuple[Verdict, ...]
) -> None:
    crashed(shop, run_emails, *verdicts)
    shop.database.transact(lambda c: c.execute(shop.tables.progress.delete()))

    run_emails(now=shop.now + LATER)

    is_sent = verdicts is ACCEPTED
    expected = QueueStatus.SENT if is_sent else QueueStatus.CANCEL
    assert shop.row(shop.tables.queue)["queue_status"] == expected


def test_a_row_that_is_held_does_not_keep_its_attempt_open(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    segment = shop.segment()
    sent = crashed(shop, run_emails, *ACCEPTED, segment=segment)
    shop.change(shop.tables.segment, {"segment_id": segment}, auto_email_active=0)

    run_emails(now=shop.now + LATER)

    assert (shop.status(sent), open_now(shop)) == ("sent", 0)


def test_what_maho_paused_is_left_alone(shop: ShopBuilder, run_emails: Runner) -> None:
    shop.insert(
        shop.tables.queue,
        template_id=shop.template(),
        queue_status=QueueStatus.PAUSE,
        queue_start_at=shop.now - timedelta(days=9),
    )

    run_emails()

    assert shop.row(shop.tables.queue)["queue_status"] == QueueStatus.PAUSE


def test_the_walk_begins_near_the_newest_and_not_above_what_is_open(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template()
    row = {"template_id": template, "queue_status": 3, "automation_source": AUTOMATION}
    shop.insert_all(shop.tables.queue, [{"queue_id": 25_000, **row}])

    run_emails()

    with shop.read() as tx:
        assert oldest_that_may_be_open(tx) == 15_000
    shop.insert_all(
        shop.tables.queue,
        [
            {"queue_id": 25_001, **row, "queue_status": 4, "queue_start_at": shop.now},
            {"queue_id": 90_000, **row, "queue_status": 3, "queue_start_at": shop.now},
        ],
    )
    run_emails()
    with shop.read() as tx:
        assert oldest_that_may_be_open(tx) == 25_001


def test_the_doctor_counts_what_is_open(shop: ShopBuilder, run_emails: Runner) -> None:
    crashed(shop, run_emails, *BEGUN)

    def found(now: datetime) -> tuple[Severity, str]:
        with shop.read() as tx:
            [one] = attempt_findings(tx, now=now, lease=LEASE, grace=timedelta(hours=1))
        return one.severity, one.what

    assert found(shop.now)[1] == "1 open."
    assert found(shop.now + timedelta(hours=2)) == (
        Severity.WARNING,
        "1 of 1 open attempts are past their lease and grace.",
    )


def test_why_tells_of_an_attempt_that_was_resolved(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = crashed(shop, run_emails, *ACCEPTED)
    unsubscribe(shop, progress)
    run_emails(now=shop.now + LATER)
    job = run_emails.job()
    later = Job(job.shop, job.config, job.settings, Clock(shop.now + LATER))

    [answer] = explain(later, str(shop.progress(progress)["customer_id"]))

    assert answer.outcome == "sent"
