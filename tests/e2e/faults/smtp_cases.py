"""The fault matrix of the mail server: what it does at each stage, and how rows must end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.e2e.faults.end_state import DEFERRED, INTERRUPTED, REFUSED, SENT, UNTOUCHED
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
    """One message's faults concern that message; 421 releases it and all that follow."""
    lost, late = (SENT, INTERRUPTED, SENT), (SENT, DEFERRED, SENT)
    cases = []
    for stage in ("MAIL", "RCPT", "DATA", "end"):
        broken = Case(stage, GARBAGE, lost if stage == "end" else late, int(stage == "end"))
        cases += [
            *(Case(stage, answer, broken.after, broken.code)
              for answer in (Fault.HANG, Fault.DRIBBLE, GARBAGE)),
            Case(stage, LATER, late, 0),
            Case(stage, NEVER, (SENT, REFUSED, SENT), 1),
            Case(stage, CLOSING, (SENT, UNTOUCHED, UNTOUCHED), 75),
        ]  # fmt: skip
        # A connection that had waited for its next message is opened again without a word.
        closed = Case(stage, Fault.DROP, lost, 1) if stage == "end" else None
        after, code = (closed.after, closed.code) if closed else ((SENT, SENT, SENT), 0)
        cases += [Case(stage, answer, after, code) for answer in (Fault.DROP, Fault.RESET)]
    return cases


def _connection_cases() -> list[Case]:
    """Before the first message: nothing is begun, every row stays as it was."""
    none = (UNTOUCHED,) * 3
    tls: Sequence[Answer] = (Fault.HANG, Fault.RESET, Fault.DROP)
    wants_human = {("STARTTLS", NEVER), ("AUTH", NEVER), ("handshake", GARBAGE)}
    shaken = [*tls, GARBAGE]
    return [
        Case(stage, answer, none, 78 if (stage, answer) in wants_human else 75,
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
