"""What a loop over customers costs: the statements that Maho runs for each, on the same server.

For every customer who matches, Maho's refresh loads the account (its row, its attributes from the
value tables); for one to be enrolled also the subscription and the pending steps, and inserts a
row. Only the statements are counted here, not PHP's work between them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import pymysql
from pymysql.cursors import Cursor
from sqlalchemy import URL

from tests.benchmarks.segments.figures import Looped

_MOST = 20_000
_PART = 5  # of a small shop, one customer in so many

_VALUES = " UNION ALL ".join(
    f"SELECT attribute_id, CAST(value AS CHAR) FROM customer_entity_{type_} "
    "WHERE entity_id = %(id)s"
    for type_ in ("varchar", "int", "datetime", "decimal", "text")
)
_LOAD = ("SELECT * FROM customer_entity WHERE entity_id = %(id)s", _VALUES)
_ENROL = (
    "SELECT * FROM newsletter_subscriber WHERE customer_id = %(id)s",
    "SELECT COUNT(*) FROM customer_segment_sequence_progress WHERE customer_id = %(id)s "
    "AND segment_id = %(segment)s AND status = 'scheduled'",
    "INSERT INTO customer_segment_sequence_progress (customer_id, segment_id, sequence_id, "
    "step_number, trigger_type, status, created_at, scheduled_at) VALUES (%(id)s, %(segment)s, "
    "%(step)s, 1, 'enter', 'scheduled', '2026-11-22 12:00:00', '2026-11-22 12:30:00')",
)


def loop(url: URL, customers: int) -> Looped:
    """Load up to 20,000 accounts one by one, then enrol them too; nothing of it is kept."""
    count = min(_MOST, customers // _PART)
    connection = pymysql.connect(
        unix_socket=str(url.query["unix_socket"]), user=url.username, database=url.database or ""
    )
    try:
        with connection.cursor() as cursor:
            values = [
                {"id": 1 + id * 48_271 % customers, "segment": 1, "step": 1} for id in range(count)
            ]
            load = _timed(cursor, _LOAD, values)
            enrol = _timed(cursor, (*_LOAD, *_ENROL), values)
        connection.rollback()
    finally:
        connection.close()
    return Looped(count, load / count, enrol / count)


def _timed(cursor: Cursor, statements: Sequence[str], values: Sequence[dict[str, int]]) -> float:
    began = time.monotonic()
    for given in values:
        for statement in statements:
            cursor.execute(statement, given)
            cursor.fetchall()
    return time.monotonic() - began
