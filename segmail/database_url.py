"""The database's URL, checked before anything is opened: errors name the option."""

from __future__ import annotations

import os
import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from segmail.errors import Fault

# Values are bound and connections are made in ways that no other driver supports.
_DRIVERS = {"mysql": "pymysql", "mariadb": "pymysql", "sqlite": "pysqlite"}
_OTHER_DRIVER = {
    "mysql": "segmail speaks to MySQL through PyMySQL only: write mysql://…",
    "mariadb": "segmail speaks to MariaDB through PyMySQL only: write mariadb://…",
    "sqlite": "segmail reads SQLite through Python's own module only: write sqlite:///…",
}
_FILES = ("ssl_ca", "ssl_cert", "ssl_key", "ssl_capath")
_SECONDS = ("connect_timeout", "read_timeout", "write_timeout")
_SWITCHES = ("ssl_check_hostname", "ssl_disabled")
_OPTIONS = {*_FILES, *_SECONDS, *_SWITCHES, "unix_socket", "charset", "ssl_cipher",
            "init_command"}  # fmt: skip
_NO_URL = (
    "not a database URL; it looks like "
    "mysql://user:password@host:3306/name or sqlite:////path/to/file."
)


def parse_database_url(text: str, faults: list[Fault]) -> URL | None:
    """Return the URL with its driver; None if something is wrong, which is added to `faults`.

    No fault repeats a part of the URL that could be its password.
    """
    try:
        url = _with_driver(make_url(text))
        url.get_dialect()
        told = list(_faults(url))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        told = [_NO_URL]
    except _OtherDriver as error:
        told = [str(error)]
    faults.extend(Fault(f"--database-url: {one}") for one in told)
    return None if told else url


class _OtherDriver(Exception):
    """A driver that segmail does not work with; the text says what to write instead."""


def _with_driver(url: URL) -> URL:
    backend, _, driver = url.drivername.partition("+")
    if driver not in ("", _DRIVERS.get(backend, driver)):
        raise _OtherDriver(_OTHER_DRIVER[backend])
    if backend not in ("mysql", "mariadb"):
        return url
    user, password = url.query.get("user"), url.query.get("password")
    if isinstance(user, str):
        url = url.set(username=user)
    if isinstance(password, str):  # as an option it would be shown with the URL
        url = url.set(password=password)
    url = url.difference_update_query(["user", "password"])
    return url.set(drivername=f"{backend}+pymysql")


def _faults(url: URL) -> list[str]:
    """Return what is wrong with the parts of a URL."""
    parts = (url.host, url.database if url.host else None)
    if any("@" in part for part in parts if part):
        return [
            "a character in the user name or password must be percent-encoded "
            "(@ %40, : %3A, / %2F, ? %3F, # %23, % %25)."
        ]
    if url.port is not None and not 0 < url.port < 65536:
        return ["the port is not a number from 1 to 65535."]
    if url.get_backend_name() not in ("mysql", "mariadb"):
        return []
    return [fault for name, value in url.query.items() if (fault := _option_fault(name, value))]


def _option_fault(name: str, value: object) -> str:
    """Return what is wrong with an option of the URL; '' if nothing is."""
    if name not in _OPTIONS:
        shown = f"unknown option `{name}`" if name.isidentifier() else "an unknown option"
        return f"{shown}; known are {', '.join(sorted(_OPTIONS))}."
    if not isinstance(value, str):
        return f"the option `{name}` is given twice."
    if name in _FILES and not os.access(value, os.R_OK):
        return f"the file of `{name}`, {value}, cannot be read."
    if name in _SECONDS and not re.fullmatch("[1-9][0-9]{0,4}", value):
        return f"the option `{name}` must be a number of seconds up to 99999."
    if name in _SWITCHES and value.lower() not in ("true", "false", "1", "0"):
        return f"the option `{name}` must be true or false."
    return ""
