"""Reads from `app/etc/local.xml` how Maho reaches its database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from sqlalchemy import URL

from segmail.errors import ConfigError, Fault
from segmail.trusted_files import read_trusted, trusted_owners

_CONNECTION = "global/resources/default_setup/connection"
_PREFIX = "global/resources/db/table_prefix"
_KEY = "global/crypt/key"

_PREFIX_SHAPE = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
_LONGEST_PREFIX = 20  # characters; names of tables have at most 64
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+(?:%\w+)?)\](?::(\d+))?")
_BARE_V6 = re.compile(r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?")

# Where Debian, Red Hat, MAMP and the official images put MySQL's socket.
MYSQL_SOCKETS = (
    "/run/mysqld/mysqld.sock",
    "/var/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",  # noqa: S108 - MySQL's own default
)


@dataclass(frozen=True)
class LocalXml:
    """What segmail reads from a shop's local.xml."""

    database_url: URL
    table_prefix: str = ""
    crypt_key: str | None = field(default=None, repr=False)


def is_table_prefix(text: str) -> bool:
    """Return whether Maho's installer would accept the text as a prefix of table names."""
    return len(text) <= _LONGEST_PREFIX and _PREFIX_SHAPE.fullmatch(text) is not None


def read_local_xml(
    root: Path, environ: Mapping[str, str], *, sockets: Sequence[str] = MYSQL_SOCKETS
) -> LocalXml:
    """Return the shop's connection, from `<root>/app/etc/local.xml` or, if that is missing, from
    the
    variable MAHO_LOCAL_XML, as Maho itself does in containers.

    `sockets` are tried in turn if the host is a plain `localhost`.

    Raises ConfigError listing every fault, each with the file and the element to fix.
    """
    source, text = _find(root, environ)
    document = _Document(source, _parse(source, text), sockets)
    url = _ENGINES[_engine(document)](document, root)
    prefix = document.text(_PREFIX)
    if prefix and not is_table_prefix(prefix):
        document.fault(_PREFIX, f"'{prefix}' must be letters, digits and _ after a first letter")
    if document.faults:
        raise ConfigError(document.faults)
    return LocalXml(url, prefix, document.text(_KEY) or None)


@dataclass
class _Document:
    """The parsed file, and what is wrong with it."""

    source: str
    tree: ElementTree.Element
    sockets: Sequence[str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, path: str) -> str:
        return (self.tree.findtext(path) or "").strip()

    def connection(self, name: str) -> str:
        return self.text(f"{_CONNECTION}/{name}")

    @property
    def password(self) -> str | None:
        """The password, including spaces around it, which may be part of it."""
        return self.tree.findtext(f"{_CONNECTION}/password") or None

    def required(self, name: str) -> str:
        value = self.connection(name)
        if not value:
            self.fault(f"{_CONNECTION}/{name}", "is missing or empty")
        return value

    def fault(self, path: str, reason: str) -> None:
        self.faults.append(Fault(f"{self.source}: config/{path}: {reason}."))


def _find(root: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    file = root / "app" / "etc" / "local.xml"
    try:
        return str(file), read_trusted(file, trusted_owners(root))
    except FileNotFoundError:
        if text := environ.get("MAHO_LOCAL_XML"):
            return "MAHO_LOCAL_XML", text
        raise ConfigError(
            f"{file} does not exist, and MAHO_LOCAL_XML is not set: is this Maho's root directory?"
        ) from None


def _parse(source: str, text: str) -> ElementTree.Element:
    # Entities can only be declared in a DOCTYPE, so refusing it refuses every entity attack.
    if "<!DOCTYPE" in text:
        raise ConfigError(f"{source}: a DOCTYPE is refused.")
    try:
        return ElementTree.fromstring(text.strip())  # noqa: S314 - see above
    except ElementTree.ParseError as error:
        raise ConfigError(f"{source} is not valid XML: {error}.") from error


def _engine(document: _Document) -> str:
    """Return the engine, as Maho finds it: engine, then type, then model; `mysql4` means mysql."""
    told = {name: document.connection(name) for name in ("engine", "type", "model")}
    name, value = next(((name, value) for name, value in told.items() if value), ("", "mysql"))
    engine = value.removeprefix("pdo_").replace("mysql4", "mysql")
    if engine not in _ENGINES:
        document.fault(f"{_CONNECTION}/{name}", f"'{value}' is not one of {', '.join(_ENGINES)}")
        return "mysql"
    return engine


def _mysql_url(document: _Document, _root: Path) -> URL:
    host, port, socket = _address(document)
    return URL.create(
        "mysql+pymysql",
        username=document.required("username"),
        password=document.password,
        host=None if socket else host,
        port=None if socket else port,
        database=document.required("dbname"),
        query={"unix_socket": socket} if socket else {},
    )


def _postgresql_url(document: _Document, _root: Path) -> URL:
    sslmode = document.connection("sslmode")
    return URL.create(
        "postgresql+psycopg",
        username=document.required("username"),
        password=document.password,
        host=document.connection("host") or "localhost",
        port=_port(document, document.connection("port")),
        database=document.required("dbname"),
        query={"sslmode": sslmode} if sslmode else {},
    )


def _sqlite_url(document: _Document, root: Path) -> URL:
    name = document.connection("path") or document.required("dbname")
    if name == ":memory:":
        document.fault(f"{_CONNECTION}/dbname", "':memory:' is a database nobody else can open")
    return URL.create("sqlite", database=str(root / "var" / "db" / name))


_ENGINES = {"mysql": _mysql_url, "pgsql": _postgresql_url, "sqlite": _sqlite_url}


def _address(document: _Document) -> tuple[str, int | None, str | None]:
    """Return host, port and socket; a socket wins, and a port in `host` wins over `port`."""
    if socket := document.connection("unix_socket"):
        return "", None, socket
    told = document.connection("host") or "localhost"
    if "/" in told:
        return "", None, told
    host, own_port = _split(told)
    port = _port(document, own_port or document.connection("port"))
    if host == "localhost" and port is None:
        return _localhost(document.sockets)
    return host, port, None


def _split(told: str) -> tuple[str, str]:
    if match := _BRACKETED.fullmatch(told):
        return match[1], match[2] or ""
    if _BARE_V6.fullmatch(told):
        return told, ""
    host, _, port = told.partition(":")
    return host, port


def _localhost(sockets: Sequence[str]) -> tuple[str, int | None, str | None]:
    """Return a socket for a plain `localhost`, as PHP does; PyMySQL takes it as an address."""
    socket = next((path for path in sockets if Path(path).is_socket()), None)
    return "127.0.0.1", None, socket


def _port(document: _Document, told: str) -> int | None:
    if not told:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", told) or not 0 < int(told) < 65536:
        document.fault(f"{_CONNECTION}/port", f"'{told}' is not a port number")
        return None
    return int(told)
