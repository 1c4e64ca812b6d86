"""The SMTP dialogue without a socket: what is said in one group, and what an end leaves behind."""

from __future__ import annotations

import pytest

from segmail.mail.envelope import Envelope
from segmail.transport.mail_url import SmtpSettings
from segmail.transport.mailer import (
    AcceptanceUnknown,
    Accepted,
    Answered,
    Event,
    GoAhead,
    MessageDeferred,
    MessageRefused,
    NoConnection,
    NotBegun,
)
from segmail.transport.smtp_dialogue import SmtpDialogue
from segmail.transport.smtp_wire import ConnectionBroken, ConnectionClosed, ReplyReader
from tests.each_case import for_each

ADA, BOB = (
    Envelope("shop@example.com", f"{name}@example.com", f"Subject: {name}\r\n\r\nHi\r\n".encode())
    for name in ("ada", "bob")
)
INTRODUCED = b"250 Ok\r\n250 Ok\r\n354 Go on\r\n"
CONTENT = b"Subject: ada\r\n\r\nHi\r\n.\r\n"
BOBS_COMMANDS = b"MAIL FROM:<shop@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def dialogue(clock: Clock | None = None, **extensions: str) -> SmtpDialogue:
    return SmtpDialogue(
        SmtpSettings("mail.test", timeout=10),
        extensions,
        ReplyReader(),
        last_bytes=2,
        clock=clock or Clock(),
    )


def said(speaker: SmtpDialogue) -> bytes:
    output = bytes(speaker.output)
    speaker.sent(len(output))
    return output


def pipelined() -> SmtpDialogue:
    """Return a dialogue in which Ada's content and Bob's commands are to leave."""
    speaker = dialogue(PIPELINING="")
    speaker.introduce(ADA)
    said(speaker)
    assert speaker.receive(INTRODUCED) == [GoAhead(ADA)]
    speaker.hand_over()
    speaker.introduce(BOB)
    return speaker


def endings(events: list[Event]) -> list[object]:
    """Return what became of messages: the kind of an end, or that it was not begun."""
    return [
        type(event.result) if isinstance(event, Answered) else NotBegun
        for event in events
        if not isinstance(event, GoAhead)
    ]


def test_a_content_and_the_commands_of_the_next_message_are_one_group() -> None:
    speaker = pipelined()

    assert said(speaker) == CONTENT + BOBS_COMMANDS
    assert speaker.receive(b"250 Queued\r\n" + INTRODUCED) == [
        Answered(ADA, Accepted("250 Queued")),
        GoAhead(BOB),
    ]


