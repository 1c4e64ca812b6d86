"""SMTP AUTH: PLAIN, LOGIN and CRAM-MD5."""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from segmail.transport.smtp_wire import ConnectionBroken, Reply

_GO_ON = 334


def log_in(
    ask: Callable[[str], Reply], offered: str | None, user: str, password: str
) -> Reply | None:
    """Log in by the first known mechanism of those `offered`, and return the last answer.

    Only one is tried: a wrong password must not count as three attempts. Returns None where the
    server offers nothing that can be used. The answer's lines are free of the password, even
    where the server echoes what it was sent.
    """
    mechanisms = (offered or "").upper().split()
    for name, dialogue in _MECHANISMS.items():
        if name in mechanisms:
            return _speak(ask, dialogue(user, password), password)
    return None


@dataclass(frozen=True)
class _Dialogue:
    """The first command, and what to answer to each challenge."""

    command: str
    answers: tuple[Callable[[bytes], str], ...]


def _plain(user: str, password: str) -> _Dialogue:
    response = f"\0{user}\0{password}"
    return _Dialogue(f"AUTH PLAIN {_base64(response)}", (lambda _: response,))


def _login(user: str, password: str) -> _Dialogue:
    return _Dialogue("AUTH LOGIN", (lambda _: user, lambda _: password))


def _cram_md5(user: str, password: str) -> _Dialogue:
    def digest(challenge: bytes) -> str:
        return f"{user} {hmac.new(password.encode(), challenge, 'md5').hexdigest()}"

    return _Dialogue("AUTH CRAM-MD5", (digest,))


_MECHANISMS = {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5}


def _speak(ask: Callable[[str], Reply], dialogue: _Dialogue, password: str) -> Reply:
    said = [dialogue.command]
    reply = ask(dialogue.command)
    for answer in dialogue.answers:
        if reply.code != _GO_ON:
            break
        said.append(_base64(answer(_challenge(reply))))
        reply = ask(said[-1])
    return _without(reply, [password, *(line.rpartition(" ")[2] for line in said)])


def _challenge(reply: Reply) -> bytes:
    try:
        return binascii.a2b_base64(reply.lines[-1])
    except (binascii.Error, ValueError) as error:
        raise ConnectionBroken("sends a login challenge that is not Base64") from error


def _without(reply: Reply, secrets: list[str]) -> Reply:
    pattern = "|".join(re.escape(secret) for secret in secrets if secret)
    return replace(reply, lines=tuple(re.sub(pattern, "***", line) for line in reply.lines))


def _base64(text: str) -> str:
    return binascii.b2a_base64(text.encode(), newline=False).decode("ascii")
