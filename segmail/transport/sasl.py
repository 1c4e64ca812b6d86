"""The answers to a mail server's challenges, for each SASL mechanism that segmail knows."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from segmail.mail.headers import quoted
from segmail.transport.smtp_wire import ConnectionBroken

_MOST_ROUNDS = 1_000_000  # of SCRAM, named by the server: some ten thousand are usual
_DIRECTIVE = re.compile(r'([\w-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,"]+))', re.DOTALL)


@dataclass(frozen=True)
class Account:
    """Who logs in where; `password` is a token if the mechanism is one of OAuth."""

    user: str
    password: str
    host: str


# What is sent: first with the command, b"" for nothing, and then one answer to each challenge. A
# challenge is passed as the server wrote it: a plain prompt need not be Base64.
Exchange = Generator[bytes, str, None]
Mechanism = Callable[[Account], Exchange]


def _plain(account: Account) -> Exchange:
    yield f"\0{account.user}\0{account.password}".encode()


def _login(account: Account) -> Exchange:
    yield b""
    yield account.user.encode()
    yield account.password.encode()


def _cram(algorithm: str, account: Account) -> Exchange:
    """Speak RFC 2195, which only knows MD5, also with other digests."""
    challenge = from_base64((yield b""))
    digest = hmac.new(account.password.encode(), challenge, algorithm).hexdigest()
    yield f"{account.user} {digest}".encode()


def _scram(algorithm: str, account: Account) -> Exchange:
    """Speak RFC 5802: the server, too, proves that it knows the password."""
    nonce = secrets.token_urlsafe(18)
    first = f"n={_escaped(account.user)},r={nonce}"
    asked = from_base64((yield f"n,,{first}".encode()))
    said = _attributes(asked)
    rounds = int(said["i"]) if said.get("i", "").isdecimal() else 0
    if not said.get("r", "").startswith(nonce) or not 0 < rounds <= _MOST_ROUNDS:
        raise ConnectionBroken("sends a login challenge that is not valid in SCRAM")
    salt = from_base64(said.get("s", ""))
    salted = hashlib.pbkdf2_hmac(algorithm, account.password.encode(), salt, rounds)
    last = f"c=biws,r={said['r']}"
    spoken = b",".join((first.encode(), asked, last.encode()))
    key = hmac.digest(salted, b"Client Key", algorithm)
    stored = hashlib.new(algorithm, key).digest()
    signature = hmac.digest(stored, spoken, algorithm)
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    challenge = yield f"{last},p={base64(proof)}".encode()
    server = hmac.digest(salted, b"Server Key", algorithm)
    proven = base64(hmac.digest(server, spoken, algorithm))
    yield _checked(_attributes(from_base64(challenge)).get("v") == proven)


def _digest_md5(account: Account) -> Exchange:
    """Speak RFC 2831: md5-sess, and only the login (qop=auth)."""
    said = _directives(from_base64((yield b"")))
    nonce, qop = said.get("nonce", [""])[0], said.get("qop", ["auth"])[0]
    if not nonce or "auth" not in re.split(r"[\s,]+", qop):
        raise ConnectionBroken("sends a login challenge that is not valid in DIGEST-MD5")
    realm = _realm(said.get("realm", []), account)
    uri, client, count = f"smtp/{account.host}", secrets.token_urlsafe(18), "00000001"

    def proof(method: str) -> str:
        """Return the client's proof for a method; without a method, the server's proof."""
        words = (account.user, realm, account.password)
        known = _md5(b":".join(_one_byte(word) for word in words)).digest()
        session = _md5(known + f":{nonce}:{client}".encode()).hexdigest()
        asked = _md5(f"{method}:{uri}".encode()).hexdigest()
        return _md5(f"{session}:{nonce}:{count}:{client}:auth:{asked}".encode()).hexdigest()

    parts = {
        "username": quoted(account.user),
        "realm": quoted(realm),
        "nonce": quoted(nonce),
        "cnonce": quoted(client),
        "nc": count,
        "qop": "auth",
        "digest-uri": quoted(uri),
        "response": proof("AUTHENTICATE"),
    }
    text = ",".join(f"{name}={part}" for name, part in parts.items())
    is_utf8 = said.get("charset") == ["utf-8"]
    challenge = yield (f"charset=utf-8,{text}".encode() if is_utf8 else _one_byte(text))
    yield _checked(_directives(from_base64(challenge)).get("rspauth") == [proof("")])


def _realm(offered: Sequence[str], account: Account) -> str:
    """Return the realm that is meant: the user's domain, the host, or the first one."""
    domain = account.user.rpartition("@")[2]
    likely = [realm for realm in (domain, account.host) if realm in offered]
    return [*likely, *offered, ""][0]


