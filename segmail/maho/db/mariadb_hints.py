"""Makes MariaDB run a statement about all customers by collecting each subquery's customers once.

Otherwise, below an OR or at a first match, it looks them up customer by customer if it expects few,
which takes minutes in a large shop. The settings apply to that one statement. MySQL and SQLite have
no such settings, and no such problem.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Engine, Executable, event
from sqlalchemy.engine.interfaces import DBAPICursor

_S = TypeVar("_S", bound=Executable)

_OPTION = "segmail_collected"
_SWITCHES = ("in_to_exists", "firstmatch", "loosescan", "split_materialized")
_MEMORY = 128 * 1024 * 1024  # at most so many bytes; the ids of a million customers take some 40 MB
_SETTINGS = ", ".join(
    (
        "optimizer_switch = '" + ",".join(f"{name}=off" for name in _SWITCHES) + "'",
        *(
            f"{size} = GREATEST(@@{size}, {_MEMORY})"
            for size in ("tmp_table_size", "max_heap_table_size")
        ),
    )
)


def collected(statement: _S) -> _S:
    """Return the statement, to be run in this way if the server is MariaDB."""
    return statement.execution_options(**{_OPTION: True})


def collect_when_asked(engine: Engine) -> None:
    """Make `collected` work on the engine's connections."""
    event.listen(engine, "before_cursor_execute", _with_settings, retval=True)


def _with_settings(
    connection: Any, _cursor: DBAPICursor, sql: str, values: Any, context: Any, _many: bool
) -> tuple[str, Any]:
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    if is_mariadb and context and context.execution_options.get(_OPTION):
        sql = f"SET STATEMENT {_SETTINGS} FOR {sql}"
    return sql, values