def test_without_pipelining_each_command_waits_for_its_answer() -> None:
    speaker, heard = dialogue(), []
    speaker.introduce(ADA)
    for answer in (b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go on\r\n"):
        heard.append(said(speaker).split()[0])
        events = speaker.receive(answer)

    assert heard == [b"MAIL", b"RCPT", b"DATA"]
    assert events == [GoAhead(ADA)]
    speaker.hand_over()
    assert not speaker.takes_next
    assert said(speaker) == CONTENT


@pytest.mark.parametrize(
    ("answer", "result"), [(b"554 No\r\n", MessageRefused), (b"451 Later\r\n", MessageDeferred)]
)
def test_a_refused_content_does_not_touch_the_message_behind_it(
    answer: bytes, result: type[Exception]
) -> None:
    speaker = pipelined()
    said(speaker)

    [ended, go_ahead] = speaker.receive(answer + INTRODUCED)

    assert endings([ended]) == [result]
    assert go_ahead == GoAhead(BOB)
    assert not speaker.output, "nothing is to be reset: Bob's is under way"


def test_a_message_refused_behind_a_content_is_heard_out_and_reset() -> None:
    speaker = pipelined()
    said(speaker)

    events = speaker.receive(b"250 Queued\r\n250 Ok\r\n550 Who?\r\n")
    assert endings(events) == [Accepted, MessageRefused]
    assert not speaker.output
    assert speaker.receive(b"503 No\r\n") == []
    assert said(speaker) == b"RSET\r\n"
    assert speaker.receive(b"250 Ok\r\n") == []
    assert speaker.is_idle


@for_each(
    ("unsent", "result"),
    [
        (len(BOBS_COMMANDS) + 3, MessageDeferred),
        (len(BOBS_COMMANDS) + 2, AcceptanceUnknown),
        (len(BOBS_COMMANDS), AcceptanceUnknown),
        (0, AcceptanceUnknown),
    ],
)
def test_only_the_content_is_in_doubt_and_only_once_its_end_may_have_left(
    unsent: int, result: type[Exception]
) -> None:
    speaker = pipelined()
    speaker.sent(len(speaker.output) - unsent)

    events = speaker.broken(ConnectionBroken("did not answer in time"))

    assert endings(events) == [result, NotBegun]
    assert speaker.is_over


@pytest.mark.parametrize("answered", [b"", b"250 Ok\r\n"])
@pytest.mark.parametrize("idled", [False, True])
def test_a_used_or_idle_connection_may_close_at_a_messages_commands_and_a_new_one_may_not(
    answered: bytes, *, idled: bool
) -> None:
    used, new = pipelined(), dialogue(PIPELINING="")
    said(used)
    used.receive(b"250 Queued\r\n" + answered)
    new.may_be_stale = idled
    new.introduce(BOB)
    said(new)
    new.receive(answered)

    assert used.broken(ConnectionClosed("closed")) == [NotBegun(BOB)]
    [ended] = new.broken(ConnectionClosed("closed"))
    assert isinstance(ended, NotBegun if idled else Answered)


def test_a_server_that_closes_behind_a_content_took_nothing() -> None:
    speaker = pipelined()
    said(speaker)

    [ended, not_begun] = speaker.receive(b"421 Closing\r\n421 Closing\r\n")

    assert isinstance(ended, Answered)
    assert "421 Closing" in str(ended.result)
    assert not_begun == NotBegun(BOB)


@pytest.mark.parametrize("stage", ["MAIL", "end"])
@pytest.mark.parametrize(
    ("words", "is_about_connections"),
    [
        ("432 4.3.2 Concurrent connections limit exceeded", True),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", True),
        ("450 4.7.0 Too many sessions from your host", True),
        ("452 4.5.3 Too many recipients", False),
        ("552 5.2.2 Too many connections' worth of mail", False),
    ],
)
def test_an_answer_about_too_many_connections_is_about_the_connection(
    stage: str, words: str, *, is_about_connections: bool
) -> None:
    speaker = dialogue(PIPELINING="")
    speaker.introduce(ADA)
    if stage == "end":
        speaker.receive(INTRODUCED)
        speaker.hand_over()

    [*_, ended] = speaker.receive(words.encode() + b"\r\n")

    assert isinstance(ended, Answered)
    assert (type(ended.result) is NoConnection) == is_about_connections


def test_no_content_leaves_after_an_answer_too_many() -> None:
    speaker = dialogue(PIPELINING="")
    speaker.may_be_stale = True
    speaker.introduce(ADA)
    said(speaker)

    assert speaker.receive(INTRODUCED + b"250 Ok\r\n") == [NotBegun(ADA)]
    assert speaker.is_over


def test_each_answer_has_its_time_and_a_content_twice_that() -> None:
    clock = Clock()
    speaker = dialogue(clock, PIPELINING="")
    speaker.introduce(ADA)
    assert speaker.deadline == 110
    clock.now = 105
    speaker.receive(b"250-Ok\r\n")
    assert speaker.deadline == 110, "half an answer wins no time"
    speaker.receive(b"250 Ok\r\n250 Ok\r\n354 Go on\r\n")
    clock.now = 107
    speaker.hand_over()
    speaker.introduce(BOB)
    assert speaker.deadline == 127
    clock.now = 120
    speaker.receive(b"250 Queued\r\n")
    assert speaker.deadline == 130
