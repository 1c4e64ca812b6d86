"""The shop's database: connections, transactions that are retried, errors in plain words."""

from __future__ import annotations

import random
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from segmail.errors import ConfigError, DatabaseRefuses, DatabaseUnavailable, SchemaError
from segmail.maho.db.denied import REFUSED, ask_refused_right
from segmail.maho.db.letter_case import sql_lower
from segmail.maho.db.mariadb_hints import collect_when_asked

T = TypeVar("T")

# The server's error numbers, because drivers raise one class for a dead server and a missing
# column.
_RETRY = {1213, 1205, 1020}  # deadlock, lock wait time-out, record changed since read
_UNREACHABLE = {1047, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1927, 2027}
_TOO_MANY = {1040, 1203, 1226}  # connections, or whatever else a user may do in an hour
READ_ONLY = {1290, 1792, 1836}  # a replica, or a server that was switched so
_FULL = {*(1, 3, 20), 1021, 1026, 1114, 1878}  # of a disk, that of temporary tables, too
_TOO_SLOW = {1317, 1969, 3024}
_REFUSES_NOW = {*READ_ONLY, *_FULL, *_TOO_MANY, *_TOO_SLOW, 1037, 1038, 1041, 1135}
_DAMAGED = {*(126, 127, 130, 144, 145), 1034, 1035, 1194, 1195, 1812, 1877, 1932}
_OF_ENGINE = 1030  # whatever a storage engine says: "error 28" is that of a full disk
_VIEWS = {1176, 1356, 1449}  # what a view shows is gone, or who made it, or that user's rights
_LOST = {2002, 2003, 2005, 2006, 2012, 2013, 2055}
_DENIED = {
    *(1044, 1045, 1049, 1130, 1142, 1143, 1227, 1698),
    *(1251, 1275, 1524, 2059, 2061),  # a login method that client or server lacks
    *(1820, 1862, 3118, 3159, 4151),  # an expired password, a locked account, encryption demanded
}
# What to do about them, as a sentence.
_ADVICE = {
    **dict.fromkeys(
        _UNREACHABLE | _LOST,
        "Is the server running (systemctl status mariadb), and is that its address?",
    ),
    **dict.fromkeys(
        (1040, 1203),
        "Others hold all connections that it allows: SHOW PROCESSLIST names them. max_connections, "
        "or the user's own limit, allows more.",
    ),
    1226: "SHOW CREATE USER tells the limits of this user; they are too small for segmail.",
    **dict.fromkeys(
        _FULL,
        "Its disk, or the one of its temporary tables, may be full: df -h on that machine tells.",
    ),
    **dict.fromkeys(READ_ONLY, "It may be read-only, as a replica is: SELECT @@read_only tells."),
    **dict.fromkeys(
        _DAMAGED, "CHECK TABLE tells what is wrong with it; mend it, or restore it from a backup."
    ),
    **dict.fromkeys(_VIEWS, "Mend the view, or put the table itself in its place."),
    1176: "If it is a view, put the table itself in its place; if an index was just dropped, the "
    "next run does without it.",
    **dict.fromkeys(
        (1969, 3024),
        "The server gives this user's statements too little time: max_statement_time, or "
        "max_execution_time, of the user or the server, allows more.",
    ),
    1045: "Are the user and the password right, in Maho's app/etc/local.xml or the database URL?",
    1049: "Is the database's name right, in Maho's app/etc/local.xml or the database URL?",
    1044: "Is the database's name right? sql/grants.sql has the rights that the user needs.",
    1142: "sql/grants.sql has the rights that the user needs.",
}
_NO_TABLE = 1146
NO_SUCH = {1054, _NO_TABLE}
_AFTER_COMMIT = "segmail_after_commit"  # of a connection: functions to call then
_ATTEMPTS = 8
_REPEAT_WITHIN = 45.0  # seconds; work that waited longer is not repeated
_ANSWER = 300  # seconds to wait for the answer to a statement
_LONG_ANSWER = 3600.0  # the same for a refresh, which writes the members of large segments
_TIMEOUTS = {"connect_timeout": 10, "read_timeout": _ANSWER, "write_timeout": 60}
_LOCKED = 1205
_DDL_PATIENCE = text("SET SESSION lock_wait_timeout = 5")  # seconds in which the shop waits, too


class Conflict(Exception):
    """Raised by a transaction's work if another run was faster: roll back and run it again."""


