"""After a crash: what the journal knows decides, and nothing is sent twice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from segmail.clock import Clock
from segmail.delivery.rows.journal import Journal, Verdict
from segmail.delivery.rows.outcome import Outcome, Status, attempt_key
from segmail.delivery.rows.settle import Settler
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.steps import load_steps
from segmail.mail.due_row import DueRow
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

LATER = timedelta(minutes=16)  # after the lease


def crashed_attempt(shop: ShopBuilder, runner: Runner, *verdicts: Verdict) -> int:
    """Leave a row behind as a run does that died after the given journal lines."""
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    queue = shop.insert(
        shop.tables.queue,
        template_id=1,
        newsletter_text="<p>old</p>",
        queue_status=QueueStatus.PAUSE,
        queue_start_at=shop.now,
    )
    lease = shop.now + timedelta(minutes=15)
    where = {"progress_id": progress}
    shop.change(shop.tables.progress, where, queue_id=queue, scheduled_at=lease)
    journal = _journal(shop, runner)
    for verdict in verdicts:
        journal.write(verdict, [attempt_key(queue, progress, shop.now)])
    journal.close()
    return progress


def _journal(shop: ShopBuilder, runner: Runner) -> Journal:
    database = shop.url.set(password=None).render_as_string()
    name = f"{database} {shop.tables.progress.name}"
    return Journal(runner.folder / runner.state, name, now=shop.now)


def test_an_attempt_that_was_never_begun_is_sent(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = crashed_attempt(shop, run_emails, Verdict.RECORDED)

    ran = run_emails(now=shop.now + LATER)

    row = shop.progress(progress)
    assert len(ran.messages) == 1
    assert (row["status"], row["queue_id"]) == ("sent", shop.row(shop.tables.queue)["queue_id"])
    assert row["scheduled_at"] == row["created_at"]  # created_at + the step's delay of 0


def test_an_attempt_that_was_accepted_is_settled_and_not_sent_again(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = crashed_attempt(shop, run_emails, Verdict.RECORDED, Verdict.BEGUN, Verdict.ACCEPTED)

    ran = run_emails(now=shop.now + LATER)

    row = shop.progress(progress)
    assert ran.mails == []
    assert (row["status"], row["sent_at"]) == ("sent", shop.now)
    assert shop.row(shop.tables.queue)["queue_status"] == QueueStatus.SENT
    assert shop.row(shop.tables.queue_link)["letter_sent_at"] == shop.now


def test_an_attempt_that_was_begun_and_not_answered_is_interrupted(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = crashed_attempt(shop, run_emails, Verdict.RECORDED, Verdict.BEGUN)

    ran = run_emails(now=shop.now + LATER)

    assert ran.mails == []
    assert shop.status(progress) == "failed"
    assert shop.row(shop.tables.problem)["problem_error_text"].startswith("interrupted: ")


def test_an_interrupted_attempt_is_told_by_its_message_id(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    sent = run_emails().mails[0]["Message-ID"]
    queue = shop.progress(progress)["queue_id"]
    lease = shop.now + timedelta(minutes=15)
    where = {"progress_id": progress}
    shop.change(shop.tables.progress, where, status="scheduled", scheduled_at=lease)
    shop.change(shop.tables.queue, {"queue_id": queue}, queue_status=QueueStatus.PAUSE)
    run_emails.state = "a host whose journal was lost"

    late = run_emails(now=shop.now + timedelta(minutes=76))

    [told] = re.findall(r"Message-ID begins with (\w+)", late.outcomes[0].reason)
    assert sent.startswith(f"<{told}@")


def test_an_attempt_of_another_host_is_left_to_it_and_then_interrupted(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = crashed_attempt(shop, run_emails, Verdict.RECORDED)
    run_emails.state = "another host"

    early = run_emails(now=shop.now + LATER)
    waiting = shop.progress(progress)
    late = run_emails(now=shop.now + timedelta(minutes=76))

    assert (early.mails, late.mails) == ([], [])
    assert (waiting["status"], waiting["scheduled_at"]) == (
        "scheduled", shop.now + timedelta(minutes=15),
    )  # fmt: skip
    assert shop.status(progress) == "failed"


def test_of_a_host_that_is_gone_only_what_it_had_recorded_is_in_doubt(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    recorded = [crashed_attempt(shop, run_emails, Verdict.RECORDED) for _ in range(2)]
    step = shop.step(shop.segment())
    lease = shop.now + timedelta(minutes=15)
    claimed = [shop.due(step, shop.customer(), scheduled_at=lease) for _ in range(3)]
    run_emails.state = "another host"

    early = run_emails(now=shop.now + LATER)
    sent = [shop.status(row) for row in claimed]
    late = run_emails(now=shop.now + timedelta(minutes=76))

    assert (len(early.mails), sent, late.mails) == (3, ["sent"] * 3, [])
    assert [shop.status(row) for row in recorded] == ["failed"] * 2
    assert late.summary.told_failures() == (
        "2 of 2 steps failed: 2 × interrupted: the run ended while the message was under way; "
        "it may have arrived. The log has each."
    )


def test_a_row_that_somebody_scheduled_again_by_hand_is_sent_with_a_queue_row_of_its_own(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    run_emails()
    where = {"progress_id": progress}
    shop.change(shop.tables.progress, where, status="scheduled", sent_at=None)

    ran = run_emails(now=shop.now + timedelta(minutes=1))

    assert len(ran.messages) == 1
    assert len(shop.rows(shop.tables.queue, queue_status=QueueStatus.SENT)) == 2


def test_a_row_stopped_while_its_mail_was_in_flight_becomes_sent_all_the_same(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = crashed_attempt(shop, run_emails)
    shop.change(shop.tables.progress, {"progress_id": progress}, status="skipped")

    Settler(shop.shop).settle([_outcome(shop, progress, Status.SENT)], now=shop.now)

    assert shop.status(progress) == "sent"


def test_settling_twice_writes_one_link_and_one_problem(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    sent, failed = (crashed_attempt(shop, run_emails) for _ in range(2))
    outcomes = [_outcome(shop, sent, Status.SENT), _outcome(shop, failed, Status.FAILED)]
    settler = Settler(shop.shop)

    settler.settle(outcomes, now=shop.now)
    settler.settle(outcomes, now=shop.now)

    assert len(shop.rows(shop.tables.queue_link)) == 1
    assert len(shop.rows(shop.tables.problem)) == 1


def test_a_run_that_slept_beyond_its_lease_settles_only_what_it_sent(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    """Another run has recorded an attempt of its own, which is under way."""
    progress = crashed_attempt(shop, run_emails)
    shop.change(shop.tables.queue, {}, queue_start_at=shop.now + LATER)
    before = [shop.progress(progress), shop.row(shop.tables.queue)]
    settler = Settler(shop.shop)

    for status in (Status.RELEASED, Status.DEFERRED, Status.FAILED, Status.SKIPPED):
        settler.settle([_outcome(shop, progress, status)], now=shop.now + LATER)
    after = [shop.progress(progress), shop.row(shop.tables.queue)]
    settler.settle([_outcome(shop, progress, Status.SENT)], now=shop.now + LATER)

    assert after == before
    assert shop.status(progress) == "sent"


@dataclass
class SleepsAfterTheClaim(Clock):
    """The machine falls asleep over the lease once the row is claimed."""

    shop: ShopBuilder
    progress: int

    def now(self) -> datetime:
        is_claimed = self.shop.progress(self.progress)["scheduled_at"] > self.shop.now
        return self.shop.now + (LATER if is_claimed else timedelta(0))


def test_a_row_whose_lease_is_over_before_it_is_recorded_is_left_to_the_next_claim(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    """Recorded, it would have one key with the attempt of a run that takes it in this second."""
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    ran = run_emails(clock=SleepsAfterTheClaim(shop, progress))

    assert [outcome.status for outcome in ran.outcomes] == [Status.SENT]
    assert shop.status(progress) == "sent"
    assert len(shop.rows(shop.tables.queue)) == 1


def _outcome(shop: ShopBuilder, progress: int, status: Status) -> Outcome:
    row = shop.progress(progress)
    with shop.read() as tx:
        steps = {step.sequence_id: step for step in load_steps(tx)}
    due = DueRow(
        progress_id=progress,
        customer_id=row["customer_id"],
        step=steps[row["sequence_id"]],
        trigger_type="enter",
        queue_id=None,
        scheduled_at=shop.now,
        seen_at=shop.now,
        lease_until=row["scheduled_at"],
    )
    return Outcome(
        due, status, "reason", queue_id=row["queue_id"], started_at=shop.now, subscriber_id=1
    )


def test_a_journal_that_cannot_be_written_stops_the_run_before_anything_is_sent(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    (run_emails.folder / "state").write_text("a file where the folder should be")

    with pytest.raises(Exception, match="journal"):
        run_emails()

    assert shop.status(progress) == "scheduled"
    assert not list(Path(run_emails.folder).glob("mails/*.eml"))
