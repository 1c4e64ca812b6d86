"""An SQLite file that nobody else uses and that may be lost: no write waits for the disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event

from segmail.maho.db.database import Database

_HURRY = ("synchronous = OFF", "journal_mode = MEMORY", "temp_store = MEMORY")


def open_scratch(file: Path, *, foreign_keys: bool = True) -> Database:
    """Open the file, creating it if it is missing; it is filled without `foreign_keys`."""
    file.touch(mode=0o600)
    database = Database(URL.create("sqlite", database=str(file)), kept_open=True)

    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        for setting in (*_HURRY, f"foreign_keys = {int(foreign_keys)}"):
            connection.execute(f"PRAGMA {setting}")

    event.listen(database.engine, "connect", prepare)
    return database
