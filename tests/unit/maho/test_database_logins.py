"""Ways to log in to a database that few servers have: a scripted one speaks them."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import URL
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from segmail.errors import ConfigError, DatabaseUnavailable
from segmail.maho.db.database import Database
from segmail.maho.db.pymysql_connection import QuickConnection

PASSWORD = "p@ss wörd"
CAN = 0x81FFF7DF  # everything but TLS
OK = b"\0\0\0\2\0\0\0"
DENIED = b"\xff\x15\x04#28000Access denied for user 'shop'"


class Server:
    """A server's side of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._number = 0

    def greet(self) -> None:
        """Say hello, and take the client's answer."""
        greeting = b"\x0a11.8.2-MariaDB\0\1\0\0\0abcdefgh\0" + (CAN & 0xFFFF).to_bytes(2, "little")
        greeting += b"\x21\2\0" + (CAN >> 16).to_bytes(2, "little") + b"\x15" + bytes(10)
        self.ask(greeting + b"ijklmnopqrst\0mysql_native_password\0")

    def switch(self, way: str, data: bytes = b"") -> bytes:
        return self.ask(b"\xfe" + way.encode() + b"\0" + data)

    def ask(self, data: bytes) -> bytes:
        """Send a packet and return the client's next one."""
        self.say(data)
        head = self._read(4)
        self._number = head[3]
        return self._read(int.from_bytes(head[:3], "little"))

    def say(self, data: bytes) -> None:
        self._number = (self._number + 1) % 256 if data[:1] != b"\x0a" else 0
        self._connection.sendall(len(data).to_bytes(3, "little") + bytes([self._number]) + data)

    def serve(self) -> None:
        """Answer everything with OK, until the client goes."""
        while head := self._connection.recv(4):
            self._number = head[3]
            if self._read(int.from_bytes(head[:3], "little")) == b"\1":
                return
            self.say(OK)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            if not (more := self._connection.recv(count - len(data))):
                raise ConnectionError
            data += more
        return data


Script = Callable[[Server], bool]


@contextmanager
def scripted(script: Script, *, at: Path | None = None) -> Iterator[URL]:
    """Yield the URL of a server that follows the script, which tells whether the client may enter.

    It listens at a port, or `at` a socket, where nobody can read along.
    """

    def run() -> None:
        with closing(listener.accept()[0]) as connection, suppress(ConnectionError):
            server = Server(connection)
            server.greet()
            if script(server):
                server.say(OK)
                server.serve()
            else:
                server.say(DENIED)

    with socket.socket(socket.AF_UNIX if at else socket.AF_INET) as listener:
        listener.bind(str(at) if at else ("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=run)
        thread.start()
        if at:
            url = URL.create("mysql+pymysql", "shop", PASSWORD, query={"unix_socket": str(at)})
        else:
            port = listener.getsockname()[1]
            url = URL.create("mysql+pymysql", "shop", PASSWORD, "127.0.0.1", port)
        yield url
        thread.join(10)


def log_in(url: URL) -> None:
    """Do so, and no more: SQLAlchemy would ask what the scripted server cannot answer."""
    _, options = MySQLDialect_pymysql().create_connect_args(url)
    QuickConnection(**options).close()


def enter(url: URL) -> None:
    """Log in as the program does, to see what it makes of a refusal."""
    with closing(Database(url)) as database, database.read():
        pass


def parsec(server: Server, password: str = PASSWORD) -> bool:
    """MariaDB 11.6's dialogue, with 4,096 rounds."""
    scramble, salt = b"s" * 32, b"0123456789abcdefgh"
    assert server.switch("parsec", scramble) == b""
    answer = server.ask(b"P\2" + salt)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 4096, 32)
    public = Ed25519PrivateKey.from_private_bytes(key).public_key()
    try:
        public.verify(answer[32:], scramble + answer[:32])
    except InvalidSignature:
        return False
    return True


def in_clear(way: str, data: bytes = b"") -> Script:
    return lambda server: server.switch(way, data) == PASSWORD.encode() + b"\0"


@pytest.mark.parametrize(
    "script",
    [
        parsec,
        in_clear("mysql_clear_password"),
        in_clear("dialog", b"\4Password: "),
        in_clear("dialog", b"\5Kennwort: "),
        lambda server: not parsec(server, "another one") and parsec(server),
    ],
    ids=["parsec", "clear", "dialog", "dialog in another language", "one way after another"],
)
def test_a_password_logs_in(script: Script, tmp_path: Path) -> None:
    with scripted(script, at=tmp_path / "s") as url:
        log_in(url)


def test_parsec_needs_no_encryption() -> None:
    with scripted(parsec) as url:
        log_in(url)


@pytest.mark.parametrize("way", ["mysql_clear_password", "dialog"])
def test_a_password_does_not_leave_where_others_could_read_it(way: str) -> None:
    said: list[bytes] = []

    def script(server: Server) -> bool:
        said.append(server.switch(way, b"\4Password: "))
        return True

    with (
        scripted(script) as url,
        pytest.raises(ConfigError, match=rf"{way}.*not encrypted.*TLS") as refused,
    ):
        enter(url)

    assert said == []
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (lambda server: server.switch("auth_gssapi_client") == b"", "'auth_gssapi_client'"),
        (lambda server: server.switch("mysql_old_password") == b"", "'mysql_old_password'"),
        (lambda server: server.ask(b"\xfe") == b"", "unknown auth switch"),
        (lambda server: server.ask(b"\2authentication_webauthn_client\0") == b"", "unexpected"),
        (
            lambda server: server.switch("dialog", b"\4Password: ") and server.ask(b"\4Code: "),
            "asks for more than a password .'Code:'",
        ),
        (
            lambda server: server.switch("parsec", b"s" * 32) == b"" and server.ask(b"Q\0salt"),
            "another kind of PARSEC",
        ),
        (lambda server: parsec(server, "another one"), "Access denied"),
    ],
)
def test_what_cannot_log_in_is_told_by_its_name_and_what_mends_it(
    script: Script, told: str, tmp_path: Path
) -> None:
    with (
        scripted(script, at=tmp_path / "s") as url,
        pytest.raises(ConfigError, match=rf"refuses segmail.*{told}"),
    ):
        enter(url)


@pytest.mark.parametrize(
    ("number", "error", "advice"),
    [
        (1040, DatabaseUnavailable, "SHOW PROCESSLIST"),
        (1045, ConfigError, "Are the user and the password right"),
        (1049, ConfigError, "Is the database's name right"),
    ],
)
def test_a_refusal_comes_with_what_to_do(
    number: int, error: type[Exception], advice: str, tmp_path: Path
) -> None:
    def script(server: Server) -> bool:
        server.say(b"\xff" + number.to_bytes(2, "little") + b"#08004No")
        return False

    with scripted(script, at=tmp_path / "s") as url, pytest.raises(error, match=advice):
        enter(url)


@pytest.mark.parametrize("way", ["sha256_password", "caching_sha2_password"])
def test_a_password_too_long_for_the_servers_key_is_told_so(way: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    told = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def script(server: Server) -> bool:
        said = server.switch(way, b"s" * 20)
        if way == "caching_sha2_password":
            said = server.ask(b"\1\4")
        return said in (b"\1", b"\2") and server.ask(b"\1" + told) == b""

    with scripted(script) as url, pytest.raises(ConfigError, match=r"250 bytes is too long.*TLS"):
        enter(url.set(password="ä" * 125))
