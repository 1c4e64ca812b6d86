"""Messages handed to a program that stands in for sendmail."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from segmail.errors import ConfigError, MailServerUnavailable
from segmail.transport.mailer import AcceptanceUnknown, MessageDeferred, MessageRefused
from tests.documented_refusals import documented_exit_codes
from tests.sending import mailer_for, send


def program(folder: Path, script: str) -> str:
    """Write a shell script as the mail program and return its URL."""
    path = folder / "sendmail"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"sendmail://{path}"


def test_the_program_gets_sender_recipient_and_message(tmp_path: Path) -> None:
    url = program(tmp_path, f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/message')

    with mailer_for(url) as mailer:
        accepted = send(mailer, "-oQ@example.com", data=b"Subject: Hi\r\n\r\n.\r\nHello\r\n")

    arguments = (tmp_path / "arguments").read_text()
    assert arguments == "-i -f shop@example.com -- -oQ@example.com\n"
    assert (tmp_path / "message").read_bytes() == b"Subject: Hi\n\n.\nHello\n"
    assert accepted.reply == f"taken by {tmp_path}/sendmail"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (code, {1: MessageRefused, 75: MailServerUnavailable, 78: ConfigError}[documented.code])
        for code, documented in documented_exit_codes().items()
        if code
    ],
)
def test_the_exit_code_is_the_outcome(code: int, outcome: type[Exception], tmp_path: Path) -> None:
    url = program(tmp_path, f"cat > /dev/null; echo 'it is so' >&2; exit {code}")

    with (
        mailer_for(url) as mailer,
        pytest.raises(outcome, match=rf"sendmail ended with {code}.* it is so"),
    ):
        send(mailer)


@pytest.mark.parametrize(
    ("reply", "outcome"), [("450 4.2.0", MessageDeferred), ("550 5.1.1", MessageRefused)]
)
def test_a_relays_answer_about_the_recipient_concerns_her_alone(
    reply: str, outcome: type[Exception], tmp_path: Path
) -> None:
    """In the words of msmtp, which ends with 69 here as if the relay were away."""
    words = f"recipient address 530-x@example.com not accepted; server message: {reply} No"
    url = program(tmp_path, f"echo '{words}' >&2; exit 69")

    with mailer_for(url) as mailer, pytest.raises(outcome, match=reply):
        send(mailer, "530-x@example.com")


def test_a_program_in_the_background_keeps_nobody_waiting(tmp_path: Path) -> None:
    url = program(tmp_path, "sleep 30 & echo taken; exit 0")

    with mailer_for(f"{url}?timeout=10") as mailer:
        began = time.monotonic()
        send(mailer)

    assert time.monotonic() - began < 5


def test_all_that_a_hanging_program_started_is_stopped(tmp_path: Path) -> None:
    url = program(tmp_path, f"sh -c 'sleep 1; touch {tmp_path}/alive' & sleep 60")

    with mailer_for(f"{url}?timeout=0.2") as mailer, pytest.raises(AcceptanceUnknown):
        send(mailer)

    time.sleep(1.2)
    assert not (tmp_path / "alive").exists()


def test_a_program_that_does_not_read_the_message_is_no_surprise(tmp_path: Path) -> None:
    with (
        mailer_for(program(tmp_path, "exit 67")) as mailer,
        pytest.raises(MessageRefused, match="no such user"),
    ):
        send(mailer, data=b"x" * 1_000_000)


def test_a_program_that_was_killed_leaves_acceptance_unknown(tmp_path: Path) -> None:
    with (
        mailer_for(program(tmp_path, "kill -9 $$")) as mailer,
        pytest.raises(AcceptanceUnknown, match="killed"),
    ):
        send(mailer)


def test_a_program_that_hangs_is_stopped_and_leaves_acceptance_unknown(tmp_path: Path) -> None:
    url = program(tmp_path, "exec sleep 60")

    with (
        mailer_for(f"{url}?timeout=0.2") as mailer,
        pytest.raises(AcceptanceUnknown, match="did not end in time"),
    ):
        send(mailer)


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_program_that_cannot_run_is_told_before_any_message(
    mode: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "sendmail"
    if mode is not None:
        path.touch(mode)

    with (
        pytest.raises(ConfigError, match=r"sendmail cannot be used: .*smtp://HOST"),
        mailer_for(f"sendmail://{path}"),
    ):
        pass


def test_a_program_that_vanishes_is_told(tmp_path: Path) -> None:
    with mailer_for(program(tmp_path, "exit 0")) as mailer:
        (tmp_path / "sendmail").unlink()
        with pytest.raises(ConfigError, match="No such file or directory"):
            send(mailer)
