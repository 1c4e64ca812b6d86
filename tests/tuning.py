"""The indexes of `schema tune`, which a test must not leave to the tests after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from segmail.maho.db.database import Database
from segmail.maho.schema.tune import plan_tuning


@contextmanager
def tuning_undone(database: Database, prefix: str = "") -> Iterator[list[str]]:
    """Yield the statements that would tune the database; drop these indexes afterwards."""
    statements = plan_tuning(database, prefix)
    try:
        yield statements
    finally:
        left = plan_tuning(database, prefix)
        with database.engine.begin() as connection:
            for statement in statements:
                if statement not in left:
                    words = statement.split()  # CREATE INDEX name ON table …
                    on = "" if connection.dialect.name == "sqlite" else f" ON {words[4]}"
                    connection.exec_driver_sql(f"DROP INDEX {words[2]}{on}")
