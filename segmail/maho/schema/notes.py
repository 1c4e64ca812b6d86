"""What else is worth knowing about a shop's database: server, engine, character sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, Inspector, String, Table, text

from segmail.errors import Fault
from segmail.maho.schema.tables import Tables

_NAMES = {"mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite", "postgresql": "PostgreSQL"}

# The first releases with SKIP LOCKED, with which two runs claim different rows.
_OLDEST = {"MySQL": (8, 0), "MariaDB": (10, 6)}


def server(connection: Connection) -> tuple[str, str]:
    """Return the name and the version of the database server."""
    dialect = connection.dialect
    name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
    query = "SELECT sqlite_version()" if name == "sqlite" else "SELECT version()"
    return _NAMES.get(name, name), str(connection.scalar(text(query)))


def server_faults(connection: Connection) -> Iterator[Fault]:
    """Yield what makes the database unusable: a server too old."""
    name, version = server(connection)
    oldest = _OLDEST.get(name)
    if oldest and (connection.dialect.server_version_info or oldest) < oldest:
        needed = ".".join(map(str, oldest))
        yield Fault(f"{name} {version} is too old: segmail needs {name} {needed} or later.")


def view_faults(views: Collection[str], tables: Sequence[Table]) -> Iterator[Fault]:
    """Yield those of the tables that are views, whose rows cannot be locked."""
    for table in tables:
        if table.name in views:
            yield Fault(f"{table.name} is a view.", "Put the table itself in its place.")


def engine_faults(inspector: Inspector, tables: Sequence[Table]) -> Iterator[Fault]:
    """Yield the tables without transactions."""
    for table in tables:
        engine = _options(inspector, table).get("mysql_engine", "InnoDB")
        if engine.lower() != "innodb":
            yield Fault(
                f"{table.name} is a {engine} table, which knows no transactions.",
                f"ALTER TABLE {table.name} ENGINE=InnoDB;",
            )


def prefix_notes(inspector: Inspector, prefix: str, tables: Tables) -> Iterator[Fault]:
    """Yield the table prefixes that exist, if the given one fits no shop."""
    if inspector.has_table(tables.config.name):
        return
    end = tables.config.name.removeprefix(prefix)
    found = sorted(n.removesuffix(end) for n in inspector.get_table_names() if n.endswith(end))
    if not found:
        yield Fault("There are no tables of a Maho shop in this database at all.")
        return
    others = ", ".join(f"'{other}'" if other else "none" for other in found)
    yield Fault(
        f"No shop here has the table prefix '{prefix}'.", f"--table-prefix could be: {others}."
    )


def charset_notes(inspector: Inspector, tables: Sequence[Table]) -> Iterator[Fault]:
    """Yield the tables for mails that cannot hold every character."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for table in tables:
        charsets = dict(_charsets(inspector, table))
        if len(set(charsets.values())) == 1:
            charsets = {"": charsets.popitem()[1]}
        for column, charset in charsets.items():
            places[charset].append(f"{table.name}.{column}".rstrip("."))
    for charset, names in places.items():
        if charset != "utf8mb4":
            yield Fault(f"{', '.join(names)}: {_limits(charset)}")


def _limits(charset: str) -> str:
    if charset in ("utf8", "utf8mb3"):
        return f"{charset} cannot hold emoji; segmail stores them as HTML entities."
    return f"{charset} holds only few languages; Maho's own is utf8mb3 or utf8mb4."


def _charsets(inspector: Inspector, table: Table) -> Iterator[tuple[str, str]]:
    """Yield a table's text columns with their character sets, if the engine has them per column."""
    default = _options(inspector, table).get("mysql_default charset")
    if default is None:
        return
    for column in inspector.get_columns(table.name):
        if isinstance(column["type"], String):
            collation = getattr(column["type"], "collation", None)
            charset = getattr(column["type"], "charset", None)
            yield column["name"], charset or (collation or default).split("_")[0]


def _options(inspector: Inspector, table: Table) -> dict[str, str]:
    if not inspector.has_table(table.name):
        return {}
    return {key: str(value) for key, value in inspector.get_table_options(table.name).items()}
