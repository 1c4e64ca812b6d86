"""What can become of a message.

A message ends in exactly one of these ways:

Accepted                 the server took responsibility
MessageRefused           it will never take this message
MessageDeferred          it did not take this message now
AcceptanceUnknown        nobody can know: sending it again could send it twice
SenderRefused            the server takes no mail of this message's sender; other senders' may pass
NoConnection             no connection can be had; this message was not accepted
MailServerUnavailable    it takes no message now; this one was not accepted
ConfigError              it takes no message until a human acts; this one was not accepted

Before RCPT, a server's answers are about itself or the sender. Only its answers to RCPT, to DATA
and to the message itself are about this message (docs/mail.md has the table). But many servers,
Postfix by default, put off until then what they have to say about the client and the sender: their
words tell.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from segmail.errors import ConfigError, Fault, MailServerUnavailable, SegmailError
from segmail.mail.envelope import Envelope
from segmail.printable import one_line

_LONGEST_TEXT = 200  # what `newsletter_problem.problem_error_text` holds
_LONGEST_WORDS = 160  # a server's share of it

_ASKS_FOR_LOGIN = {530, 535, 538}  # RFC 4954: an answer to any command
_LOGIN_TOO_WEAK = 534  # also RFC 4954, but some say it of a message's size
_ABOUT_CLIENT = re.compile(
    r"relay access denied|unable to relay|(?:not|never) relay\b"
    r"|(?:client host|helo command) rejected"
    r"|relay(?:ing)? (?:is )?(?:denied|prohibited|not (?:allowed|permitted))",
    re.IGNORECASE,
)
_ABOUT_SENDER = re.compile(
    r"sender (?:address )?rejected|sender verify failed"
    r"|(?:sending|outgoing|outbound)(?: \w+){0,2} (?:limit|quota)",  # a mailbox has quotas, too
    re.IGNORECASE,
)


def is_about_login(code: int, *, after_content: bool) -> bool:
    """Return whether a refusal is about the login of the host that sends, by its code."""
    return code in _ASKS_FOR_LOGIN or (code == _LOGIN_TOO_WEAK and not after_content)


def is_about_client(words: str) -> bool:
    """Return whether a refusal's words are about the host that sends: it would meet every mail."""
    return _ABOUT_CLIENT.search(words) is not None


def is_about_sender(words: str) -> bool:
    """Return whether a refusal's words are about the sender's address or account."""
    return _ABOUT_SENDER.search(words) is not None


@dataclass(frozen=True)
class Accepted:
    """The server's positive answer, such as `250 2.0.0 Ok: queued as 4XkY`."""

    reply: str


@dataclass(frozen=True)
class GoAhead:
    """The server waits for the content of the introduced message."""

    envelope: Envelope


@dataclass(frozen=True)
class Answered:
    """The outcome of a message: accepted, or the error that says what became of it."""

    envelope: Envelope
    result: Accepted | BaseException

    def accepted(self) -> Accepted:
        """Return the server's answer; raise any other outcome."""
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


@dataclass(frozen=True)
class NotBegun:
    """The connection ended before the message's content; it may be sent over another one."""

    envelope: Envelope


Event = GoAhead | Answered | NotBegun


class NoConnection(MailServerUnavailable):
    """No connection is possible now; those that are open may go on."""


class Undelivered(Exception):
    """It was not seen that the message was accepted.

    The text is what people read in the history: the server's words, at most 200 characters. `code`
    is the server's, None if it gave none.
    """

    def __init__(self, text: str, *, code: int | None = None) -> None:
        self.code = code
        super().__init__(short_line(text, most=_LONGEST_TEXT))


class MessageRefused(Undelivered):
    """The server refused this message for good; the others may pass."""


class MessageDeferred(Undelivered):
    """This message was certainly not accepted, but may be later."""


class SenderRefused(Undelivered):
    """The server refuses this message's sender until a person acts; nothing was sent."""


class AcceptanceUnknown(Undelivered):
    """The message was handed over, and the answer was lost."""


_MAY_PASS = {
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EAGAIN,
    errno.ENOMEM,
}  # fmt: skip


def fault_here(source: str, text: str, number: int | None, advice: str = "") -> SegmailError:
    """Return what it means that a folder or program of this machine cannot be used.

    `number` is the system's for it: some faults pass; for the others a person must mend `source`.
    """
    if number in _MAY_PASS:
        return MailServerUnavailable(f"{text[0].upper()}{text[1:]}")
    return ConfigError(Fault(f"{source}: {text}", advice))


def short_line(words: str, *, most: int = _LONGEST_WORDS) -> str:
    """Return words from outside as one line of limited length without control characters."""
    line = " ".join(one_line(words).split())
    return line if len(line) <= most else line[: most - 1] + "…"
