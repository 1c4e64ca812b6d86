"""Makes SPEC's database changes, of which the shop may need some, all or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.exc import NoSuchTableError

from segmail.errors import ConfigError, Fault, SchemaError
from segmail.maho.db.database import Database
from segmail.maho.schema.check import Missing, MissingKind, SchemaReport, check_schema

_CREATES = re.compile(
    r"CREATE TABLE (?P<new>\w+)"
    r"|ALTER TABLE (?P<altered>\w+)\s+ADD COLUMN (?P<column>\w+)"
    r"|CREATE INDEX \w+\s+ON (?P<indexed>\w+) \((?P<columns>[^)]*)\)"
)
_REFERRED_TO = (
    "customer_entity",
    "customer_segment",
    "newsletter_queue",
    "newsletter_template",
    "salesrule",
)
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


def plan_changes(database: Database, prefix: str) -> list[str]:
    """Return the statements that create what the shop lacks, in order; none if nothing is missing.

    They come from the files in `sql/`; each creates one table, column or index. Raises ConfigError
    if Maho's customer segmentation is not installed, or `sql/` does not support the engine.
    """
    report = check_schema(database, prefix)
    _check_ground(report)
    with database.read() as connection:
        fill = _filler(connection, prefix)
        statements = [fill(statement) for statement in _statements(connection.dialect.name)]
    return [s for s in statements if _creates_missing(s, report.missing)]


def apply_changes(database: Database, prefix: str, statements: list[str]) -> None:
    """Run `statements`, each committed by itself.

    Safe to repeat through `plan_changes`, also after a run that was interrupted. Raises SchemaError
    if something is still missing afterwards, because SPEC does not create it.
    """
    for statement in statements:
        database.change_schema(statement)
    still = check_schema(database, prefix).missing
    if still:
        raise SchemaError(
            Fault(
                f"The {item} is still missing.",
                "The specification's changes do not include it: let Maho install or upgrade "
                "itself, or create it by hand.",
            )
            for item in still
        )


def _check_ground(report: SchemaReport) -> None:
    if report.engine not in ("MySQL", "MariaDB", "SQLite"):
        raise ConfigError(
            f"`segmail schema apply` cannot write {report.engine}'s dialect: run the statements "
            "of sql/ by hand, or let Maho's own module create its tables."
        )
    needed = [Missing(MissingKind.TABLE, report.table_prefix + name) for name in _REFERRED_TO]
    absent = ", ".join(item.table for item in needed if item in report.missing)
    if absent:
        fault = Fault(
            f"Tables that the changes build on are missing: {absent}. Either the table prefix is "
            "wrong, or Maho's customer segmentation is not installed in this shop."
        )
        raise ConfigError([fault, *report.notes])


def _creates_missing(statement: str, missing: tuple[Missing, ...]) -> bool:
    found = _CREATES.search(statement)
    if found is None:
        raise AssertionError(f"sql/ holds a statement that creates nothing: {statement}")
    table = found["new"] or found["altered"] or found["indexed"]
    if found["altered"]:
        return Missing(MissingKind.COLUMN, table, found["column"]) in missing
    if Missing(MissingKind.TABLE, table) in missing:
        return True
    first = (found["columns"] or "").split(", ")[0]
    return any(
        item.kind is MissingKind.INDEX and item.table == table and item.name.split(", ")[0] == first
        for item in missing
    )


def _statements(dialect: str) -> Iterator[str]:
    """Yield the statements of `sql/`; for SQLite its own variant of a file if there is one."""
    folder = _sql_folder()
    for name in sorted(file.name for file in folder.iterdir() if re.match(r"\d_", file.name)):
        variant = folder / dialect / name
        text = (variant if variant.is_file() else folder / name).read_text("utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("--")]
        yield from (part.strip() for part in "\n".join(lines).split(";") if part.strip())


def _sql_folder() -> Traversable:
    """Return `sql/`: inside the package if it is installed, beside it in a checkout."""
    inside = files("segmail") / "sql"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "sql"


def _filler(connection: Connection, prefix: str) -> Callable[[str], str]:
    """Return a function that fills in a statement's placeholders (see sql/1_*.sql)."""
    inspector = inspect(connection)

    def value(found: re.Match[str]) -> str:
        name, column = found.groups()
        if column:
            return _column_type(connection, inspector, prefix + name, column)
        return prefix if name == "prefix" else _charset(inspector, f"{prefix}customer_segment")

    return lambda statement: _PLACEHOLDER.sub(value, statement)


def _column_type(connection: Connection, inspector: Inspector, table: str, column: str) -> str:
    """Return the type of a column in SQL; a foreign key must have that of its target."""
    try:
        types = {c["name"]: c["type"] for c in inspector.get_columns(table)}
    except NoSuchTableError:  # sql/ creates it, or the report says that it is missing
        return "int unsigned"
    shown = types[column].compile(connection.dialect).lower()
    return re.sub(r"^integer(\(\d+\))?", "int", shown)


def _charset(inspector: Inspector, table: str) -> str:
    """Return the character set of a table, so that new tables can be compared with it."""
    options = inspector.get_table_options(table)
    charset = options.get("mysql_default charset", "")
    collation = options.get("mysql_collate")
    return f"{charset} COLLATE={collation}" if collation else str(charset)
