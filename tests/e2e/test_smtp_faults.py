"""What becomes of a message when the mail server breaks the dialogue, at every stage."""

from __future__ import annotations

import itertools
import time

import pytest

from segmail.errors import MailServerUnavailable
from segmail.transport.mail_url import parse_mail_url
from segmail.transport.mailer import (
    AcceptanceUnknown,
    MessageDeferred,
    MessageRefused,
    SenderRefused,
    Undelivered,
)
from tests.sending import mailer_for, patience, send
from tests.smtp_server import NO_ANSWER, STAGES, Answer, Fault, Script, scripted_server

AT_ONCE: Script = {"EHLO": "250-mail.test\n250-8BITMIME\n250-PIPELINING\n250 SMTPUTF8"}
LARGE = b"Subject: large\r\n\r\n" + b"0123456789ABCDE\r\n" * 1_000_000


@pytest.fixture(params=[{}, AT_ONCE], ids=["one by one", "at once"])
def offers(request: pytest.FixtureRequest) -> Script:
    """What the server says to EHLO: with and without command pipelining."""
    script: Script = request.param
    return script


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        *itertools.product(["MAIL", "RCPT", "DATA"], NO_ANSWER),
        ("MAIL", "354 not now"),
        ("RCPT", "354 not now"),
        ("DATA", "250 not now"),
    ],
)
def test_a_dialogue_that_breaks_defers_the_message_but_at_mail_it_is_the_servers(
    offers: Script, stage: str, answer: Answer
) -> None:
    with (
        scripted_server({**offers, stage: answer}, offers) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        # A reset takes back what was answered to the commands before.
        is_taken_back = bool(offers) and answer is Fault.RESET
        where = "MAIL|RCPT|DATA" if is_taken_back else stage
        outcomes: tuple[type[Exception], ...] = (MessageDeferred,)
        if stage == "MAIL":
            outcomes = (MailServerUnavailable,)
        elif is_taken_back:
            outcomes = (MessageDeferred, MailServerUnavailable)
        with pytest.raises(outcomes, match=rf"127\.0\.0\.1:{server.port} .*({where})"):
            send(mailer)
        send(mailer)

    assert len(server.received) == 1
    assert server.connections == 2


@pytest.mark.parametrize("answer", [*NO_ANSWER, "354 go on"])
def test_an_answer_lost_after_the_message_leaves_acceptance_unknown(
    offers: Script, answer: Answer
) -> None:
    with (
        scripted_server({**offers, "end": answer}, offers) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        with pytest.raises(AcceptanceUnknown, match=rf"127\.0\.0\.1:{server.port} .*end of data"):
            send(mailer)
        send(mailer, "next@example.com")

    assert len(server.received) == 2
    assert server.connections == 2


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET, Fault.HANG])
def test_a_connection_that_breaks_inside_a_large_message_defers_it(
    offers: Script, fault: Fault
) -> None:
    with (
        scripted_server({**offers, "body": fault}, offers) as server,
        mailer_for(server.url(patience(fault))) as mailer,
    ):
        with pytest.raises(MessageDeferred, match="end of data"):
            send(mailer, data=LARGE)
        send(mailer)

    assert len(server.received) == 1


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET])
def test_a_connection_that_breaks_after_a_small_message_has_left_is_unknown(
    offers: Script, fault: Fault
) -> None:
    with (
        scripted_server({**offers, "body": fault}) as server,
        mailer_for(server.url(patience(fault))) as mailer,
        pytest.raises(AcceptanceUnknown),
    ):
        send(mailer)


