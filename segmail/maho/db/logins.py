"""Login methods that PyMySQL does not know, or that it also uses where they are not safe.

PyMySQL calls `authenticate` with the data that the server sent along with the method's name, and
continues with the packet that it returns.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from pymysql.constants.CR import CR_AUTH_PLUGIN_CANNOT_LOAD, CR_AUTH_PLUGIN_ERR
from pymysql.err import OperationalError

_SCRAMBLE = 32  # bytes, of each side
_LONGEST_SEALED = 213  # bytes that fit, with a NUL, into the RSA-2048 envelope of a MySQL server
_MOST_DOUBLINGS = 10  # the minimum is 1,024 rounds
_OF_PYMYSQL = ("mysql_native_password", "caching_sha2_password", "sha256_password",
               "client_ed25519")  # fmt: skip
_ADVICE = "Give segmail a user with a password of its own: CREATE USER … IDENTIFIED BY '…'"


class _Way:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._password: bytes = connection.password

    def _answer(self, data: bytes) -> Any:
        """Send data and return the server's next packet; raises what the server reports."""
        self._connection.write_packet(data)
        return self._connection._read_packet()

    def _demand_privacy(self, name: str) -> None:
        """Raise an error if others could read along."""
        if not self._connection._secure:
            raise OperationalError(
                CR_AUTH_PLUGIN_ERR,
                f"the server asks for the password itself ({name}), and this connection is not "
                "encrypted. Turn TLS on at the server, or connect through its socket "
                "(?unix_socket=/run/mysqld/mysqld.sock)",
            )


class Parsec(_Way):
    """MariaDB's PARSEC: a key is derived from the password and signs what both sides drew."""

    def authenticate(self, packet: Any) -> Any:
        """Log in; raises OperationalError."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        of_server = packet.read_all()[:_SCRAMBLE]
        told = self._answer(b"").get_all_data().removeprefix(b"\1")
        if told[:1] != b"P" or len(told) < 3 or told[1] > _MOST_DOUBLINGS:
            raise OperationalError(
                CR_AUTH_PLUGIN_ERR, "the server asks for another kind of PARSEC than segmail knows"
            )
        key = hashlib.pbkdf2_hmac("sha512", self._password, told[2:], 1024 << told[1], 32)
        of_client = secrets.token_bytes(_SCRAMBLE)
        signature = Ed25519PrivateKey.from_private_bytes(key).sign(of_server + of_client)
        return self._answer(of_client + signature)


class ClearPassword(_Way):
    """The password as it is, for servers that ask PAM or LDAP with it."""

    def authenticate(self, _packet: Any) -> Any:
        """Log in; raises OperationalError."""
        self._demand_privacy("mysql_clear_password")
        return self._answer(self._password + b"\0")


class Dialog(_Way):
    """Questions of MariaDB's PAM plugin: the first one is answered with the password."""

    def authenticate(self, packet: Any) -> Any:
        """Log in; raises OperationalError."""
        self._demand_privacy("dialog")
        packet = self._answer(self._password + b"\0")
        if packet.is_ok_packet() or packet.is_auth_switch_request():
            return packet
        question = packet.get_all_data()[1:].decode("utf-8", "replace").strip()
        raise OperationalError(
            CR_AUTH_PLUGIN_ERR,
            another_user(f"the server asks for more than a password ({question!r})"),
        )


WAYS = {
    "parsec": Parsec,
    "mysql_clear_password": ClearPassword,
    "dialog": Dialog,
}


def demand_known(name: bytes | str) -> None:
    """Raise OperationalError, saying what to do, for a login method that is not supported."""
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    if text not in (*WAYS, *_OF_PYMYSQL):
        raise OperationalError(
            CR_AUTH_PLUGIN_CANNOT_LOAD,
            another_user(f"the server logs this user in by {text!r}, which segmail does not know"),
        )


def demand_sealable(password: bytes) -> None:
    """Raise OperationalError for a password too long for the server's public key."""
    if len(password) > _LONGEST_SEALED:
        raise OperationalError(
            CR_AUTH_PLUGIN_ERR,
            f"a password of {len(password)} bytes is too long for this server's public key, which "
            f"takes {_LONGEST_SEALED}. Turn TLS on at the server, connect through its socket "
            "(?unix_socket=/run/mysqld/mysqld.sock), or shorten the password",
        )


def another_user(fault: str) -> str:
    """Return a login fault with the ways to fix it."""
    return f"{fault}. {_ADVICE}"
