"""Passes messages to a local mail program, as `sendmail -i -f SENDER -- RECIPIENT`.

The exit code says what became of the message, by sysexits.h. Programs use one code for many things,
msmtp 69 for a relay that is away as well as for a recipient that does not exist. So only codes that
are always about the recipient or the message end a row; codes that every call may return alike end
the run, and the rows stay as they were.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from typing import IO

from segmail.errors import ConfigError, MailServerUnavailable, SegmailError
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import SendmailSettings
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    MessageDeferred,
    MessageRefused,
    SenderRefused,
    fault_here,
    is_about_client,
    is_about_login,
    is_about_sender,
    short_line,
)
from segmail.transport.mailer_connection import MailerConnection

REFUSED = {65: "malformed message", 67: "no such user"}
MISCONFIGURED = {
    64: "wrong use",
    72: "a system file is missing",
    77: "not allowed",
    78: "configuration error",
    126: "it cannot be executed",
    127: "a program that it needs is missing",
}
_KILLED = 128  # a shell adds it to the signal that ended a program
_MOST_SAID = 4096
_ABOUT_MESSAGE = re.compile(r"not accept (?:the )?mail")  # msmtp's words once RCPT has passed
_REPLY = re.compile(r"\b([45])\d\d[ -]")  # of the relay, as programs repeat it


class SendmailMailer(MailerConnection):
    """Starts the program once per message; its exit code and its words are the outcome."""

    def __init__(self, settings: SendmailSettings) -> None:
        super().__init__(self._taken, takes_long=True)
        self._settings = settings
        self._program: subprocess.Popen[bytes] | None = None

    def _taken(self, envelope: Envelope) -> Accepted:
        code, words = self._run(envelope)
        if code == 0:
            return Accepted(f"taken by {self._settings.program}")
        text = f"{self._settings.program.name} ended with {code}"
        if code < 0 or code > _KILLED:
            raise AcceptanceUnknown(f"{text} (killed) {words}")
        raise self._outcome(envelope, code, words, text)

    def _outcome(self, envelope: Envelope, code: int, words: str, text: str) -> Exception:
        """Return what a code means; words about an address tell more than the code."""
        about_message = _ABOUT_MESSAGE.search(words)
        about_row = _reply_about(about_message[0] if about_message else envelope.recipient, words)
        if about_all := self._about_all(envelope, f"{text}: {words}", words):
            return about_all
        if not about_row and _reply_about(envelope.sender, words) == "5":
            return SenderRefused(f"{text}: {words}", code=code)
        if code in REFUSED:
            return MessageRefused(f"{text} ({REFUSED[code]}) {words}", code=code)
        if code in MISCONFIGURED:
            return ConfigError(f"{self._settings.source}: {text} ({MISCONFIGURED[code]}) {words}")
        if about_row:
            refused = MessageRefused if about_row == "5" else MessageDeferred
            return refused(f"{text}: {words}", code=code)
        return MailServerUnavailable(
            f"The mail program {self._settings.program} takes no mail now: {text} {words}".rstrip()
        )

    def _about_all(self, envelope: Envelope, text: str, words: str) -> Exception | None:
        """Return what a relay's words about this host or the sender mean, at whatever command."""
        # An address may contain what looks like a reply.
        without = words.replace(envelope.recipient, " ").replace(envelope.sender or " ", " ")
        found = _REPLY.search(without)
        if found is None:
            return None
        is_content = _ABOUT_MESSAGE.search(words) is not None
        if is_about_login(int(found[0][:3]), after_content=is_content):
            return ConfigError(f"{self._settings.source}: the relay wants a login: {text}")
        if not (is_about_client(words) or is_about_sender(words)):
            return None
        if found[1] == "4":
            return MailServerUnavailable(f"The relay takes no mail now: {text}")
        if is_about_client(words):
            return ConfigError(f"{self._settings.source}: {text}")
        return SenderRefused(text)

    def abort(self) -> None:
        """Kill the running program and everything that it started."""
        if self._program is not None:
            _kill(self._program)

    def _run(self, envelope: Envelope) -> tuple[int, str]:
        """Run the program to its end and return its code and words.

        It reads and writes files, not pipes: a process that it leaves in the background may hold
        pipes open for as long as it likes.
        """
        program = str(self._settings.program)
        arguments = [program, "-i", "-f", envelope.sender or "<>", "--", envelope.recipient]
        try:
            with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
                given.write(envelope.data.replace(b"\r\n", b"\n"))
                given.seek(0)
                code = self._wait(arguments, given, said)
                said.seek(0)
                words = said.read(_MOST_SAID)
        except subprocess.TimeoutExpired as error:
            raise AcceptanceUnknown(f"{program} did not end in time and was stopped") from error
        except OSError as error:
            raise _unusable(self._settings, error.strerror, error.errno) from error
        return code, short_line(words.decode("utf-8", "replace"))

    def _wait(self, arguments: list[str], given: IO[bytes], said: IO[bytes]) -> int:
        running = subprocess.Popen(  # noqa: S603 - no shell, and `--` ends the options
            arguments,
            stdin=given,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, which can be killed as a whole
        )
        self._program = running
        try:
            return running.wait(timeout=self._settings.timeout)
        except BaseException:
            _kill(running)
            running.wait()
            raise
        finally:
            self._program = None


def check_sendmail(settings: SendmailSettings) -> None:
    """Raise ConfigError if the program cannot be run."""
    if not settings.program.is_file():
        raise _unusable(settings, "there is no such file")
    if not os.access(settings.program, os.X_OK):
        raise _unusable(settings, "it cannot be executed")


def _reply_about(what: str, words: str) -> str | None:
    """Return the first digit of a reply that a program repeats in words about an address."""
    if not what or what not in words:
        return None
    found = _REPLY.search(words.replace(what, " ", 1))
    return found[1] if found else None


def _kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)


def _unusable(
    settings: SendmailSettings, reason: str | None, number: int | None = None
) -> SegmailError:
    text = f"the mail program {settings.program} cannot be used: {reason}."
    advice = "Install one (such as postfix or msmtp-mta), or name a mail server: smtp://HOST."
    return fault_here(settings.source, text, number, advice)
