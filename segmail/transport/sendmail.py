"""Hands messages to a local mail program, as `sendmail -i -f SENDER -- RECIPIENT`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from segmail.errors import ConfigError
from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import SendmailSettings
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    MessageDeferred,
    MessageRefused,
    printable,
)

_REFUSED = {
    65: "malformed message",
    67: "no such user",
    68: "no such host",
    69: "refused",
}
_MISCONFIGURED = {
    64: "wrong use",
    72: "a system file is missing",
    77: "not allowed",
    78: "configuration error",
}


class SendmailMailer:
    """Starts the program once a message. Its exit code, one of sysexits.h, is the outcome."""

    def __init__(self, settings: SendmailSettings) -> None:
        self._settings = settings
        self._running: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """There is nothing to open."""

    def send(self, envelope: Envelope, *, on_begin: Callable[[], None]) -> Accepted:
        """Send one message; see `Mailer.send`. Any code that says nothing else defers it."""
        on_begin()
        code, words = self._run(envelope)
        if code == 0:
            return Accepted(f"taken by {self._settings.program}")
        text = f"{self._settings.program.name} ended with {code}"
        if code < 0:
            raise AcceptanceUnknown(f"{text} (killed) {words}")
        if code in _MISCONFIGURED:
            raise ConfigError(f"{self._settings.source}: {text} ({_MISCONFIGURED[code]}) {words}")
        if code in _REFUSED:
            raise MessageRefused(f"{text} ({_REFUSED[code]}) {words}", code=code)
        raise MessageDeferred(f"{text} {words}", code=code)

    def close(self) -> None:
        """There is nothing to close."""

    def abort(self) -> None:
        """Kill the program that is running."""
        if self._running is not None:
            self._running.kill()

    def _run(self, envelope: Envelope) -> tuple[int, str]:
        program = str(self._settings.program)
        arguments = [program, "-i", "-f", envelope.sender or "<>", "--", envelope.recipient]
        try:
            with subprocess.Popen(  # noqa: S603 - no shell, and `--` ends the options
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as running:
                self._running = running
                said = self._feed(running, envelope.data.replace(b"\r\n", b"\n"))
        except subprocess.TimeoutExpired as error:
            raise AcceptanceUnknown(f"{program} did not end in time and was stopped") from error
        except OSError as error:
            raise _unusable(self._settings, error.strerror) from error
        finally:
            self._running = None
        return running.returncode, printable(said.decode("utf-8", "replace"))

    def _feed(self, running: subprocess.Popen[bytes], data: bytes) -> bytes:
        """Give the program its input and return what it says; it is killed when time is over."""
        try:
            return running.communicate(data, timeout=self._settings.timeout)[0]
        except BaseException:
            running.kill()
            raise


def check_sendmail(settings: SendmailSettings) -> None:
    """Raise ConfigError where the program cannot be run."""
    if not settings.program.is_file():
        raise _unusable(settings, "there is no such file")
    if not os.access(settings.program, os.X_OK):
        raise _unusable(settings, "it cannot be executed")


def _unusable(settings: SendmailSettings, reason: str | None) -> ConfigError:
    return ConfigError(
        f"{settings.source}: the mail program {settings.program} cannot be used: {reason}. "
        "Install one (such as postfix or msmtp-mta), or name a mail server: smtp://HOST."
    )
