"""Hands messages to a local mail program, as `sendmail -i -f SENDER -- RECIPIENT`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from segmail.delivery.mail_url import SendmailSettings
from segmail.delivery.mailer import (
    AcceptanceUnknown,
    Accepted,
    Envelope,
    MessageDeferred,
    MessageRefused,
    printable,
)
from segmail.errors import ConfigError

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

    def _run(self, envelope: Envelope) -> tuple[int, str]:
        program = str(self._settings.program)
        arguments = [program, "-i", "-f", envelope.sender or "<>", "--", envelope.recipient]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and `--` ends the options
                arguments,
                input=envelope.data.replace(b"\r\n", b"\n"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self._settings.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise AcceptanceUnknown(f"{program} did not end in time and was stopped") from error
        except OSError as error:
            raise _unusable(self._settings, error.strerror) from error
        return done.returncode, printable(done.stdout.decode("utf-8", "replace"))


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
