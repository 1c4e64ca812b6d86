"""Counts progress rows: those of steps, and those of segments."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Trigger

STATUSES = ("scheduled", "sent", "failed", "skipped")

# Maho's index is on segment, trigger and status: naming both triggers lets it find the status.
_TRIGGERS = [trigger.value for trigger in Trigger]


def count_by_step(
    connection: Connection, tables: Tables, sequence_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Return the number of rows of each step by status, zeros included."""
    c = tables.progress.c
    query = (
        select(c.sequence_id, c.status, func.count())
        .where(c.sequence_id.in_(sequence_ids))
        .group_by(c.sequence_id, c.status)
    )
    counts = {id: dict.fromkeys(STATUSES, 0) for id in sequence_ids}
    for sequence_id, status, count in connection.execute(query):
        counts[sequence_id][status] = count
    return counts


def count_by_segment(
    connection: Connection, tables: Tables, segment_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Return the number of rows of each segment by status, zeros included."""
    c = tables.progress.c
    query = (
        select(c.segment_id, c.status, func.count())
        .where(c.segment_id.in_(segment_ids))
        .group_by(c.segment_id, c.status)
    )
    counts = {id: dict.fromkeys(STATUSES, 0) for id in segment_ids}
    for segment_id, status, count in connection.execute(query):
        counts[segment_id][status] = count
    return counts


def count_scheduled(connection: Connection, tables: Tables, segment_id: int) -> dict[str, int]:
    """Return the number of a segment's scheduled rows by their trigger."""
    c = tables.progress.c
    query = (
        select(c.trigger_type, func.count())
        .where(_scheduled(tables, [segment_id]))
        .group_by(c.trigger_type)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def count_due(
    connection: Connection, tables: Tables, segment_ids: Collection[int], *, now: datetime
) -> dict[int, int]:
    """Return the number of scheduled rows whose time has come, by sequence id."""
    c = tables.progress.c
    query = (
        select(c.sequence_id, func.count())
        .where(_scheduled(tables, segment_ids), c.scheduled_at <= now)
        .group_by(c.sequence_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _scheduled(tables: Tables, segment_ids: Collection[int]) -> ColumnElement[bool]:
    c = tables.progress.c
    return and_(
        c.segment_id.in_(segment_ids), c.trigger_type.in_(_TRIGGERS), c.status == "scheduled"
    )
