"""SMTP AUTH: PLAIN, LOGIN, CRAM-MD5 and SCRAM."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from segmail.transport.smtp_wire import ConnectionBroken, Reply

_GO_ON = 334
_NOT_THIS_WAY = {500, 501, 502, 503, 504, 534}  # about the mechanism, not about the password
_LONGEST_COMMAND = 500  # characters; RFC 5321 lets servers cut at 512 bytes
_MOST_ROUNDS = 1_000_000  # of SCRAM, which the server names: usual are some ten thousands


def log_in(
    ask: Callable[[str], Reply], offered: str | None, user: str, password: str
) -> Reply | None:
    """Log in by a known mechanism of those `offered`, and return the last answer.

    Another one is tried only where the server has announced one that it then does not take: a
    wrong password must not count as three attempts. Returns None where the server offers nothing
    that can be used. The answer's lines are free of the password, even where the server echoes what
    it was sent.
    """
    mechanisms = (offered or "").upper().split()
    reply = None
    for name, dialogue in _MECHANISMS.items():
        if name in mechanisms:
            reply = _speak(ask, name, dialogue(user, password), password)
            if reply.code not in _NOT_THIS_WAY:
                break
    return reply


@dataclass(frozen=True)
class _Dialogue:
    """What to say first, if there is anything, and then to each challenge."""

    first: str | None
    answers: tuple[Callable[[bytes], str], ...] = ()


def _plain(user: str, password: str) -> _Dialogue:
    return _Dialogue(f"\0{user}\0{password}")


def _login(user: str, password: str) -> _Dialogue:
    return _Dialogue(None, (lambda _: user, lambda _: password))


def _cram_md5(user: str, password: str) -> _Dialogue:
    def digest(challenge: bytes) -> str:
        return f"{user} {hmac.new(password.encode(), challenge, 'md5').hexdigest()}"

    return _Dialogue(None, (digest,))


def _scram(algorithm: str) -> Callable[[str, str], _Dialogue]:
    """Return the dialogue of RFC 5802: the server, too, proves that it knows the password."""

    def dialogue(user: str, password: str) -> _Dialogue:
        nonce = secrets.token_urlsafe(18)
        name = user.replace("=", "=3D").replace(",", "=2C")
        first = f"n={name},r={nonce}"
        proofs: list[str] = []

        def prove(challenge: bytes) -> str:
            said = _attributes(challenge)
            rounds = int(said["i"]) if said.get("i", "").isdecimal() else 0
            if not said.get("r", "").startswith(nonce) or not 0 < rounds <= _MOST_ROUNDS:
                raise ConnectionBroken("sends a login challenge that is none of SCRAM")
            salt = _from_base64(said.get("s", ""))
            salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, rounds)
            last = f"c=biws,r={said['r']}"
            spoken = f"{first},{challenge.decode()},{last}".encode()
            key = hmac.digest(salted, b"Client Key", algorithm)
            stored = hashlib.new(algorithm, key).digest()
            signature = hmac.digest(stored, spoken, algorithm)
            proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
            server = hmac.digest(salted, b"Server Key", algorithm)
            proofs.append(_base64(hmac.digest(server, spoken, algorithm)))
            return f"{last},p={_base64(proof)}"

        def verify(challenge: bytes) -> str:
            if _attributes(challenge).get("v") != proofs[-1]:
                raise ConnectionBroken("does not prove that it knows the password")
            return ""

        return _Dialogue(f"n,,{first}", (prove, verify))

    return dialogue


_MECHANISMS: Mapping[str, Callable[[str, str], _Dialogue]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "SCRAM-SHA-256": _scram("sha256"),
    "SCRAM-SHA-1": _scram("sha1"),
    "CRAM-MD5": _cram_md5,
}


def _speak(
    ask: Callable[[str], Reply], mechanism: str, dialogue: _Dialogue, password: str
) -> Reply:
    command, first = f"AUTH {mechanism}", dialogue.first
    at_once = "" if first is None else f"{command} {_base64(first.encode())}"
    if 0 < len(at_once) <= _LONGEST_COMMAND:
        command = at_once
    answers = list(dialogue.answers)
    said = [command]
    reply = ask(command)
    if first is not None and reply.code == _GO_ON:
        is_heard = command == at_once and _challenge(reply) and answers
        if not is_heard:  # too long for a command, or the server asks for it all the same
            answers.insert(0, lambda _: first)
    for answer in answers:
        if reply.code != _GO_ON:
            break
        said.append(_base64(answer(_challenge(reply)).encode()))
        reply = ask(said[-1])
    return _without(reply, [password, *(line.rpartition(" ")[2] for line in said)])


def _challenge(reply: Reply) -> bytes:
    return _from_base64(reply.lines[-1])


def _attributes(challenge: bytes) -> dict[str, str]:
    """Return the values of a SCRAM message by their letters."""
    parts = challenge.decode("utf-8", "replace").split(",")
    return {part[:1]: part[2:] for part in parts if part[1:2] == "="}


def _without(reply: Reply, secrets_said: list[str]) -> Reply:
    pattern = "|".join(re.escape(secret) for secret in secrets_said if secret)
    return replace(reply, lines=tuple(re.sub(pattern, "***", line) for line in reply.lines))


def _from_base64(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text)
    except (binascii.Error, ValueError) as error:
        raise ConnectionBroken("sends a login challenge that is not Base64") from error


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