def _ntlm(account: Account) -> Exchange:
    from spnego import NegotiateOptions, client
    from spnego.exceptions import SpnegoError

    context = client(
        account.user,
        account.password,
        account.host,
        "SMTP",
        protocol="ntlm",
        options=NegotiateOptions.use_ntlm,  # the package's own, not the system's
    )
    yield b""
    challenge = yield context.step() or b""
    try:
        answer: bytes | None = context.step(from_base64(challenge))
    except (SpnegoError, LookupError, ValueError, struct.error) as error:
        raise ConnectionBroken("sends a login challenge that is not valid in NTLM") from error
    yield answer or b""


def _xoauth2(account: Account) -> Exchange:
    """Speak to Google and Microsoft: an error comes as a challenge, to be passed."""
    yield f"user={account.user}\x01auth=Bearer {account.password}\x01\x01".encode()
    yield b""


def _oauthbearer(account: Account) -> Exchange:
    """Speak RFC 7628."""
    yield f"n,a={_escaped(account.user)},\x01auth=Bearer {account.password}\x01\x01".encode()
    yield b"\x01"


# In order of preference. Servers store most passwords as hashes, with which they cannot check an
# answer to a challenge, so the plain mechanisms work wherever they are offered; they are encrypted
# on the way.
MECHANISMS: Mapping[str, Mechanism] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "SCRAM-SHA-512": partial(_scram, "sha512"),
    "SCRAM-SHA-384": partial(_scram, "sha384"),
    "SCRAM-SHA-256": partial(_scram, "sha256"),
    "SCRAM-SHA-224": partial(_scram, "sha224"),
    "SCRAM-SHA-1": partial(_scram, "sha1"),
    "CRAM-SHA256": partial(_cram, "sha256"),
    "CRAM-SHA1": partial(_cram, "sha1"),
    "CRAM-MD5": partial(_cram, "md5"),
    "DIGEST-MD5": _digest_md5,
    "NTLM": _ntlm,
    "OAUTHBEARER": _oauthbearer,
    "XOAUTH2": _xoauth2,
}
OF_TOKENS = ("OAUTHBEARER", "XOAUTH2")


def from_base64(text: str) -> bytes:
    """Return what a challenge says; raises ConnectionBroken if it is not Base64."""
    try:
        return binascii.a2b_base64(text)
    except ValueError as error:
        raise ConnectionBroken("sends a login challenge that is not Base64") from error


def base64(data: bytes) -> str:
    """Return data in Base64, on one line."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _checked(is_proven: bool) -> bytes:
    if not is_proven:
        raise ConnectionBroken("does not prove that it knows the password")
    return b""


def _attributes(challenge: bytes) -> dict[str, str]:
    """Return the values of a SCRAM message by their letters."""
    parts = challenge.decode("utf-8", "replace").split(",")
    return {part[:1]: part[2:] for part in parts if part[1:2] == "="}


def _directives(challenge: bytes) -> dict[str, list[str]]:
    """Return the values of a DIGEST-MD5 message by name, in order."""
    found: dict[str, list[str]] = {}
    for name, escaped, plain in _DIRECTIVE.findall(challenge.decode("utf-8", "replace")):
        value = plain or re.sub(r"\\(.)", r"\1", escaped)
        found.setdefault(name.lower(), []).append(value)
    return found


def _escaped(user: str) -> str:
    return user.replace("=", "=3D").replace(",", "=2C")


def _one_byte(text: str) -> bytes:
    """Return a text as DIGEST-MD5 hashes it: in Latin-1 if that has all its characters."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _md5(data: bytes) -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)
