"""A Maho database as it was before the automation: the specification's changes are undone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, text

from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables

_ADDED = {
    "customer_segment": ("auto_email_trigger", "auto_email_active"),
    "newsletter_queue": ("automation_source", "automation_source_id"),
}


@contextmanager
def bare_database(engine: str, server: URL, folder: Path, prefix: str = "") -> Iterator[URL]:
    """Yield the URL of a new database of a shop without the automation's tables and columns."""
    name = f"segmail_bare_{uuid.uuid4().hex[:12]}"
    if engine == "sqlite":
        file = folder / f"{name}.sqlite"
        file.touch()
        url = URL.create("sqlite", database=str(file))
        _fill(url, prefix)
        yield url
        return
    url = server.set(database=name)
    administration = Database(server).engine
    try:
        with administration.begin() as connection:
            connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb3"))
        _fill(url, prefix)
        yield url
    finally:
        with administration.begin() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        administration.dispose()


def run(url: URL, *statements: str) -> None:
    """Run statements by hand, as a DBA would."""
    engine = Database(url).engine
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _fill(url: URL, prefix: str) -> None:
    engine = Database(url).engine
    tables = build_tables(prefix, Layout.SPEC)
    automation = (tables.sequence, tables.progress)
    wanted = [table for table in tables.metadata.sorted_tables if table not in automation]
    with engine.begin() as connection:
        tables.metadata.create_all(connection, wanted, checkfirst=False)
        for table, columns in _ADDED.items():
            for column in columns:
                connection.execute(text(f"ALTER TABLE {prefix}{table} DROP COLUMN {column}"))
    engine.dispose()
