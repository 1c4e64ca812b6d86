"""What `process-emails` makes of steps that a person scheduled again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from segmail.delivery.rows.outcome import Status
from segmail.history.retry import RetryRequest, find_failures, schedule_again
from segmail.settings import DeliverySettings
from tests.database.history.failed import INTERRUPTED, failed
from tests.jobs import Runner
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Fault, scripted_server

NO_TLS = "starttls=never"


def retry_all(shop: ShopBuilder, at: datetime | None = None) -> int:
    found = find_failures(shop.shop, RetryRequest(everything=True))
    due_at = at or shop.now
    return schedule_again(shop.shop, found.failures, due_at=due_at, now=due_at)


def test_an_interrupted_step_is_sent_on_a_persons_word(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    later = shop.now + timedelta(days=2)

    with scripted_server({"end": Fault.DROP}, {}) as server:
        run_emails(smtp_url=server.url(NO_TLS))
        unasked = run_emails(smtp_url=server.url(NO_TLS), now=later)
        retry_all(shop, later)
        asked = run_emails(smtp_url=server.url(NO_TLS), now=later)

    row = shop.progress(progress)
    assert (unasked.outcomes, asked.count(Status.SENT)) == ([], 1)
    assert (row["status"], row["sent_at"]) == ("sent", later)
    assert row["scheduled_at"] == row["created_at"]  # when the step was due
    assert len(shop.rows(shop.tables.queue)) == len(shop.rows(shop.tables.queue_link)) == 1


def test_a_retried_step_has_all_its_tries_again(shop: ShopBuilder, run_emails: Runner) -> None:
    shop.due(shop.step(shop.segment()), shop.customer())
    run_emails.delivery = DeliverySettings(attempts=2)
    hour = timedelta(hours=1)

    with scripted_server({"RCPT": "451 4.3.0 Try later"}) as server:
        url = server.url(NO_TLS)
        first = [run_emails(smtp_url=url, now=shop.now + n * hour) for n in range(2)]
        retry_all(shop, shop.now + 2 * hour)
        second = [run_emails(smtp_url=url, now=shop.now + n * hour) for n in range(2, 4)]

    told = [ran.outcomes[0].status for ran in [*first, *second]]
    assert told == [Status.DEFERRED, Status.FAILED] * 2
    assert len(shop.rows(shop.tables.problem)) == 5


def test_a_retried_step_sends_the_coupon_that_its_customer_may_have(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template("<p>{{var coupon_code}}</p>")
    shop.due(shop.step(shop.segment(), template, rule_id=shop.rule()), shop.customer())

    with scripted_server({"end": Fault.DROP}, {}) as server:
        run_emails(smtp_url=server.url(NO_TLS))
        retry_all(shop)
        run_emails(smtp_url=server.url(NO_TLS))

    code = shop.row(shop.tables.coupon)["code"].encode()
    assert code in server.messages[0].data


def test_a_template_that_was_mended_lets_its_steps_be_sent(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template("{{if}}")
    progress = shop.due(shop.step(shop.segment(), template), shop.customer())
    broken = run_emails()

    shop.change(shop.tables.template, {"template_id": template}, template_text="Hello")
    retry_all(shop)
    mended = run_emails()

    assert (broken.count(Status.FAILED), mended.count(Status.SENT)) == (1, 1)
    assert shop.status(progress) == "sent"


def test_a_step_that_is_to_be_due_later_waits(shop: ShopBuilder, run_emails: Runner) -> None:
    failed(shop, shop.step(shop.segment()))
    retry_all(shop, shop.now + timedelta(hours=3))

    early, late = run_emails(), run_emails(now=shop.now + timedelta(hours=3))

    assert (early.outcomes, len(late.mails)) == ([], 1)


def test_a_step_that_was_sent_meanwhile_is_not_sent_too_often(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step, customer = shop.step(shop.segment(), max_sends=1), shop.customer()
    progress = failed(shop, step, INTERRUPTED, customer=customer)
    shop.due(step, customer, status="sent", sent_at=shop.now)
    retry_all(shop)

    ran = run_emails()

    assert ran.outcomes[0].reason == "max_sends reached: this step was sent 1 of 1 times"
    assert shop.status(progress) == "skipped"


def test_an_old_failure_of_a_segment_that_was_off_is_not_stale(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    segment = shop.segment(automation=False)
    long_ago = shop.now - timedelta(days=30)
    failed(shop, shop.step(segment), at=long_ago, created_at=long_ago, scheduled_at=long_ago)
    shop.due(shop.step(segment, number=2), shop.customer())
    run_emails(now=shop.now - timedelta(minutes=1))  # sees that the segment is off
    shop.change(shop.tables.segment, {"segment_id": segment}, auto_email_active=1)
    retry_all(shop)

    assert len(run_emails().mails) == 2


def test_two_retries_beside_a_run_send_each_mail_once(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    customers = [shop.customer(f"{number}@example.test") for number in range(40)]
    for customer in customers:
        failed(shop, step, customer=customer)
    listed = find_failures(shop.shop, RetryRequest(everything=True)).failures

    def schedule(_number: int) -> int:
        return schedule_again(shop.shop, listed, due_at=shop.now, now=shop.now)

    with ThreadPoolExecutor(3) as threads:
        counts = threads.map(schedule, range(2))
        beside = threads.submit(run_emails)
        assert sum(counts) == 40
    mails = [*beside.result().recipients, *run_emails().recipients]
    assert sorted(mails) == sorted(f"{number}@example.test" for number in range(40))


def test_a_reason_that_names_a_directive_is_found_by_it(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment(), shop.template("{{var customer}}"))
    shop.due(step, shop.customer())
    run_emails()

    [failure] = find_failures(shop.shop, RetryRequest(reason="{{var CUSTOMER}}")).failures

    assert failure.reason is not None
    assert "{{var customer}}" in failure.reason
