"""Every outcome of SPEC's job 1, decided at the moment of sending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from segmail.delivery.rows.outcome import Status
from segmail.log import exceptions
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.schema.tables import Layout
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.prepare import Preparer
from tests.jobs import Runner, shown
from tests.shop_builder import ShopBuilder

BOTH_LAYOUTS = pytest.mark.parametrize("layout", [Layout.SHIPPED, Layout.SPEC])


@BOTH_LAYOUTS
@pytest.mark.parametrize("prefix", ["", "mho_"])
def test_a_due_step_is_sent_and_its_rows_are_those_that_maho_expects(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    customer = shop.customer("ada@example.test")
    segment = shop.segment()
    progress = shop.due(shop.step(segment), customer)

    ran = run_emails()

    row = shop.progress(progress)
    queue = shop.row(shop.tables.queue)
    link = shop.row(shop.tables.queue_link)
    assert ran.recipients == ["ada@example.test"]
    assert (row["status"], row["sent_at"], row["queue_id"]) == (
        "sent", shop.now, queue["queue_id"],
    )  # fmt: skip
    assert row["scheduled_at"] == shop.now - timedelta(minutes=1)
    assert (queue["queue_status"], queue["queue_finish_at"]) == (QueueStatus.SENT, shop.now)
    assert (queue["automation_source"], queue["automation_source_id"]) == (
        "customer_segmentation", segment,
    )  # fmt: skip
    assert queue["newsletter_subject"] == "Hello Ada"
    assert queue["newsletter_text"] == "<p>Dear Ada</p>"
    assert (link["queue_id"], link["letter_sent_at"]) == (queue["queue_id"], shop.now)


def test_a_step_that_is_not_due_yet_stays_scheduled(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = shop.due(
        shop.step(shop.segment()), shop.customer(), scheduled_at=shop.now + timedelta(seconds=2)
    )

    ran = run_emails()

    assert ran.outcomes == []
    assert shop.status(progress) == "scheduled"


@pytest.mark.parametrize("status", [2, 3, 4, 0])
def test_a_customer_who_is_not_subscribed_any_more_is_skipped(
    shop: ShopBuilder, run_emails: Runner, status: int
) -> None:
    customer = shop.customer(subscribed=False)
    shop.subscriber(customer, "gone@example.test", status=status)
    progress = shop.due(shop.step(shop.segment()), customer)

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "skipped"
    assert outcome.reason == "the customer is not subscribed to the newsletter any more"
    assert shop.rows(shop.tables.queue_link) == []


def test_a_customer_who_never_subscribed_is_skipped(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer(subscribed=False))

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "skipped"
    assert outcome.reason == "the customer is not subscribed to the newsletter"


def test_an_inactive_customer_is_skipped(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer(is_active=0))

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "skipped"
    assert outcome.reason == "the customer's account is inactive"


def test_a_customer_without_an_address_is_skipped(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer(""))

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "skipped"
    assert outcome.reason == "the customer has no e-mail address"


def test_a_switched_off_step_is_skipped(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = shop.due(shop.step(shop.segment(), is_active=0), shop.customer())

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "skipped"
    assert outcome.reason == "the step is switched off"


def test_a_step_is_sent_at_most_max_sends_times(shop: ShopBuilder, run_emails: Runner) -> None:
    customer, step = shop.customer(), shop.step(shop.segment(), max_sends=2)
    shop.due(step, customer, status="sent", sent_at=shop.now - timedelta(days=40))
    second, third = (
        shop.due(step, customer, scheduled_at=shop.now - timedelta(minutes=m)) for m in (9, 5)
    )

    run_emails(limit=1)
    [outcome] = run_emails().outcomes

    assert (shop.status(second), shop.status(third)) == ("sent", "skipped")
    assert outcome.reason == "max_sends reached: this step was sent 2 of 2 times"


def test_max_sends_0_means_no_limit(shop: ShopBuilder, run_emails: Runner) -> None:
    customer, step = shop.customer(), shop.step(shop.segment(), max_sends=0)
    shop.due(step, customer, status="sent")
    again = [shop.due(step, customer) for _ in range(2)]

    run_emails()

    assert [shop.status(progress) for progress in again] == ["sent", "sent"]


def test_a_step_enrolled_twice_is_sent_once(shop: ShopBuilder, run_emails: Runner) -> None:
    customer, step = shop.customer(), shop.step(shop.segment())
    first, second = shop.due(step, customer), shop.due(step, customer)

    ran = run_emails()
    again = run_emails()

    assert len(ran.messages) == 1
    assert again.mails == []
    assert (shop.status(first), shop.status(second)) == ("sent", "skipped")


def test_one_broken_template_does_not_stop_the_rest(shop: ShopBuilder, run_emails: Runner) -> None:
    customer, segment = shop.customer(), shop.segment()
    broken = shop.due(shop.step(segment, shop.template("{{var customer}}")), customer)
    good = shop.due(shop.step(segment, number=2), customer)

    ran = run_emails()

    problem = shop.row(shop.tables.problem)
    queue = shop.row(shop.tables.queue, queue_id=problem["queue_id"])
    assert (shop.status(broken), shop.status(good)) == ("failed", "sent")
    assert len(ran.messages) == 1
    assert "customer" in problem["problem_error_text"]
    assert shop.progress(broken)["queue_id"] == problem["queue_id"]
    assert queue["queue_status"] == QueueStatus.CANCEL


def test_a_template_that_renders_to_nothing_fails(shop: ShopBuilder, run_emails: Runner) -> None:
    template = shop.template("{{if nobody}}x{{/if}}", code="empty one")
    progress = shop.due(shop.step(shop.segment(), template), shop.customer())

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "failed"
    assert outcome.reason == "Template 'empty one': its text renders to nothing"


def test_a_subject_that_does_not_fit_fails_and_is_not_cut(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template(subject="{{var customer_firstname}}" * 2, code="long")
    customer = shop.customer(firstname="A" * 120)
    progress = shop.due(shop.step(shop.segment(), template), customer)

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "failed"
    assert "240 characters; newsletter_subject holds 200" in outcome.reason


def test_a_text_template_goes_out_as_plain_text(shop: ShopBuilder, run_emails: Runner) -> None:
    template = shop.template("Dear {{var customer_firstname}},\nwelcome.", type=1)
    shop.due(shop.step(shop.segment(), template), shop.customer())

    [mail] = run_emails().mails

    assert mail.get_content_type() == "text/plain"
    assert shown(mail).splitlines() == ["Dear Ada,", "welcome."]
    assert shop.row(shop.tables.queue)["newsletter_type"] == 1


def test_styles_are_inlined_and_the_stored_text_is_what_was_sent(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template("<p>Dear {{var customer_firstname}}</p>", styles="p{color:red}")
    shop.due(shop.step(shop.segment(), template), shop.customer())

    [mail] = run_emails().mails

    stored = shop.row(shop.tables.queue)["newsletter_text"]
    assert stored == '<p style="color: red;">Dear Ada</p>'
    assert shown(mail).rstrip() == stored


def test_an_emoji_in_the_text_reaches_mail_and_table(shop: ShopBuilder, run_emails: Runner) -> None:
    """Three-byte columns cannot hold one; the shop's configuration is where one can come from."""
    template = shop.template("<p>&#127881; {{var customer_firstname}}</p>", subject="Hi &#9;")
    shop.due(shop.step(shop.segment(), template), shop.customer())

    [mail] = run_emails().mails

    assert "&#127881; Ada" in shown(mail)
    assert shop.row(shop.tables.queue)["newsletter_text"] == "<p>&#127881; Ada</p>"


