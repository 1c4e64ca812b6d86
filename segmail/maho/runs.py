"""Runs of a sequence: one customer's rows of a segment and trigger with the same `created_at`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, select

from segmail.maho.progress import ProgressStatus, is_pending_in, is_repetition
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Trigger


def running(tables: Tables, segment_id: int, trigger: Trigger) -> Select[tuple[int]]:
    """Return the query of the customers for whom a row of the sequence still waits.

    A row that is only due to be repeated some day does not count.
    """
    waits = is_pending_in(tables, [segment_id], [trigger.value])
    return select(tables.progress.c.customer_id).where(waits, ~is_repetition(tables))


@dataclass(frozen=True)
class FinishedRuns:
    """The customers whose last run was mailed to its end, grouped by customer.

    No row of it waits, and the row with the highest number among the active steps was sent. Rows
    skipped before that do not matter, nor do steps that have been switched off or deleted since. A
    run whose end was skipped or failed (an order, a cancelled subscription, an interrupted attempt,
    the holdout) is not finished. `last_sent` is when the run's last mail was sent, to be compared
    in the `having` of `query`.
    """

    query: Select[tuple[int]]
    last_sent: ColumnElement[Any]

    @classmethod
    def of(
        cls,
        tables: Tables,
        segment_id: int,
        trigger: Trigger,
        asked: Callable[[ColumnElement[Any]], Sequence[ColumnElement[bool]]],
    ) -> FinishedRuns:
        """Return a segment's finished runs; `asked` restricts a column of customer ids."""
        row, run, step = tables.progress, tables.progress.alias("run"), tables.sequence
        last = (
            select(row.c.customer_id, func.max(row.c.created_at).label("began"))
            .where(*_of_sequence(row, segment_id, trigger), *asked(row.c.customer_id))
            .group_by(row.c.customer_id)
            .subquery("last_run")
        )
        of_last = and_(run.c.customer_id == last.c.customer_id, run.c.created_at == last.c.began)
        rows = last.join(run, of_last).join(step, step.c.sequence_id == run.c.sequence_id)
        is_sent = run.c.status == ProgressStatus.SENT.value
        is_active = step.c.is_active == 1
        waits = func.sum(case((run.c.status == ProgressStatus.SCHEDULED.value, 1), else_=0))
        end = func.max(case((is_active, step.c.step_number)))
        reached = func.max(case((and_(is_active, is_sent), step.c.step_number)))
        query = (
            select(run.c.customer_id)
            .select_from(rows)
            .where(*_of_sequence(run, segment_id, trigger))
            .group_by(run.c.customer_id)
            .having(waits == 0, reached == end)
        )
        return cls(query, func.max(case((is_sent, run.c.sent_at))))


def _of_sequence(
    rows: FromClause, segment_id: int, trigger: Trigger
) -> Sequence[ColumnElement[bool]]:
    return (rows.c.segment_id == segment_id, rows.c.trigger_type == trigger.value)
