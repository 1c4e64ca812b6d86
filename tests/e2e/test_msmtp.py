"""Real msmtp as the mail program: what a relay's refusals do, told by codes and words alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segmail.errors import ConfigError, MailServerUnavailable
from segmail.transport.mailer import MessageDeferred, MessageRefused, SenderRefused
from tests.sending import mailer_for, send
from tests.smtp_server import closed_port, scripted_server

_MSMTP = shutil.which("msmtp")
pytestmark = pytest.mark.skipif(_MSMTP is None, reason="msmtp is not installed")


def _url(folder: Path, port: int) -> str:
    """Write a program that calls msmtp with a relay at `port`; return its mail URL."""
    settings = folder / "msmtprc"
    settings.write_text(f"account default\nhost 127.0.0.1\nport {port}\ntls off\nauth off\n")
    settings.chmod(0o600)
    program = folder / "sendmail"
    program.write_text(f'#!/bin/sh\nexec {_MSMTP} -C {settings} "$@"\n')
    program.chmod(0o755)
    return f"sendmail://{program}"


@pytest.mark.parametrize(
    ("stage", "answer", "outcome"),
    [
        ("greeting", "421 4.3.2 Closing", MailServerUnavailable),
        ("MAIL", "454 4.7.0 Daily message quota exceeded", MailServerUnavailable),
        ("MAIL", "550 5.4.5 Daily user sending limit exceeded", SenderRefused),
        ("RCPT", "450 4.2.0 Greylisted", MessageDeferred),
        ("RCPT", "550 5.1.1 No such user", MessageRefused),
        ("RCPT", "554 5.7.1 Relay access denied", ConfigError),
        ("RCPT", "450 4.1.8 Sender address rejected", MailServerUnavailable),
        ("RCPT", "553 5.7.1 Sender address rejected", SenderRefused),
        ("RCPT", "530 5.7.0 Authentication required", ConfigError),
        ("end", "535 5.7.8 Credentials expired", ConfigError),
        ("end", "554 5.7.1 Never", MessageRefused),
        ("DATA", "451 4.3.0 Try later", MessageDeferred),
    ],
)
def test_a_relays_refusal_is_booked_on_whom_it_concerns(
    stage: str, answer: str, outcome: type[Exception], tmp_path: Path
) -> None:
    with (
        scripted_server({stage: answer}) as server,
        mailer_for(_url(tmp_path, server.port)) as mailer,
        pytest.raises(outcome, match=answer[:9]),
    ):
        send(mailer)


def test_a_relay_that_is_away_is_no_recipients_fault(tmp_path: Path) -> None:
    with (
        mailer_for(_url(tmp_path, closed_port())) as mailer,
        pytest.raises(MailServerUnavailable, match="msmtp"),
    ):
        send(mailer)


def test_a_message_arrives(tmp_path: Path) -> None:
    with scripted_server() as server, mailer_for(_url(tmp_path, server.port)) as mailer:
        send(mailer)

    assert len(server.messages) == 1