@pytest.mark.parametrize("stage", ["RCPT", "DATA", "end"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("451 4.3.0 Try later", MessageDeferred), ("554 5.7.1 Never", MessageRefused)],
)
def test_a_negative_answer_concerns_one_message_and_keeps_the_connection(
    offers: Script, stage: str, answer: str, outcome: type[MessageDeferred | MessageRefused]
) -> None:
    with (
        scripted_server({**offers, stage: [answer, STAGES[stage]]}) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        with pytest.raises(outcome, match=answer) as raised:
            send(mailer)
        send(mailer)

    assert raised.value.code == int(answer[:3])
    assert len(server.messages) == 1
    assert server.connections == 1
    assert "RSET" in server.commands


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("454 4.7.0 Daily message quota exceeded", MailServerUnavailable),
        ("452 4.3.1 Insufficient system storage", MailServerUnavailable),
        ("550 5.4.5 Daily user sending limit exceeded", SenderRefused),
        ("552 5.2.2 Over quota", SenderRefused),
        ("552 5.3.4 Message size exceeds fixed limit", MessageRefused),
    ],
)
def test_a_negative_answer_to_mail_concerns_the_sender_or_the_server(
    offers: Script, answer: str, outcome: type[Exception]
) -> None:
    sized: Script = {
        "EHLO": str(offers.get("EHLO", STAGES["EHLO"])).replace("250 ", "250-SIZE\n250 ")
    }
    with (
        scripted_server({**sized, "MAIL": [answer, STAGES["MAIL"]]}, sized) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        with pytest.raises(outcome, match=answer):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1


@pytest.mark.parametrize("answer", [*NO_ANSWER, "421 4.3.2 No", "500 5.5.1 What?"])
def test_a_server_that_cannot_reset_gets_a_new_connection(offers: Script, answer: Answer) -> None:
    with (
        scripted_server(
            {**offers, "RCPT": "550 5.1.1 No such user", "RSET": answer}, offers
        ) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        with pytest.raises(MessageRefused, match="No such user"):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1
    assert server.connections == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "end"])
def test_a_server_that_is_closing_is_unavailable_and_took_nothing(
    offers: Script, stage: str
) -> None:
    with (
        scripted_server({**offers, stage: "421 4.3.2 Shutting down"}, offers) as server,
        mailer_for(server.url(patience())) as mailer,
    ):
        with pytest.raises(MailServerUnavailable, match=r"421 4\.3\.2 Shutting down"):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1
    assert server.connections == 2


@pytest.mark.parametrize(
    "script", [{"RCPT": b"250 Ok\r\n250 Ok\r\n"}, {"DATA": b"354 Go on\r\n250 Ok\r\n"}]
)
def test_an_answer_too_many_is_not_taken_for_the_next_one(offers: Script, script: Script) -> None:
    with (
        scripted_server({**offers, "end": "554 5.6.0 No", **script}) as server,
        mailer_for(server.url(patience(*script.values()))) as mailer,
        pytest.raises(MessageDeferred, match=r"answered more than it was asked|makes no sense"),
    ):
        send(mailer)

    assert server.received == []


def test_the_words_of_a_server_are_bounded_and_printable(offers: Script) -> None:
    answer = "550-5.1.1 \x1b[31mNo\x07 such\x00 user\n550 5.1.1 " + "here " * 300

    with (
        scripted_server({**offers, "RCPT": answer}) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(MessageRefused) as refused,
    ):
        send(mailer)

    assert str(refused.value).startswith("550 5.1.1 [31mNo such user 5.1.1 here here")
    assert len(str(refused.value)) <= 200
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("stage", ["greeting", "MAIL", "RCPT", "DATA", "end", "RSET"])
def test_no_dribbling_server_outlasts_the_promised_time(offers: Script, stage: str) -> None:
    script: Script = {"RCPT": "550 5.1.1 No"} if stage == "RSET" else {}

    with scripted_server({**offers, **script, stage: Fault.DRIBBLE}) as server:
        longest = parse_mail_url(server.url("timeout=0.5")).longest_dialogue
        with mailer_for(server.url("timeout=0.5")) as mailer:
            began = time.monotonic()
            with pytest.raises((MailServerUnavailable, Undelivered)):
                send(mailer)
            took = time.monotonic() - began

    assert took < longest


def test_the_longest_dialogue_fits_into_the_default_lease() -> None:
    assert parse_mail_url("smtp://mail.example.com").longest_dialogue == pytest.approx(210)


def test_a_server_that_wants_the_data_of_a_refused_message_gets_a_new_connection() -> None:
    script: Script = {**AT_ONCE, "RCPT": "550 5.1.1 No such user", "DATA": STAGES["DATA"]}

    with (
        scripted_server(script, AT_ONCE) as server,
        mailer_for(server.url(patience())) as mailer,
    ):
        with pytest.raises(MessageRefused, match="No such user"):
            send(mailer)
        send(mailer)

    assert len(server.received) == 1
    assert server.connections == 2


def test_what_was_refused_before_the_connection_broke_is_refused() -> None:
    with (
        scripted_server(
            {**AT_ONCE, "RCPT": "550 5.1.1 No such user", "DATA": Fault.DROP}
        ) as server,
        mailer_for(server.url(patience())) as mailer,
        pytest.raises(MessageRefused, match="No such user"),
    ):
        send(mailer)
