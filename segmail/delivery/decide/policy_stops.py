"""Which rows of a batch a segment's policies stop at the moment of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from segmail.maho.customer_conditions import LEFT, ORDERED, has_ordered
from segmail.maho.policies import Goal, OnExit, Policy
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Trigger
from segmail.mail.due_row import DueRow


def load_stopped(
    connection: Connection,
    tables: Tables,
    rows: Sequence[DueRow],
    policies: Mapping[int, Policy],
) -> dict[int, str]:
    """Return by progress id why a row must not be sent; one statement for each kind of policy.

    Nothing is read where no segment of the rows asks for it.
    """
    return {
        **_left(connection, tables, _asking(rows, policies, on_exit=OnExit.STOP)),
        **_ordered(connection, tables, _asking(rows, policies, goal=Goal.ORDER)),
    }


def _asking(
    rows: Sequence[DueRow],
    policies: Mapping[int, Policy],
    *,
    on_exit: OnExit | None = None,
    goal: Goal | None = None,
) -> list[DueRow]:
    """Return the rows of segments whose policies are these."""
    asking = {
        segment_id
        for segment_id, policy in policies.items()
        if (on_exit is not None and policy.on_exit is on_exit)
        or (goal is not None and policy.goal is goal)
    }
    return [row for row in rows if row.step.segment.segment_id in asking]


def _left(connection: Connection, tables: Tables, rows: Sequence[DueRow]) -> dict[int, str]:
    rows = [row for row in rows if row.trigger_type == Trigger.ENTER]
    if not rows:
        return {}
    c = tables.member.c
    query = select(c.segment_id, c.customer_id).where(
        c.segment_id.in_({row.step.segment.segment_id for row in rows}),
        c.customer_id.in_({row.customer_id for row in rows}),
    )
    members = {tuple(found) for found in connection.execute(query)}
    return {
        row.progress_id: LEFT
        for row in rows
        if (row.step.segment.segment_id, row.customer_id) not in members
    }


def _ordered(connection: Connection, tables: Tables, rows: Sequence[DueRow]) -> dict[int, str]:
    if not rows:
        return {}
    c = tables.progress.c
    query = select(c.progress_id).where(
        c.progress_id.in_([row.progress_id for row in rows]), has_ordered(tables)
    )
    return dict.fromkeys(connection.scalars(query), ORDERED)
