"""The rows that one statement ends without a mail, kept in a temporary table meanwhile.

So a million rows are ended without their ids passing through Python one by one. The log has a line
for each row: for it they are read once, and kept as plain numbers until the commit.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, MetaData, String, Table, select, text
from sqlalchemy.schema import CreateTable

from segmail.log import log_lines
from segmail.maho.db.column_types import UInt

ENDED = Table(
    "segmail_ended",
    MetaData(),
    Column("progress_id", UInt, primary_key=True, autoincrement=False),
    Column("customer_id", UInt, nullable=False),
    Column("segment_id", UInt, nullable=False),
    Column("sequence_id", UInt, nullable=False),
    Column("step_number", UInt, nullable=False),
    Column("trigger_type", String(10), nullable=False),
    Column("queue_id", UInt),
    prefixes=["TEMPORARY"],
)

_PAGE = 5_000  # rows read at once
_LINES = 1_000  # logged at once


@contextmanager
def ended_rows(connection: Connection) -> Iterator[None]:
    """Create the table, empty, and drop it afterwards; an error ends the transaction anyway."""
    connection.execute(CreateTable(ENDED, if_not_exists=True))
    connection.execute(ENDED.delete())
    yield
    sqlite = connection.dialect.name == "sqlite"
    # DROP TEMPORARY TABLE does not end the transaction, unlike DROP TABLE.
    connection.execute(text(f"DROP {'TABLE temp.' if sqlite else 'TEMPORARY TABLE '}{ENDED}"))


def lines_of_ended(connection: Connection, reason: str) -> Callable[[], None]:
    """Return a function that logs a line for each row now in the table."""
    c = ENDED.c
    steps: defaultdict[tuple[int, str, int], array[int]] = defaultdict(lambda: array("Q"))
    after = 0
    while True:
        page = connection.execute(
            select(c.progress_id, c.customer_id, c.step_number, c.trigger_type, c.segment_id)
            .where(c.progress_id > after)
            .order_by(c.progress_id)
            .limit(_PAGE)
        ).all()
        for progress_id, customer_id, number, trigger, segment_id in page:
            steps[number, trigger, segment_id].extend((customer_id, progress_id))
        if len(page) < _PAGE:
            break
        after = page[-1].progress_id

    def write() -> None:
        for step, ids in steps.items():
            for begin in range(0, len(ids), 2 * _LINES):
                some = iter(ids[begin : begin + 2 * _LINES])
                pairs = zip(some, some, strict=True)
                log_lines([ended_line("Skipped", *step, *pair, reason) for pair in pairs])

    return write


def ended_line(
    verb: str,
    step_number: int,
    trigger: str,
    segment_id: int,
    customer_id: int,
    progress_id: int,
    reason: str,
) -> str:
    """Return the log line that says what became of a row, and why."""
    return (
        f"{verb} step {step_number} ({trigger}) of segment {segment_id} for customer "
        f"{customer_id}, progress {progress_id}: {reason}"
    )