class Database:
    """Short transactions on the shop's database.

    Transactions are READ COMMITTED on MySQL and MariaDB, so that two runs that claim rows do not
    lock each other's gaps, and BEGIN IMMEDIATE on SQLite, which has no row locks. The session's
    time zone is never set, because Maho up to 26.7 does not set it either (see `UtcDateTime`).
    """

    def __init__(self, url: URL, *, kept_open: bool = False) -> None:
        """Open no connection yet; with `kept_open`, an SQLite file is opened once per thread."""
        self.url = url
        self.engine = _engine(url, kept_open=kept_open)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for reading; rows that are read are not locked."""
        with _plain_errors(self), self.engine.connect() as connection:
            yield connection.execution_options(segmail_reads=True)

    def transact(self, work: Callable[[Connection], T], *, idempotent: bool = False) -> T:
        """Run `work` in one transaction, commit, and return its result.

        Deadlocks (1213), lock time-outs (1205) and `Conflict` roll back and run `work` again, so it
        must do nothing but database work. With `idempotent`, a lost connection does so too: since
        it is unknown whether the first commit happened, `work` must be safe to repeat.

        Raises DatabaseUnavailable, ConfigError or SchemaError.
        """
        with _plain_errors(self):
            return _repeat(self.engine.begin, work, idempotent=idempotent)

    def rehearsal(self) -> Rehearsal:
        """Return the same database for a dry run: its transactions are rolled back."""
        return Rehearsal(self)

    def change_schema(self, statement: str) -> None:
        """Run one statement that changes a table; give up soon if the table is locked.

        While the statement waits for others' transactions, the shop's own statements on that table
        wait behind it. Raises what `transact` raises.
        """
        with _plain_errors(self), self.engine.connect() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(_DDL_PATIENCE)
                _be_patient(connection)
            try:
                connection.exec_driver_sql(statement)
                connection.commit()
            finally:
                connection.invalidate()  # with the time-out for such statements

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield one connection for several transactions.

        Temporary tables and named locks outlive each transaction; after an error the connection is
        closed, and they are gone. Raises what `transact` raises.
        """
        with _plain_errors(self), self.engine.connect() as connection:
            try:
                if connection.dialect.name != "sqlite":
                    _be_patient(connection)
                yield Session(connection)
            except BaseException:
                connection.invalidate()
                raise

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class Rehearsal(Database):
    """A database whose transactions are rolled back once their work is done.

    So the code that makes a change also tells, in a dry run, exactly what it would do.
    """

    def __init__(self, database: Database) -> None:
        self.url = database.url
        self.engine = database.engine

    def transact(self, work: Callable[[Connection], T], *, idempotent: bool = False) -> T:
        """Return what `work` returns, and roll back what it did; raises as `Database` does."""
        with _plain_errors(self):
            return _repeat(self._begin, work, idempotent=idempotent)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()


class Session:
    """Transactions on one connection; see `Database.session`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def is_lost(self) -> bool:
        """Whether the connection broke, and with it its temporary tables and locks."""
        return self._connection.invalidated

    @property
    def dialect(self) -> str:
        """The engine: `sqlite`, `mysql` or `mariadb`."""
        return self._connection.dialect.name

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do as `Database.transact` does, but never repeat after a lost connection."""
        return _repeat(self._begin, work, idempotent=False)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._connection.begin():
            yield self._connection


def after_commit(connection: Connection, do: Callable[[], None]) -> None:
    """Call `do` once the transaction of `transact` is committed; used for log lines.

    If it is rolled back, also to be repeated, `do` is not called.
    """
    connection.info[_AFTER_COMMIT].append(do)


def _repeat(
    begin: Callable[[], AbstractContextManager[Connection]],
    work: Callable[[Connection], T],
    *,
    idempotent: bool,
) -> T:
    began = time.monotonic()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with begin() as connection:
                connection.info[_AFTER_COMMIT] = []
                result = work(connection)
                then: list[Callable[[], None]] = connection.info.pop(_AFTER_COMMIT)
        except (DBAPIError, Conflict) as error:
            is_late = time.monotonic() - began > _REPEAT_WITHIN
            if attempt == _ATTEMPTS or is_late or not _may_repeat(error, idempotent=idempotent):
                raise
        else:
            for do in then:
                do()
            return result
        time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - not a secret
    raise AssertionError("unreachable")


