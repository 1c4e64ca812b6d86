"""Why rows end without a mail, stored where every host can read it: in `newsletter_queue`.

Each step has one cancelled queue row for each reason. It is no mail: it has no text, no link row
and a source of its own, and none of Maho's crons takes it. Rows that had no attempt refer to it; a
row with an attempt keeps it, with a row of `newsletter_problem` that begins like the subject. The
shop's configuration stores which queue row belongs to a step and a reason, because no index finds
it; duplicates that two hosts create at once do no harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, literal, select

from segmail.maho.config.rows import write_config
from segmail.maho.db.foreign_keys import past_missing_rows
from segmail.maho.db.insert import insert_rows
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction

NOT_SENT = "Not sent: "
BY_OTHERS = "by Maho, or before 0.2"  # reported for rows that ended without a reason
SOURCE = "customer_segmentation_reason"  # `automation_source` of the rows that are not mails

_PATH = "customer_segmentation/segmail/reason/"
_CHARACTERS = 200  # of newsletter_subject and problem_error_text

Ending = tuple[int, str]  # a step's sequence id, and why its row ends


def told(reason: str) -> str:
    """Return a reason as Maho's columns hold it, without braces, which Maho would execute."""
    plain = "".join(
        "?" if ord(letter) > 0xFFFF else letter for letter in reason if letter not in "{}"
    )
    text = NOT_SENT + plain
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"


def read_back(text: str | None) -> str | None:
    """Return the reason in a stored subject or problem; None if it holds none."""
    if text is None or not text.startswith(NOT_SENT):
        return None
    return text.removeprefix(NOT_SENT)


def is_reason(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a row of `newsletter_queue` is a reason, not a mail."""
    return tables.queue.c.automation_source == SOURCE


def ended_for(tables: Tables, reason: str) -> ColumnElement[bool]:
    """Return the condition that a progress row refers to this reason."""
    q, rows = tables.queue.c, tables.progress.c
    found = exists().where(
        q.queue_id == rows.queue_id, is_reason(tables), q.newsletter_subject == told(reason)
    )
    return and_(rows.queue_id.is_not(None), found.correlate(tables.progress))


def attempt_ended_at(tables: Tables) -> ColumnElement[Any]:
    """Return when the attempt that a row refers to ended; NULL if it refers to a reason."""
    q = tables.queue.c
    return case((q.automation_source == SOURCE, None), else_=q.queue_finish_at)


def reason_ids(tx: Transaction) -> list[int]:
    """Return the queue ids of the reasons in the configuration: few, in any shop."""
    c = tx.tables.config.c
    query = select(c.value).where(c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%"))
    return sorted(int(value) for value in tx.connection.scalars(query) if (value or "").isdecimal())


def reason_ids_of(tx: Transaction, endings: Collection[Ending]) -> list[int]:
    """Return the queue ids that the configuration has for these reasons of steps."""
    if not endings:
        return []
    c = tx.tables.config.c
    paths = [_path(ending) for ending in endings]
    query = select(c.value).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    return sorted(int(value) for value in tx.connection.scalars(query) if (value or "").isdecimal())


def find_reasons(
    tx: Transaction, endings: Collection[Ending], *, now: datetime
) -> dict[Ending, int]:
    """Return the queue ids of these reasons of steps; missing ones are inserted.

    Three statements, and three more if something is missing. Call it in the transaction that ends
    the rows. Raises Conflict, for the transaction to be repeated, if two hosts insert at once.
    """
    if not endings:
        return {}
    steps = _steps(tx, {sequence_id for sequence_id, _ in endings})
    known = _known(tx, {_path(ending): ending for ending in endings}, steps)
    missing = [it for it in sorted(set(endings)) if it not in known and it[0] in steps]
    rows: list[Mapping[str, Any]] = [_row(it, *steps[it[0]], now=now) for it in missing]
    new = past_missing_rows(  # a step's template may be gone
        tx.connection, lambda: insert_rows(tx.connection, tx.tables.queue, rows)
    )
    ids = dict(zip(missing, new, strict=True))
    write_config(tx, {_path(it): str(id) for it, id in ids.items()})
    return known | ids


def tell_of_attempts(tx: Transaction, queue_ids: Any, reason: str) -> None:
    """Insert the reason for attempts whose rows end otherwise; `queue_ids` is a query of their ids.

    It names no subscriber, so that cleaning up Maho's problem reports unsubscribes nobody.
    """
    tx.connection.execute(
        insert(tx.tables.problem).from_select(
            ["queue_id", "problem_error_code", "problem_error_text"],
            queue_ids.add_columns(literal(0), literal(told(reason))),
        )
    )


def _path(ending: Ending) -> str:
    sequence_id, reason = ending
    return f"{_PATH}{sequence_id}/{hashlib.sha256(told(reason).encode()).hexdigest()[:12]}"


def _steps(tx: Transaction, sequence_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return template and segment of steps by sequence id.

    Maho's table needs a template even for a step that is gone: any one.
    """
    c = tx.tables.sequence.c
    query = select(c.sequence_id, c.template_id, c.segment_id).where(
        c.sequence_id.in_(sequence_ids)
    )
    found = {row[0]: (row[1], row[2]) for row in tx.connection.execute(query)}
    missing = [id for id in sequence_ids if id not in found]
    if missing:
        any_ = tx.connection.scalar(select(func.min(tx.tables.template.c.template_id)))
        found |= {id: (any_, 0) for id in missing if any_ is not None}
    return found


def _known(
    tx: Transaction,
    paths: Mapping[str, Ending],
    steps: Mapping[int, tuple[int, int]],
) -> dict[Ending, int]:
    """Return those that still exist as they were written: an admin may have deleted one."""
    c, q = tx.tables.config.c, tx.tables.queue.c
    query = select(c.path, c.value).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    noted = {
        int(value): paths[path]
        for path, value in tx.connection.execute(query)
        if (value or "").isdecimal()
    }
    if not noted:
        return {}
    rows = tx.connection.execute(
        select(q.queue_id, q.template_id, q.newsletter_subject).where(
            q.queue_id.in_(noted), is_reason(tx.tables)
        )
    )
    return {
        noted[row.queue_id]: row.queue_id
        for row in rows
        if row.newsletter_subject == told(noted[row.queue_id][1])
        and row.template_id == steps.get(noted[row.queue_id][0], (None,))[0]
    }


def _row(ending: Ending, template_id: int, segment_id: int, *, now: datetime) -> dict[str, Any]:
    return {
        "template_id": template_id,
        "newsletter_text": "",
        "newsletter_subject": told(ending[1]),
        "queue_status": QueueStatus.CANCEL,
        "queue_start_at": now,
        "queue_finish_at": now,
        "automation_source": SOURCE,
        "automation_source_id": segment_id,
    }
