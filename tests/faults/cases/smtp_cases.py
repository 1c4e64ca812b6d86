"""The fault matrix of the mail server: what it does at each stage, and how rows must end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.documented_refusals import Refusal, documented_refusals
from tests.faults.cases.end_state import DEFERRED, INTERRUPTED, REFUSED, SENT, UNTOUCHED
from tests.smtp_server import STAGES, Answer, Fault, Script

GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"
CLOSING = "421 4.3.2 Shutting down"
LATER = "451 4.3.0 Try later"
NEVER = "554 5.7.1 Never"

NAMES: Mapping[Answer, str] = {
    Fault.HANG: "hangs",
    Fault.RESET: "resets",
    Fault.DROP: "drops",
    Fault.DRIBBLE: "dribbles",
    GARBAGE: "garbage",
    CLOSING: "421",
    LATER: "4xx",
    NEVER: "5xx",
    "535 5.7.8 Wrong": "535",
}
_ALL: Sequence[Answer] = tuple(NAMES)[:-1]
_KINDS: Mapping[Answer, str] = {CLOSING: "421", LATER: "4xx", NEVER: "5xx"}
_AFTER = {
    "scheduled as before": (SENT, UNTOUCHED, UNTOUCHED),  # all are of one sender
    "tried again": (SENT, DEFERRED, SENT),
    "failed": (SENT, REFUSED, SENT),
    "failed: interrupted": (SENT, INTERRUPTED, SENT),
    "sent over a new connection": (SENT, SENT, SENT),
}
_OFFER = "250-mail.test\n250-8BITMIME\n250-SMTPUTF8\n250-AUTH PLAIN\n250 STARTTLS"


@dataclass(frozen=True)
class Case:
    """What the server does to the second of three messages, or to each connection."""

    stage: str
    answer: Answer
    after: Sequence[str]
    code: int  # of the program
    options: str = ""  # of the mail URL
    login: str = ""

    @property
    def name(self) -> str:
        return f"{self.stage} {NAMES[self.answer]}"


def scripts(case: Case, offers: Script) -> list[Script]:
    """Return the scripts of the server's connections; `offers` is what it says to EHLO."""
    if case.stage in ("greeting", "EHLO", "STARTTLS", "handshake", "AUTH"):
        return [{"EHLO": _OFFER, case.stage: case.answer}]
    if case.answer == CLOSING:
        return [{**offers, case.stage: _second(case)}, {"greeting": CLOSING}]
    if case.stage == "RSET":
        return [
            {**offers, "RCPT": _second(Case("RCPT", NEVER, (), 0)), "RSET": case.answer},
            offers,
        ]
    return [{**offers, case.stage: _second(case)}, offers]


def chosen(cases: Sequence[Case], names: Collection[str]) -> list[Case]:
    """Return the cases of these names."""
    found = [case for case in cases if case.name in names]
    assert len(found) == len(names)
    return found


def _second(case: Case) -> Sequence[Answer]:
    usual = STAGES.get(case.stage, "")
    return [usual, case.answer, usual]


def _message_cases() -> list[Case]:
    """What becomes of three messages when the second one meets an answer, as documented."""
    return [
        Case(stage, answer, _AFTER[_documented(stage, answer).row], _documented(stage, answer).code)
        for stage in ("MAIL", "RCPT", "DATA", "end")
        for answer in _ALL
    ]


def _documented(stage: str, answer: Answer) -> Refusal:
    """Return what docs/mail.md says of an answer at a stage."""
    # The second message finds a connection that had waited for it.
    was_idle = stage in ("MAIL", "RCPT", "DATA") and answer in (Fault.DROP, Fault.RESET)
    kind = "closed while idle" if was_idle else _KINDS.get(answer, "none")
    if (stage, answer) == ("handshake", GARBAGE):
        kind = "no TLS"
    return documented_refusals()[stage, kind]


def _connection_cases() -> list[Case]:
    """Before the first message: nothing is begun, every row stays as it was."""
    none = (UNTOUCHED,) * 3
    shaken: Sequence[Answer] = (Fault.HANG, Fault.RESET, Fault.DROP, GARBAGE)
    return [
        Case(stage, answer, none, _documented(stage, answer).code,
             options="starttls=never" if stage == "AUTH" else "", login="shop:s3cret-word")
        for stage in ("greeting", "EHLO", "STARTTLS", "handshake", "AUTH")
        for answer in (shaken if stage == "handshake" else _ALL)
    ]  # fmt: skip


MESSAGE_CASES = _message_cases()
CONNECTION_CASES = [
    *_connection_cases(),
    Case("AUTH", "535 5.7.8 Wrong", (UNTOUCHED,) * 3, 78, "starttls=never", "shop:s3cret-word"),
]
LEAVING_CASES = [
    *(Case("RSET", answer, (SENT, REFUSED, SENT), 1) for answer in _ALL if answer != CLOSING),
    *(Case("QUIT", answer, (SENT, SENT, SENT), 0) for answer in _ALL if answer != CLOSING),
]
