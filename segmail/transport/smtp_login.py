"""SMTP AUTH: chooses the mechanism, and runs its dialogue (see `sasl.py`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from segmail.transport.sasl import MECHANISMS, OF_TOKENS, Account, Dialogue, base64
from segmail.transport.smtp_wire import Reply

_GO_ON = 334
_NOT_THIS_WAY = {500, 501, 502, 503, 504, 534}  # about the mechanism, not about the password
_LONGEST_COMMAND = 500  # characters; RFC 5321 lets servers cut at 512 bytes
_LONG = 200  # characters; OAuth tokens have more, passwords fewer


def log_in(
    ask: Callable[[str], Reply], offered: str | None, account: Account, *, by: str | None = None
) -> Reply | None:
    """Log in with a known mechanism of those `offered`, or only with `by`; return the last answer.

    Another mechanism is tried only if the server refuses one that it has announced: a wrong
    password must not count as three attempts. Returns None if the server offers nothing that can be
    used. The lines of the answer never contain the password, even if the server echoes what it was
    sent.
    """
    reply = None
    for name in _chosen((offered or "").upper().split(), account, by):
        reply = _speak(ask, name, MECHANISMS[name](account), account.password)
        if reply.code not in _NOT_THIS_WAY:
            break
    return reply


def _chosen(offered: Sequence[str], account: Account, by: str | None) -> list[str]:
    known = [name for name in MECHANISMS if name in offered and by in (None, name)]
    if len(account.password) > _LONG:  # a token, which no other mechanism accepts
        known.sort(key=lambda name: name not in OF_TOKENS)
    return known


def _speak(ask: Callable[[str], Reply], mechanism: str, dialogue: Dialogue, password: str) -> Reply:
    command, first = f"AUTH {mechanism}", dialogue.first
    at_once = "" if first is None else f"{command} {base64(first)}"
    if 0 < len(at_once) <= _LONGEST_COMMAND:
        command = at_once
    answers = list(dialogue.answers)
    said = [base64(first)] if first else []
    reply = ask(command)
    if first is not None and reply.code == _GO_ON:
        is_heard = command == at_once and reply.lines[-1].strip() and answers
        if not is_heard:  # too long for a command, or the server asks for it all the same
            answers.insert(0, lambda _: first)
    for answer in answers:
        if reply.code != _GO_ON:
            break
        said.append(base64(answer(reply.lines[-1])))
        reply = ask(said[-1])
    return _without(reply, [password, *said])


def _without(reply: Reply, secrets_said: list[str]) -> Reply:
    pattern = "|".join(re.escape(secret) for secret in secrets_said if secret)
    return replace(reply, lines=tuple(re.sub(pattern, "***", line) for line in reply.lines))