def test_a_run_sends_the_oldest_first_up_to_its_limit(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    rows = [
        shop.due(step, shop.customer(), scheduled_at=shop.now - timedelta(minutes=minutes))
        for minutes in (1, 3, 2)
    ]

    run_emails(limit=2)

    assert [shop.status(row) for row in rows] == ["scheduled", "sent", "sent"]


def test_limit_0_sends_everything_batch_by_batch(shop: ShopBuilder, run_emails: Runner) -> None:
    step = shop.step(shop.segment())
    for _ in range(230):
        shop.due(step, shop.customer())

    ran = run_emails(limit=0)

    assert len(ran.messages) == ran.count(Status.SENT) == 230


def test_only_the_named_segments_are_sent(shop: ShopBuilder, run_emails: Runner) -> None:
    customer = shop.customer()
    vip, others = shop.segment("VIP"), shop.segment("Others")
    wanted, other = shop.due(shop.step(vip), customer), shop.due(shop.step(others), customer)

    run_emails(segments=["vip"])

    assert (shop.status(wanted), shop.status(other)) == ("sent", "scheduled")


def test_the_mail_speaks_with_the_links_of_the_subscribers_store(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    shop.config("web/unsecure/base_url", "https://it.example.test/", scope="stores", id=2)
    template = shop.template('<a href="{{store url="checkout/cart"}}">x</a>')
    shop.due(shop.step(shop.segment(), template), shop.customer(store_id=2))

    [mail] = run_emails().mails

    assert "https://it.example.test/checkout/cart/" in shown(mail)
    assert mail["List-Unsubscribe"].startswith("<https://it.example.test/newsletter/subscriber/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_rows_of_the_other_trigger_are_skipped_once_the_segments_trigger_changed(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment(trigger="exit")), shop.customer())

    [outcome] = run_emails().outcomes

    assert shop.status(progress) == "skipped"
    assert outcome.reason == "the segment's trigger is 'exit' now"


def test_a_bug_costs_its_row_and_not_the_others(
    shop: ShopBuilder, run_emails: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = shop.step(shop.segment())
    unlucky, lucky = (
        shop.due(step, shop.customer("x@example.test")),
        shop.due(step, shop.customer()),
    )
    prepare = Preparer.prepare

    def stumble(self: Preparer, row: DueRow, *rest: Any, **more: Any) -> Prepared:
        if row.progress_id == unlucky:
            raise KeyError("an unforeseen one")
        return prepare(self, row, *rest, **more)

    monkeypatch.setattr(Preparer, "prepare", stumble)
    run_emails()

    assert (shop.status(unlucky), shop.status(lucky)) == ("failed", "sent")
    assert "a bug in segmail: KeyError" in shop.row(shop.tables.problem)["problem_error_text"]


def test_exception_log_has_each_bug_once_with_its_traceback(
    shop: ShopBuilder,
    run_emails: Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    step = shop.step(shop.segment())
    for _ in range(3):
        shop.due(step, shop.customer())
    refused = shop.step(shop.segment(), shop.template("{{var customer}}"))
    for _ in range(2):
        shop.due(refused, shop.customer())
    prepare = Preparer.prepare

    def stumble(self: Preparer, row: DueRow, *rest: Any, **more: Any) -> Prepared:
        if row.step.sequence_id == step:
            raise KeyError("an unforeseen one")
        return prepare(self, row, *rest, **more)

    monkeypatch.setattr(Preparer, "prepare", stumble)
    caplog.set_level("INFO", "segmail")
    run_emails()

    told = [record for record in caplog.records if record.name == exceptions.name]
    assert [record.exc_info is not None for record in told] == [True, False]
    lines = [line for one in caplog.messages for line in one.splitlines()]
    assert sum("Failed step" in line for line in lines) == 5 + len(told)