def _engine(url: URL, *, kept_open: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            poolclass=QueuePool if kept_open else NullPool,
            creator=lambda: _open_file(url),
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    if url.get_backend_name() in ("mysql", "mariadb"):
        engine = create_engine(
            url.update_query_dict({"charset": "utf8mb4"}),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_recycle=300,
            pool_reset_on_return=None,  # every transaction here ends before that
            hide_parameters=True,  # parameters are mails, addresses and codes; errors go into logs
            connect_args={
                name: seconds
                for name, seconds in _TIMEOUTS.items()
                if name not in url.query  # a shop can override it there
            },
        )
        event.listen(engine, "do_connect", _connect_quickly)
        collect_when_asked(engine)
        return engine
    raise ConfigError(
        f"segmail works on MySQL, MariaDB and SQLite, not on {url.get_backend_name()} "
        f"({url.render_as_string(hide_password=True)})."
    )


def _be_patient(connection: Connection) -> None:
    from segmail.maho.db.pymysql_connection import QuickConnection

    driver = connection.connection.driver_connection
    if isinstance(driver, QuickConnection):
        driver.be_patient(_LONG_ANSWER)


def _connect_quickly(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> Any:
    from segmail.maho.db.pymysql_connection import QuickConnection  # shops on SQLite do not load it

    try:
        return QuickConnection(**parameters)
    except (OSError, ValueError) as error:  # before a socket is opened: certificates, encodings
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(
            f"--database-url: no connection is possible with these settings: {reason}; check the "
            "files of ssl_ca, ssl_cert and ssl_key, and the characters of user name and password."
        ) from error


def _open_file(url: URL) -> sqlite3.Connection:
    """Open an existing file: a mistyped path must not become an empty database."""
    path = quote(str(Path(url.database or "").absolute()))
    return sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30, check_same_thread=False)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event below opens the transaction
    connection.execute("PRAGMA foreign_keys = ON")
    connection.create_function("lower", 1, sql_lower, deterministic=True)
    connection.create_function("crc32", 1, _crc32, deterministic=True)  # as MySQL has it


def _crc32(value: str | None) -> int | None:
    return None if value is None else zlib.crc32(value.encode())


def _begin_immediate(connection: Connection) -> None:
    reads = connection.get_execution_options().get("segmail_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def error_number(error: DBAPIError) -> int:
    """Return the server's number of an error; 0 if it has none."""
    args = getattr(error.orig, "args", ())
    return args[0] if args and isinstance(args[0], int) else 0


def _may_repeat(error: DBAPIError | Conflict, *, idempotent: bool) -> bool:
    if isinstance(error, Conflict) or is_conflict(error):
        return True
    return idempotent and _is_lost(error)


def is_missing_table(error: DBAPIError) -> bool:
    """Return whether a statement named a table that the shop does not have."""
    return error_number(error) == _NO_TABLE or "no such table" in str(error.orig)


def is_unusable_table(error: DBAPIError) -> bool:
    """Return whether a statement named a table that is missing or damaged."""
    return is_missing_table(error) or _kind(error_number(error), words(error)) in _DAMAGED


def is_conflict(error: DBAPIError) -> bool:
    """Return whether the server rolled a transaction back in favour of another: run it again."""
    return error_number(error) in _RETRY or "database is locked" in str(error.orig)


def _is_lost(error: DBAPIError) -> bool:
    """Return whether the connection broke, or somebody killed it (1927)."""
    return error.connection_invalidated or error_number(error) in _LOST | {1927}


def _is_temporary(error: DBAPIError) -> bool:
    return _is_lost(error) or is_conflict(error) or error_number(error) in _UNREACHABLE


@contextmanager
def _plain_errors(database: Database) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        _raise_plain(error, database)


def _raise_plain(error: DBAPIError, database: Database) -> NoReturn:
    """Raise the error that tells the user what is wrong, by its number, never with the password."""
    number, reason = error_number(error), words(error)
    where = database.url.render_as_string(hide_password=True)
    if number == _LOCKED:
        raise DatabaseUnavailable(
            f"The database {where} waits for locks of another session: {reason}. "
            "That may be a dump, an ALTER TABLE or Maho's own migration; SHOW FULL PROCESSLIST "
            "names it. Run this again when it is done."
        ) from error
    number = _kind(number, reason)
    advice = f". {_ADVICE[number]}" if number in _ADVICE else ""
    if number in _REFUSES_NOW or "database or disk is full" in reason:
        raise DatabaseRefuses(
            f"The database {where} cannot do this now: {reason}{advice}"
        ) from error
    if _is_temporary(error):
        raise DatabaseUnavailable(
            f"The database {where} is out of reach: {reason}{advice}"
        ) from error
    if number in REFUSED and (right := ask_refused_right(database.engine, number, reason)):
        raise ConfigError(right) from error
    if number in _DENIED | _DAMAGED | _VIEWS or "unable to open database file" in reason:
        raise ConfigError(f"The database {where} refuses segmail: {reason}{advice}") from error
    if number in NO_SUCH or "no such table" in reason or "no such column" in reason:
        raise SchemaError(
            f"The database {where} lacks a table or column: {reason}. "
            "`segmail schema check` lists what is missing."
        ) from error
    raise error


def cure(error: DBAPIError) -> str:
    """Return what to do about an error, as a sentence; empty if that is not known."""
    return _ADVICE.get(_kind(error_number(error), words(error)), "")


def _kind(number: int, reason: str) -> int:
    """Return the number of an error that means the same, if this one has several meanings."""
    if number != _OF_ENGINE:
        return number
    return 1021 if "error 28 " in reason else 1034


def words(error: DBAPIError) -> str:
    """Return what the server or SQLite says, with the server's number after it."""
    number = error_number(error)
    said = [str(word) for word in getattr(error.orig, "args", ())[1:2]]
    return f"{said[0]} (error {number})" if number and said else str(error.orig)
