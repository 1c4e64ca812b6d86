"""SMTP AUTH: chooses the mechanism, and runs its dialogue (see `sasl.py`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from segmail.transport.sasl import MECHANISMS, OF_TOKENS, Account, base64
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
        reply = _speak(ask, name, account)
        if reply.code not in _NOT_THIS_WAY:
            break
    return reply


def _chosen(offered: Sequence[str], account: Account, by: str | None) -> list[str]:
    known = [name for name in MECHANISMS if name in offered and by in (None, name)]
    if len(account.password) > _LONG:  # a token, which no other mechanism accepts
        known.sort(key=lambda name: name not in OF_TOKENS)
    return known


def _speak(ask: Callable[[str], Reply], mechanism: str, account: Account) -> Reply:
    command, exchange = f"AUTH {mechanism}", MECHANISMS[mechanism](account)
    said = [base64(next(exchange))]
    at_once = f"{command} {said[0]}"
    is_at_once = bool(said[0]) and len(at_once) <= _LONGEST_COMMAND
    reply = ask(at_once if is_at_once else command)
    # PLAIN has nothing else to say, whatever the server asks for.
    is_heard = is_at_once and reply.lines[-1].strip() and mechanism != "PLAIN"
    if said[0] and reply.code == _GO_ON and not is_heard:
        reply = ask(said[0])  # too long for a command, or the server asks for it all the same
    with suppress(StopIteration):  # there is no further answer
        while reply.code == _GO_ON:
            said.append(base64(exchange.send(reply.lines[-1])))
            reply = ask(said[-1])
    return _without(reply, [account.password, *said])


def _without(reply: Reply, secrets_said: list[str]) -> Reply:
    pattern = "|".join(re.escape(secret) for secret in secrets_said if secret)
    return replace(reply, lines=tuple(re.sub(pattern, "***", line) for line in reply.lines))
