"""Mail servers that no message can be begun with, and connections that died while idle."""

from __future__ import annotations

import pytest

from segmail.errors import ConfigError, MailServerUnavailable
from tests.sending import mailer_for, patience, send
from tests.smtp_server import ENDLESS, NO_ANSWER, Answer, Fault, closed_port, scripted_server

LOGIN_OFFERED = {"EHLO": "250-mail.test\n250 AUTH PLAIN"}


@pytest.mark.parametrize("answer", [*NO_ANSWER, "421 4.3.2 No", "450 4.3.2 No", "554 5.3.2 No"])
@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_server_that_does_not_greet_is_unavailable(stage: str, answer: Answer) -> None:
    with (
        scripted_server({stage: answer}, {}) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        with pytest.raises(MailServerUnavailable, match=rf"127\.0\.0\.1:{server.port} "):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1


@pytest.mark.parametrize("answer", [*NO_ANSWER, "421 4.3.2 No", "454 4.7.0 Temporary failure"])
def test_a_server_that_cannot_log_in_now_is_unavailable(answer: Answer) -> None:
    script = {**LOGIN_OFFERED, "AUTH": answer}

    with (
        scripted_server(script, LOGIN_OFFERED) as server,
        mailer_for(server.url(patience(answer), login="shop:secret")) as mailer,
    ):
        with pytest.raises(MailServerUnavailable, match=rf"127\.0\.0\.1:{server.port} "):
            send(mailer)
        send(mailer)

    assert len(server.messages) == 1


@pytest.mark.parametrize("answer", [Fault.DROP, Fault.RESET, "421 4.4.2 Idle for too long"])
def test_an_idle_connection_that_was_closed_is_opened_again_silently(answer: Answer) -> None:
    with (
        scripted_server({"MAIL": ["250 Ok", answer]}, {}) as server,
        mailer_for(server.url(patience(answer))) as mailer,
    ):
        send(mailer)
        send(mailer)

    assert len(server.messages) == 2
    assert server.connections == 2


def test_a_connection_opened_ahead_may_have_idled_too() -> None:
    with (
        scripted_server({"MAIL": Fault.DROP}, {}) as server,
        mailer_for(server.url(patience())) as mailer,
    ):
        mailer.open().may_be_stale = True
        send(mailer)

    assert len(server.messages) == 1
    assert server.connections == 2


def test_a_connection_closed_right_after_a_message_is_opened_again_silently() -> None:
    with (
        scripted_server(
            {"end": b"250 Ok\r\n421 4.7.0 Enough for one connection\r\n"}, {}
        ) as server,
        mailer_for(server.url(patience())) as mailer,
    ):
        send(mailer)
        send(mailer)

    assert len(server.received) == 2
    assert server.connections == 2


def test_a_server_that_went_away_between_two_messages_is_unavailable() -> None:
    with (
        scripted_server({"MAIL": ["250 Ok", Fault.DROP]}, {"greeting": "421 No"}) as server,
        mailer_for(server.url(patience())) as mailer,
    ):
        send(mailer)
        with pytest.raises(MailServerUnavailable, match="421 No"):
            send(mailer)

    assert len(server.received) == 1


def test_an_idle_connection_that_hangs_is_the_servers_fault() -> None:
    with (
        scripted_server({"MAIL": ["250 Ok", Fault.HANG]}) as server,
        mailer_for(server.url(patience(Fault.HANG))) as mailer,
    ):
        send(mailer)
        with pytest.raises(MailServerUnavailable, match="did not answer in time"):
            send(mailer)


@pytest.mark.parametrize("answer", ENDLESS)
def test_an_endless_answer_is_not_listened_to(answer: Answer) -> None:
    with (
        scripted_server({"EHLO": answer}) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(MailServerUnavailable, match="answers without end"),
    ):
        send(mailer)


def test_a_closed_port_is_unavailable() -> None:
    port = closed_port()

    with (
        mailer_for(f"smtp://127.0.0.1:{port}?{patience()}") as mailer,
        pytest.raises(MailServerUnavailable, match=rf"127\.0\.0\.1:{port} cannot be reached"),
    ):
        send(mailer)


def test_a_host_that_does_not_exist_is_unavailable() -> None:
    with (
        mailer_for(f"smtp://mail.invalid?{patience()}") as mailer,
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
