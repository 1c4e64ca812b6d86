"""Messages over a real SMTP connection to a server that takes mail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segmail.errors import MessageError
from segmail.mail.envelope import Envelope
from segmail.mail.message import build_message
from segmail.mail.quoted_printable import quoted_printable
from segmail.transport.mailer import MessageRefused
from tests.sending import DATA, mailer_for, send
from tests.smtp_server import recording_server, scripted_server
from tests.unit.mail.letters import LETTER


def test_a_message_arrives_with_its_envelope() -> None:
    with recording_server() as server, mailer_for(server.url()) as mailer:
        accepted = send(mailer)

    [message] = server.messages
    assert (message.mail_from, message.rcpt_to) == ("shop@example.com", ("ada@example.com",))
    assert message.data == DATA
    assert accepted.reply == "250 2.0.0 Ok: queued as 000001"


def test_one_connection_serves_many_messages() -> None:
    with recording_server() as server, mailer_for(server.url()) as mailer:
        for number in range(50):
            send(mailer, f"{number}@example.com")

    assert [message.rcpt_to for message in server.messages] == [
        (f"{number}@example.com",) for number in range(50)
    ]
    assert server.connections == 1


def test_nothing_connects_before_the_first_message() -> None:
    with recording_server() as server, mailer_for(server.url()):
        pass

    assert server.connections == 0


def test_a_refused_address_fails_alone_on_the_same_connection() -> None:
    refuse = {"gone@example.com": "550 5.1.1 No such user"}

    with recording_server(refuse=refuse) as server, mailer_for(server.url()) as mailer:
        with pytest.raises(MessageRefused, match=r"^550 5\.1\.1 No such user \(at RCPT\)$") as no:
            send(mailer, "gone@example.com")
        send(mailer, "ada@example.com")

    assert no.value.code == 550
    assert [message.rcpt_to for message in server.messages] == [("ada@example.com",)]
    assert server.connections == 1


@pytest.mark.parametrize(
    "body",
    [
        ".",
        "..\r\n.a\r\n",
        "end\r\n.\r\nMAIL FROM:<x@y>\r\n",
        "end\n.\nMAIL FROM:<x@y>\n",
        "end\r.\rMAIL",
        "end\r\n.\rMAIL\n.\r\n",
        "x" * 75 + ".\n" * 100_000,
    ],
    ids=["dot", "dots", "CRLF", "LF", "CR", "mixed", "long"],
)
def test_no_body_can_end_the_message_early(body: str) -> None:
    data = build_message(replace(LETTER, body=quoted_printable(body)))

    with recording_server() as server, mailer_for(server.url()) as mailer:
        send(mailer, data=data)
        send(mailer)

    message, other = server.messages
    assert (message.data, other.data) == (data, DATA)


def test_an_international_mailbox_goes_out_where_the_server_offers_it() -> None:
    with recording_server(utf8=True) as server, mailer_for(server.url()) as mailer:
        send(mailer, "дора@example.com", utf8=True)

    assert server.messages[0].rcpt_to == ("дора@example.com",)


def test_an_international_mailbox_fails_alone_where_the_server_does_not() -> None:
    with recording_server(utf8=False) as server, mailer_for(server.url()) as mailer:
        with pytest.raises(MessageError, match="SMTPUTF8"):
            send(mailer, "дора@example.com", utf8=True)
        send(mailer)

    assert [message.rcpt_to for message in server.messages] == [("ada@example.com",)]


def test_the_size_is_told_where_the_server_asks_for_it() -> None:
    script = {"EHLO": "250-mail.test\n250 SIZE 1000", "MAIL": "552 5.3.4 Too big"}

    with (
        scripted_server(script) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(MessageRefused, match="Too big"),
    ):
        send(mailer, data=b"x" * 200 + b"\r\n")

    assert "MAIL FROM:<shop@example.com> SIZE=205" in server.commands


def test_a_message_that_is_larger_than_the_server_takes_is_not_begun() -> None:
    with (
        scripted_server({"EHLO": "250-mail.test\n250 SIZE 100"}) as server,
        mailer_for(server.url()) as mailer,
        pytest.raises(MessageError, match=r"202 bytes; .* takes at most 100"),
    ):
        send(mailer, data=b"x" * 200 + b"\r\n")

    assert not [command for command in server.commands if command.startswith("MAIL")]


def test_a_server_without_ehlo_is_greeted_with_helo() -> None:
    with (
        scripted_server({"EHLO": "502 5.5.2 Error"}) as server,
        mailer_for(server.url("ehlo=shop.example.com")) as mailer,
    ):
        send(mailer)

    assert server.commands[:2] == ["EHLO shop.example.com", "HELO shop.example.com"]
    assert len(server.messages) == 1


def test_a_bounce_has_an_empty_sender() -> None:
    with scripted_server() as server, mailer_for(server.url()) as mailer:
        mailer.send(Envelope("", "ada@example.com", DATA))

    assert "MAIL FROM:<>" in server.commands


def test_closing_says_quit_and_sending_again_connects_again() -> None:
    with scripted_server() as server, mailer_for(server.url()) as mailer:
        send(mailer)
        mailer.close()
        said = server.commands[-1]
        send(mailer)

    assert said == "QUIT"
    assert server.connections == 2
