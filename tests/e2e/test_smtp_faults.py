"""What becomes of a message when the mail server breaks the dialogue, at every stage."""

from __future__ import annotations

import time

import pytest

from segmail.delivery.mail_url import parse_mail_url
from segmail.delivery.mailer import AcceptanceUnknown, MessageDeferred, MessageRefused, Undelivered
from segmail.delivery.open_mailer import longest_dialogue
from segmail.errors import ConfigError, MailServerUnavailable
from tests.sending import mailer_for, send
from tests.smtp_server import STAGES, Fault, Script, closed_port, scripted_server

PATIENCE = "timeout=0.5"
SILENCE = [Fault.HANG, Fault.DRIBBLE]
BREAKS = [Fault.DROP, Fault.RESET]
NOT_SMTP = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\r\n", b"999 what\r\n"]
ENDLESS = [b"2" * 100_000, b"250-more\r\n" * 1000]
BROKEN = [*SILENCE, *BREAKS, *NOT_SMTP, *ENDLESS]
LOGIN_OFFERED = {"EHLO": "250-mail.test\n250 AUTH PLAIN"}
LARGE = b"Subject: large\r\n\r\n" + b"0123456789ABCDE\r\n" * 1_000_000


@pytest.mark.parametrize("answer", [*BROKEN, "421 4.3.2 No", "450 4.3.2 No", "554 5.3.2 No"])
@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_server_that_does_not_greet_is_unavailable(stage: str, answer: str | Fault) -> None:
    with (
        scripted_server({stage: answer}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(MailServerUnavailable, match=rf"127\.0\.0\.1:{server.port} "):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1


@pytest.mark.parametrize("answer", [*BROKEN, "421 4.3.2 No", "454 4.7.0 Temporary failure"])
def test_a_server_that_cannot_log_in_now_is_unavailable(answer: str | Fault) -> None:
    script = {**LOGIN_OFFERED, "AUTH": answer}

    with (
        scripted_server(script, LOGIN_OFFERED) as server,
        mailer_for(server.url(PATIENCE, login="shop:secret")) as mailer,
    ):
        with pytest.raises(MailServerUnavailable, match=rf"127\.0\.0\.1:{server.port} "):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1


@pytest.mark.parametrize("answer", [*BROKEN, "250 not now"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_dialogue_that_breaks_before_the_message_defers_it(
    stage: str, answer: str | Fault
) -> None:
    if stage != "DATA" and answer == "250 not now":
        answer = "354 not now"
    with (
        scripted_server({stage: answer}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(MessageDeferred, match=rf"127\.0\.0\.1:{server.port} .*{stage}"):
            send(mailer)
        send(mailer)

    assert len(server.received) == 1
    assert server.connections == 2


@pytest.mark.parametrize("answer", [*BROKEN, "354 go on"])
def test_an_answer_lost_after_the_message_leaves_acceptance_unknown(answer: str | Fault) -> None:
    with (
        scripted_server({"end": answer}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(AcceptanceUnknown, match=rf"127\.0\.0\.1:{server.port} .*end of data"):
            send(mailer)
        send(mailer, "next@example.com")

    assert len(server.received) == 2
    assert server.connections == 2


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET, Fault.HANG])
def test_a_connection_that_breaks_inside_a_large_message_defers_it(fault: Fault) -> None:
    with (
        scripted_server({"body": fault}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(MessageDeferred, match="end of data"):
            send(mailer, data=LARGE)
        send(mailer)

    assert len(server.received) == 1


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET])
def test_a_connection_that_breaks_after_a_small_message_has_left_is_unknown(fault: Fault) -> None:
    with (
        scripted_server({"body": fault}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
        pytest.raises(AcceptanceUnknown),
    ):
        send(mailer)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "end"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("451 4.3.0 Try later", MessageDeferred), ("554 5.7.1 Never", MessageRefused)],
)
def test_a_negative_answer_concerns_one_message_and_keeps_the_connection(
    stage: str, answer: str, outcome: type[MessageDeferred | MessageRefused]
) -> None:
    with (
        scripted_server({stage: [answer, STAGES[stage]]}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(outcome, match=answer) as raised:
            send(mailer)
        send(mailer)

    assert raised.value.code == int(answer[:3])
    assert len(server.messages) == 1
    assert server.connections == 1
    assert "RSET" in server.commands


@pytest.mark.parametrize("answer", [*BROKEN, "421 4.3.2 No", "500 5.5.1 What?"])
def test_a_server_that_cannot_reset_gets_a_new_connection(answer: str | Fault) -> None:
    with (
        scripted_server({"RCPT": "550 5.1.1 No such user", "RSET": answer}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(MessageRefused, match="No such user"):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1
    assert server.connections == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "end"])
def test_a_server_that_is_closing_is_unavailable_and_took_nothing(stage: str) -> None:
    with (
        scripted_server({stage: "421 4.3.2 Shutting down"}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        with pytest.raises(MailServerUnavailable, match=r"421 4\.3\.2 Shutting down"):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1
    assert server.connections == 2


@pytest.mark.parametrize("answer", [Fault.DROP, Fault.RESET, "421 4.4.2 Idle for too long"])
def test_an_idle_connection_that_was_closed_is_opened_again_silently(answer: str | Fault) -> None:
    begun: list[int] = []

    with (
        scripted_server({"MAIL": ["250 Ok", answer]}, {}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        send(mailer)
        send(mailer, on_begin=lambda: begun.append(1))

    assert len(server.messages) == 2
    assert server.connections == 2
    assert begun == [1]


def test_a_connection_closed_right_after_a_message_is_opened_again_silently() -> None:
    with (
        scripted_server(
            {"end": b"250 Ok\r\n421 4.7.0 Enough for one connection\r\n"}, {}
        ) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        send(mailer)
        send(mailer)

    assert len(server.received) == 2
    assert server.connections == 2


def test_a_server_that_went_away_between_two_messages_is_unavailable() -> None:
    with (
        scripted_server({"MAIL": ["250 Ok", Fault.DROP]}, {"greeting": "421 No"}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        send(mailer)
        with pytest.raises(MailServerUnavailable, match="421 No"):
            send(mailer)

    assert len(server.received) == 1


def test_an_idle_connection_that_hangs_defers_the_message() -> None:
    with (
        scripted_server({"MAIL": ["250 Ok", Fault.HANG]}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
    ):
        send(mailer)
        with pytest.raises(MessageDeferred, match="did not answer in time"):
            send(mailer)


@pytest.mark.parametrize(
    "script", [{"RCPT": b"250 Ok\r\n250 Ok\r\n"}, {"DATA": b"354 Go on\r\n250 Ok\r\n"}]
)
def test_an_answer_too_many_is_not_taken_for_the_next_one(script: Script) -> None:
    with (
        scripted_server({"end": "554 5.6.0 No", **script}) as server,
        mailer_for(server.url(PATIENCE)) as mailer,
        pytest.raises(MessageDeferred, match="answered more than it was asked"),
    ):
        send(mailer)

    assert server.received == []


@pytest.mark.parametrize("answer", ENDLESS)
def test_an_endless_answer_is_not_listened_to(answer: bytes) -> None:
    with (
        scripted_server({"EHLO": answer}) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(MailServerUnavailable, match="answers without end"),
    ):
        send(mailer)


def test_a_closed_port_is_unavailable() -> None:
    port = closed_port()

    with (
        mailer_for(f"smtp://127.0.0.1:{port}?{PATIENCE}") as mailer,
        pytest.raises(MailServerUnavailable, match=rf"127\.0\.0\.1:{port} cannot be reached"),
    ):
        send(mailer)


def test_a_host_that_does_not_exist_is_unavailable() -> None:
    with (
        mailer_for(f"smtp://mail.invalid?{PATIENCE}") as mailer,
        pytest.raises(MailServerUnavailable, match=r"mail\.invalid:25 cannot be reached"),
    ):
        send(mailer)


def test_a_server_that_demands_a_login_before_mail_is_misconfigured() -> None:
    with (
        scripted_server({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(ConfigError, match=r"SEGMAIL_SMTP_URL.*530 5\.7\.0 Must issue"),
    ):
        send(mailer)


def test_the_words_of_a_server_are_bounded_and_printable() -> None:
    answer = "550-5.1.1 \x1b[31mNo\x07 such\x00 user\n550 5.1.1 " + "here " * 300

    with (
        scripted_server({"RCPT": answer}) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(MessageRefused) as refused,
    ):
        send(mailer)

    assert str(refused.value).startswith("550 5.1.1 [31mNo such user 5.1.1 here here")
    assert len(str(refused.value)) <= 200
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("stage", ["greeting", "MAIL", "RCPT", "DATA", "end", "RSET"])
def test_no_dribbling_server_outlasts_the_promised_time(stage: str) -> None:
    script: Script = {"RCPT": "550 5.1.1 No"} if stage == "RSET" else {}

    with scripted_server({**script, stage: Fault.DRIBBLE}) as server:
        longest = longest_dialogue(parse_mail_url(server.url("timeout=0.2")))
        with mailer_for(server.url("timeout=0.2")) as mailer:
            began = time.monotonic()
            with pytest.raises((MailServerUnavailable, Undelivered)):
                send(mailer)
            took = time.monotonic() - began

    assert took < longest


def test_the_longest_dialogue_fits_into_the_default_lease() -> None:
    assert longest_dialogue(parse_mail_url("smtp://mail.example.com")) == pytest.approx(280)
