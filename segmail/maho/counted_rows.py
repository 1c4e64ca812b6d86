"""Progress rows that must be kept because promises count them: `max_sends`, and `never` again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, FromClause, and_, case, func, not_, or_, select

from segmail.maho.db.row_by_row import first_found, not_by_index
from segmail.maho.holdout import was_held_out
from segmail.maho.problems import was_interrupted
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.tables import Tables

_NOTHING: Mapping[int, int] = MappingProxyType({})


def uses_a_send(tables: Tables, rows: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row's mail arrived, or may have: `max_sends` counts it.

    The statuses are listed together, so that the index on customer and status can be used.
    """
    sent, failed = ProgressStatus.SENT.value, ProgressStatus.FAILED.value
    may_have_arrived = and_(rows.c.queue_id.is_not(None), was_interrupted(tables, rows.c.queue_id))
    return and_(rows.c.status.in_([sent, failed]), or_(rows.c.status == sent, may_have_arrived))


def is_counted_from(
    tables: Tables,
    *,
    never: Collection[int] = (),
    by_run: Collection[int] = (),
    holdout: Collection[int] = (),
    asked: Collection[int] = (),
    repeating: Mapping[int, int] = _NOTHING,
) -> ColumnElement[bool]:
    """Return the condition that a progress row is needed to keep a promise.

    Kept are, for each customer and step, the newest rows that used a send, as many as `max_sends`.
    In segments in `never`, whose policy asks when a customer last had the sequence: each customer's
    newest row of a trigger. In those in `by_run`, where each entry is judged by itself: rows of the
    newest run only. In those in `holdout`: the rows that record who is held out. In those in
    `asked`, whose sequences conditions ask about: the whole newest run. For steps that repeat,
    whose sends are limited by `repeating` (0: not at all) by sequence id: each row of a run that
    will be repeated.
    """
    row, newer, step = tables.progress, tables.progress.alias("newer"), tables.sequence
    same_customer = and_(
        newer.c.customer_id == row.c.customer_id, newer.c.progress_id > row.c.progress_id
    )
    newer_sends = (
        select(func.count())
        .where(
            same_customer,
            not_by_index(newer.c.sequence_id) == row.c.sequence_id,
            uses_a_send(tables, newer),
        )
        .correlate(row)
        .scalar_subquery()
    )
    max_sends = (
        select(func.coalesce(step.c.max_sends, 1))
        .where(step.c.sequence_id == row.c.sequence_id)
        .correlate(row)
        .scalar_subquery()
    )
    if repeating:
        limits = case(dict(repeating), value=row.c.sequence_id, else_=max_sends)
        counted = and_(uses_a_send(tables, row), limits > newer_sends)
    else:
        counted = and_(uses_a_send(tables, row), max_sends > newer_sends)
    same_sequence = and_(
        same_customer,
        not_by_index(newer.c.segment_id) == row.c.segment_id,
        newer.c.trigger_type == row.c.trigger_type,
    )
    later = newer.c.created_at > row.c.created_at
    newer_run = first_found(same_sequence, later).correlate(row).is_not(None)
    if by_run:
        is_former = and_(row.c.segment_id.in_(by_run), newer_run)
        counted = and_(counted, not_(is_former))
    if never:
        newest = first_found(same_sequence).correlate(row).is_(None)
        counted = or_(counted, and_(row.c.segment_id.in_(never), newest))
    if asked:
        counted = or_(counted, and_(row.c.segment_id.in_(asked), not_(newer_run)))
    if holdout:
        counted = or_(counted, and_(row.c.segment_id.in_(holdout), was_held_out(tables)))
    if repeating:
        counted = or_(counted, _in_waiting_repeats(tables, repeating))
    return counted


def _in_waiting_repeats(tables: Tables, repeating: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a row belongs to a run in which a step will be repeated."""
    row, waiting = tables.progress, tables.progress.alias("waiting")
    found = first_found(
        waiting.c.customer_id == row.c.customer_id,
        not_by_index(waiting.c.segment_id) == row.c.segment_id,
        waiting.c.trigger_type == row.c.trigger_type,
        waiting.c.created_at == row.c.created_at,
        not_by_index(waiting.c.sequence_id).in_(repeating),
        waiting.c.status == ProgressStatus.SCHEDULED.value,
    )
    return found.correlate(row).is_not(None)
