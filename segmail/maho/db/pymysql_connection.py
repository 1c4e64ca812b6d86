"""A PyMySQL connection that writes values faster: segmail mostly writes mails."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from io import BufferedReader
from typing import Any

from pymysql.connections import Connection
from pymysql.constants import FIELD_TYPE
from pymysql.constants.CR import CR_AUTH_PLUGIN_ERR, CR_MALFORMED_PACKET, CR_SERVER_LOST
from pymysql.constants.SERVER_STATUS import SERVER_STATUS_NO_BACKSLASH_ESCAPES
from pymysql.converters import convert_datetime, escape_datetime
from pymysql.err import MySQLError, OperationalError

from segmail.maho.db.logins import WAYS, another_user, demand_known, demand_sealable
from segmail.maho.db.result_rows import RowsResult
from segmail.maho.db.value_lists import Branches

HANDSHAKE = 10.0  # seconds to wait for each answer during login
LOGIN = 20.0  # seconds for all of them: a time-out begins anew with each byte that comes
LOCKED_TABLE = 20  # seconds to wait for a table locked by others; the server's default is a day
# What a server may be set up with against people's mistakes: it would cut lists short, or refuse.
_BEGIN = (
    f"SET SESSION lock_wait_timeout = {LOCKED_TABLE}, sql_select_limit = 18446744073709551615, "
    "sql_safe_updates = 0, sql_big_selects = 1"
)


class QuickConnection(Connection):
    """A connection whose every wait has a limit, and which writes values quickly.

    PyMySQL translates a text character by character, 185 microseconds for ten kilobytes, although
    only two characters mean something in a literal. Most other values of a batch are numbers, NULL,
    and the same few times again and again.
    """

    server_status: int
    decoders: dict[int, Any]
    password: bytes
    server_public_key: bytes | None
    init_command: str | None
    _read_timeout: float | None
    _write_timeout: float | None
    connect_timeout: float
    _rfile: BufferedReader
    _force_close: Callable[[], None]
    _login_ends: float | None = None  # while the server logs us in: how long it may take

    def __init__(self, *arguments: Any, **options: Any) -> None:
        for name in ("password", "passwd"):  # PyMySQL writes Latin-1, other clients what is typed
            if isinstance(options.get(name), str):
                options[name] = options[name].encode()
        options.setdefault("auth_plugin_map", WAYS)
        super().__init__(*arguments, **options)
        self.decoders |= dict.fromkeys((FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP), _read_moment)

    def connect(self, sock: Any = None) -> None:
        """Connect and log in, with short time-outs for each answer of the server and for all."""
        asked = self.init_command, self._read_timeout, self._write_timeout
        self.init_command = _BEGIN
        self._read_timeout = self._write_timeout = HANDSHAKE
        self._login_ends = time.monotonic() + self.connect_timeout + LOGIN
        try:
            super().connect(sock)
        except OperationalError as error:
            if error.args and isinstance(error.args[0], int):
                raise
            raise OperationalError(CR_AUTH_PLUGIN_ERR, another_user(str(error))) from error
        except (MySQLError, struct.error, IndexError, ValueError, AssertionError) as error:
            if isinstance(error, ValueError) and self.server_public_key:
                demand_sealable(self.password)
            raise OperationalError(
                CR_MALFORMED_PACKET,
                f"it answers as no MySQL or MariaDB server does ({type(error).__name__}); are host "
                "and port right?",
            ) from error
        finally:
            self.init_command, self._read_timeout, self._write_timeout = asked
            self._login_ends = None
        if self.init_command:
            with self.cursor() as cursor:
                cursor.execute(self.init_command)

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, *handler: Any) -> Any:
        """Log in by the method the server asks for; MariaDB may then go on to another one."""
        while True:
            demand_known(plugin_name)
            process = super()._process_auth  # type: ignore[misc]  # the stubs leave it out
            auth_packet = process(plugin_name, auth_packet, *handler)
            if auth_packet is None or not auth_packet.is_auth_switch_request():
                return auth_packet
            auth_packet.read_uint8()
            plugin_name = auth_packet.read_string()
            if handler:
                name = plugin_name.decode("latin-1")
                handler = (WAYS[name](self) if name in WAYS else None,)

    def _read_bytes(self, count: int) -> bytes:
        """Read what the server sends; during login byte by byte, so that none can be drawn out."""
        read = super()._read_bytes  # type: ignore[misc]  # the stubs leave it out
        if self._login_ends is None:
            data: bytes = read(count)
            return data
        data = b""
        while len(data) < count:
            if time.monotonic() > self._login_ends:
                most = self.connect_timeout + LOGIN
                raise OperationalError(
                    CR_SERVER_LOST, f"the login timed out: it was not done after {most:g} seconds"
                )
            data += read(1)
        return data

    def _read_query_result(self, unbuffered: bool = False) -> int | None:
        """Read an answer whole; of one that is `unbuffered`, PyMySQL reads row by row."""
        if unbuffered:
            read = super()._read_query_result  # type: ignore[misc]  # the stubs leave it out
            number: int | None = read(unbuffered)
            return number
        self._result: RowsResult | None = None
        result = RowsResult(self)
        result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return result.affected_rows

    def arrived(self) -> bytes:
        """Return what has arrived of an answer and is not read yet, after waiting for some."""
        try:
            return self._rfile.peek()  # up to eight kilobytes
        except BaseException as error:
            self._force_close()
            if isinstance(error, OSError):
                text = f"Lost connection to MySQL server during query ({error})"
                raise OperationalError(CR_SERVER_LOST, text) from error
            raise

    def be_patient(self, seconds: float) -> None:
        """Wait up to so long for each answer from now on."""
        self._read_timeout = seconds

    def _create_ssl_ctx(self, sslp: dict[str, Any]) -> Any:
        """Return the TLS context; unless TLS was asked for, it is created if the server offers it.

        Reading the system's trusted certificates takes as long as ten statements.
        """
        create = super()._create_ssl_ctx  # type: ignore[misc]  # the stubs leave it out
        return create(sslp) if sslp else _Unread(create)

    def escape(self, obj: Any, mapping: Any = None) -> str:
        """Return `obj` as an SQL literal."""
        kind = type(obj)
        if kind is int:
            return str(obj)
        if isinstance(obj, str):
            return f"'{self._escaped(obj)}'"
        if obj is None:
            return "NULL"
        if kind is datetime and obj.tzinfo is None:  # else equal values may be written differently
            return _moment(obj)
        if kind is tuple:  # mostly of ids
            parts = [str(part) if type(part) is int else self.escape(part) for part in obj]
            return f"({','.join(parts)})"
        if kind is Branches:
            return " ".join([f"WHEN {self.escape(a)} THEN {self.escape(b)}" for a, b in obj])
        literal: str = super().escape(obj, mapping)
        return literal

    def _escaped(self, text: str) -> str:
        """Double what would end a literal, or change one (MySQL's manual, "String Literals")."""
        if "\\" in text and not self.server_status & SERVER_STATUS_NO_BACKSLASH_ESCAPES:
            text = text.replace("\\", "\\\\")
        return text.replace("'", "''") if "'" in text else text


class _Unread:
    """A TLS context that is created when it is first used."""

    def __init__(self, create: Callable[[dict[str, Any]], ssl.SSLContext]) -> None:
        self._create = create

    def wrap_socket(self, plain: socket.socket, *, server_hostname: str) -> ssl.SSLSocket:
        return self._create({}).wrap_socket(plain, server_hostname=server_hostname)


def _read_moment(text: str) -> object:
    """Return a moment as PyMySQL does, without its regular expression."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # such as 0000-00-00 00:00:00
        return convert_datetime(text)


@lru_cache(maxsize=256)
def _moment(moment: datetime) -> str:
    literal: str = escape_datetime(moment)
    return literal
