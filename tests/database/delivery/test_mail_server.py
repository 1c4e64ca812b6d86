"""What the mail server's answers do to the rows: refused, deferred, unknown, out of reach."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from segmail.delivery.job import Options
from segmail.delivery.process import process_emails
from segmail.delivery.rows.outcome import Outcome, Status
from segmail.errors import ConfigError, MailServerUnavailable
from segmail.maho.newsletter_queue import QueueStatus
from segmail.settings import DeliverySettings
from tests.documented_refusals import documented_refusals
from tests.jobs import JumpingClock, Runner
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Fault, Script, closed_port, recording_server, scripted_server

NO_TLS = "starttls=never"


def test_one_connection_serves_many_messages(shop: ShopBuilder, run_emails: Runner) -> None:
    step = shop.step(shop.segment())
    for _ in range(7):
        shop.due(step, shop.customer())

    with recording_server() as server:
        run_emails(smtp_url=server.url(), connections=1)

    assert (len(server.messages), server.connections) == (7, 1)


def test_one_refused_address_does_not_stop_the_rest(shop: ShopBuilder, run_emails: Runner) -> None:
    step = shop.step(shop.segment())
    bad = shop.due(step, shop.customer("gone@example.test"))
    good = shop.due(step, shop.customer("ada@example.test"))

    with recording_server(refuse={"gone@example.test": "550 5.1.1 No such user"}) as server:
        ran = run_emails(smtp_url=server.url(), connections=1)

    problem = shop.row(shop.tables.problem)
    assert (shop.status(bad), shop.status(good)) == ("failed", "sent")
    assert problem["problem_error_code"] == 550
    assert "5.1.1 No such user" in problem["problem_error_text"]
    assert ran.count(Status.FAILED) == 1


def test_a_deferred_message_is_tried_again_later_and_then_sent(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    with scripted_server({"RCPT": "451 4.3.0 Try later"}, {}) as server:
        first = run_emails(smtp_url=server.url(NO_TLS))
        waiting = shop.progress(progress)
        too_early = run_emails(smtp_url=server.url(NO_TLS), now=shop.now + timedelta(minutes=7))
        later = run_emails(smtp_url=server.url(NO_TLS), now=shop.now + timedelta(minutes=13))

    queue = shop.row(shop.tables.queue)
    assert first.count(Status.DEFERRED) == 1
    assert (waiting["status"], waiting["queue_id"]) == ("scheduled", queue["queue_id"])
    assert too_early.outcomes == []
    assert later.count(Status.SENT) == len(server.messages) == 1
    assert (shop.status(progress), queue["queue_status"]) == ("sent", QueueStatus.SENT)
    assert "451" in shop.row(shop.tables.problem)["problem_error_text"]


def test_a_message_has_failed_after_its_last_try(shop: ShopBuilder, run_emails: Runner) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    run_emails.delivery = DeliverySettings(attempts=2)

    with scripted_server({"RCPT": "451 4.3.0 Try later"}) as server:
        run_emails(smtp_url=server.url(NO_TLS))
        ran = run_emails(smtp_url=server.url(NO_TLS), now=shop.now + timedelta(hours=1))

    assert shop.status(progress) == "failed"
    assert ran.outcomes[0].reason.startswith("given up after 2 tries: ")


def test_a_retried_step_sends_the_code_that_it_made_before(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    template = shop.template("<p>{{var coupon_code}}</p>")
    shop.due(shop.step(shop.segment(), template, rule_id=shop.rule()), shop.customer())

    with scripted_server({"end": "451 4.3.0 Try later"}, {}) as server:
        run_emails(smtp_url=server.url(NO_TLS))
        run_emails(smtp_url=server.url(NO_TLS), now=shop.now + timedelta(hours=1))

    coupon = shop.row(shop.tables.coupon)
    assert coupon["code"].encode() in server.messages[0].data


def test_a_message_whose_acceptance_is_unknown_is_never_sent_again(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    with scripted_server({"end": Fault.DROP}, {}) as server:
        ran = run_emails(smtp_url=server.url(NO_TLS))
        again = run_emails(smtp_url=server.url(NO_TLS), now=shop.now + timedelta(days=2))

    assert shop.status(progress) == "failed"
    assert ran.outcomes[0].reason.startswith("interrupted: ")
    assert again.outcomes == []
    assert len(server.received) == 1


def test_a_server_that_never_answers_a_message_leaves_two_in_doubt_and_not_all(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(6)]

    with scripted_server({"end": Fault.DROP}) as broken:
        ran = run_emails(smtp_url=broken.url(NO_TLS), connections=1)
    with scripted_server({"end": ["250 Ok", Fault.DROP]}) as shaky:
        later = run_emails(smtp_url=shaky.url(NO_TLS), connections=1)

    assert isinstance(ran.summary.fault, MailServerUnavailable)
    assert (ran.count(Status.FAILED), len(broken.received)) == (2, 2)
    assert (later.summary.fault, later.count(Status.SENT), later.count(Status.FAILED)) == (
        None, 2, 2,
    )  # fmt: skip
    assert "scheduled" not in {shop.status(row) for row in rows}


@pytest.mark.parametrize("script", [None, {"greeting": "421 4.3.2 Closing"}, {"MAIL": "421 Bye"}])
def test_a_server_out_of_reach_leaves_every_row_as_it_was(
    shop: ShopBuilder, run_emails: Runner, script: dict[str, str] | None
) -> None:
    step = shop.step(shop.segment(), rule_id=shop.rule())
    rows = [shop.due(step, shop.customer()) for _ in range(3)]
    before = [shop.progress(row) for row in rows]

    with scripted_server(script or {}) as server:
        url = server.url(NO_TLS) if script else f"smtp://127.0.0.1:{closed_port()}"
        ran = run_emails(smtp_url=url)

    assert isinstance(ran.summary.fault, MailServerUnavailable)
    assert [shop.progress(row) for row in rows] == before
    assert shop.rows(shop.tables.queue) == shop.rows(shop.tables.coupon) == []


def test_a_refused_sender_keeps_his_rows_and_others_go_on(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    segment = shop.segment()
    his = shop.step(segment, shop.template(sender="his@example.test"))
    hers = shop.step(segment, shop.template(sender="hers@example.test"), number=2)
    refused = [shop.due(his, shop.customer()) for _ in range(5)]
    sent = [shop.due(hers, shop.customer()) for _ in range(3)]
    before = [shop.progress(row) for row in refused]
    run_emails.delivery = DeliverySettings(batch=2)

    with recording_server(refuse={"his@example.test": "550 5.4.5 Daily limit exceeded"}) as server:
        ran = run_emails(smtp_url=server.url(), connections=1, limit=3)

    assert isinstance(ran.summary.fault, ConfigError)
    assert "his@example.test: 550 5.4.5 Daily limit exceeded" in str(ran.summary.fault)
    assert [shop.progress(row) for row in refused] == before
    assert {shop.status(row) for row in sent} == {"sent"}


def test_a_second_refused_sender_ends_the_run(shop: ShopBuilder, run_emails: Runner) -> None:
    segment = shop.segment()
    senders = ["a@example.test", "b@example.test", "c@example.test"]
    rows = [
        shop.due(shop.step(segment, shop.template(sender=sender), number=n), shop.customer())
        for n, sender in enumerate(senders, 1)
    ]
    before = [shop.progress(row) for row in rows]

    with recording_server(refuse=dict.fromkeys(senders, "550 5.7.1 No")) as server:
        ran = run_emails(smtp_url=server.url(), connections=1)

    assert isinstance(ran.summary.fault, MailServerUnavailable)
    assert [shop.progress(row) for row in rows] == before


def test_a_temporary_refusal_of_the_sender_ends_the_run_and_counts_no_try(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(3)]
    before = [shop.progress(row) for row in rows]

    with scripted_server({"MAIL": "454 4.7.0 Daily message quota exceeded"}) as server:
        ran = run_emails(smtp_url=server.url(NO_TLS))

    assert isinstance(ran.summary.fault, MailServerUnavailable)
    assert [shop.progress(row) for row in rows] == before
    assert shop.rows(shop.tables.problem) == []


def test_a_server_without_room_for_more_connections_gets_all_over_one(
    shop: ShopBuilder, run_emails: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(25)]
    run_emails.delivery = DeliverySettings(batch=10)

    slow: Script = {"body": Fault.PAUSE}
    full: Script = {"greeting": "421 4.7.0 Too many concurrent connections"}
    with caplog.at_level(logging.INFO, "segmail"), scripted_server(slow, full) as server:
        ran = run_emails(smtp_url=server.url(NO_TLS), connections=4)

    assert ran.summary.fault is None
    assert {shop.status(row) for row in rows} == {"sent"}
    assert server.connections <= 4
    assert caplog.text.count("Too many concurrent connections") == 1


def test_a_server_that_goes_away_on_the_way_keeps_what_was_sent(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(4)]

    gone = {"greeting": "421 4.3.2 Closing"}
    with scripted_server({"MAIL": ["250 Ok", "250 Ok", "421 4.3.2 Closing"]}, gone) as server:
        ran = run_emails(smtp_url=server.url(NO_TLS), connections=1)

    assert [shop.status(row) for row in rows] == ["sent", "sent", "scheduled", "scheduled"]
    assert len(server.messages) == 2
    assert isinstance(ran.summary.fault, MailServerUnavailable)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("550 5.4.5 Daily user sending limit exceeded", ConfigError),
        ("554 5.7.1 <model@example.test>: Relay access denied", ConfigError),
        ("550 relay not permitted", ConfigError),
        ("554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", ConfigError),
        ("450 4.7.1 Client host rejected: cannot find your hostname", MailServerUnavailable),
        ("553 5.7.1 <shop@example.test>: Sender address rejected: not logged in", ConfigError),
        ("450 4.1.8 <shop@example.test>: Sender address rejected: no such domain",
         MailServerUnavailable),
    ],
)  # fmt: skip
def test_what_a_server_says_late_about_host_or_sender_is_no_recipients_fault(
    shop: ShopBuilder, run_emails: Runner, answer: str, fault: type[Exception]
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(3)]
    before = [shop.progress(row) for row in rows]

    for stage in ("RCPT", "end"):
        with scripted_server({stage: answer}) as server:
            ran = run_emails(smtp_url=server.url(NO_TLS))

        assert isinstance(ran.summary.fault, fault)
        assert [shop.progress(row) for row in rows] == before


def test_a_login_that_is_asked_for_late_is_no_recipients_fault(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(2)]
    before = [shop.progress(row) for row in rows]
    late = [(stage, code) for stage, code in documented_refusals() if code[:2] == "53"]

    assert len(late) == 15
    for stage, code in late:
        with scripted_server({stage: f"{code} 5.7.0 Authentication required"}) as server:
            ran = run_emails(smtp_url=server.url(NO_TLS))

        assert isinstance(ran.summary.fault, ConfigError)
        assert [shop.progress(row) for row in rows] == before


def test_a_message_too_large_by_a_code_of_logins_fails_alone(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    with scripted_server({"end": "534 5.3.4 Message too big"}) as server:
        ran = run_emails(smtp_url=server.url(NO_TLS))

    assert (ran.summary.fault, shop.status(progress)) == (None, "failed")


@pytest.mark.parametrize(
    "words",
    [
        "550 5.1.1 <x@example.test>: User unknown in relay recipient table",
        "552 5.2.2 <x@example.test>: daily receiving quota exceeded",
    ],
)
def test_a_recipient_whom_a_relay_does_not_take_is_refused_alone(
    shop: ShopBuilder, run_emails: Runner, words: str
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    with scripted_server({"RCPT": words}) as server:
        ran = run_emails(smtp_url=server.url(NO_TLS))

    assert (ran.summary.fault, shop.status(progress)) == (None, "failed")


def test_a_wrong_password_asks_for_a_human_and_changes_nothing(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    with recording_server(login=("shop", "right")) as server:
        ran = run_emails(smtp_url=server.url(login="shop:wr0ng-secret"))

    assert isinstance(ran.summary.fault, ConfigError)
    assert "wr0ng-secret" not in str(ran.summary.fault)
    assert shop.status(progress) == "scheduled"


def test_a_run_that_is_stopped_gives_back_what_it_did_not_begin(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())

    ran = run_emails(during=lambda job: job.stop.ask())

    assert ran.mails == []
    assert shop.progress(progress)["scheduled_at"] == shop.now - timedelta(minutes=1)


def test_a_claim_made_ahead_is_given_back_if_the_run_breaks_off(
    mariadb_shop: ShopBuilder, mariadb_runner: Runner
) -> None:
    shop, queue = mariadb_shop, mariadb_shop.tables.queue
    mariadb_runner.delivery = DeliverySettings(batch=3)
    step = shop.step(shop.segment(), rule_id=shop.rule())
    rows = [shop.due(step, shop.customer()) for _ in range(5)]

    def break_off(outcomes: Sequence[Outcome]) -> None:
        if outcomes:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        process_emails(mariadb_runner.job(), Options(limit=0), on_outcomes=break_off)

    assert [shop.status(row) for row in rows] == ["sent"] * 3 + ["scheduled"] * 2
    assert {shop.progress(row)["scheduled_at"] for row in rows} == {shop.now - timedelta(minutes=1)}
    assert {row["queue_status"] for row in shop.rows(queue)} == {QueueStatus.SENT}
    assert len(shop.rows(shop.tables.coupon)) == len(shop.rows(queue)) == 3


def test_a_time_out_longer_than_the_lease_is_a_fault(shop: ShopBuilder, run_emails: Runner) -> None:
    shop.due(shop.step(shop.segment()), shop.customer())

    with recording_server() as server, pytest.raises(ConfigError, match="lease_minutes"):
        run_emails(smtp_url=server.url("timeout=600"))

    assert server.messages == []


def test_no_message_is_begun_when_the_lease_may_run_out_on_the_way(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    """The lease of 5 minutes barely outlasts the longest dialogue, and the clock runs ahead."""
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    run_emails.delivery = DeliverySettings(lease_minutes=5)

    with recording_server() as server:
        ran = run_emails(smtp_url=server.url("timeout=40"), clock=JumpingClock(shop.now))

    assert server.messages == []
    assert ran.outcomes[0].reason == "too little of the lease is left"
    assert shop.status(progress) == "scheduled"


def test_mahos_own_mail_settings_are_used_unless_others_are_given(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    shop.due(shop.step(shop.segment()), shop.customer())

    with recording_server() as server:
        shop.config("system/smtp/enabled", "smtp")
        shop.config("system/smtp/host", "127.0.0.1")
        shop.config("system/smtp/port", str(server.port))
        run_emails(smtp_url=None)

    assert len(server.messages) == 1


def test_a_transport_that_is_switched_off_is_said_before_anything_is_claimed(
    shop: ShopBuilder, run_emails: Runner
) -> None:
    progress = shop.due(shop.step(shop.segment()), shop.customer())
    shop.config("system/smtp/enabled", "0")

    with pytest.raises(ConfigError, match="system/smtp/enabled"):
        run_emails(smtp_url=None)

    assert shop.progress(progress)["scheduled_at"] == shop.now - timedelta(minutes=1)
