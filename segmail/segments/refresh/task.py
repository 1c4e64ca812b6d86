"""What one segment's refresh is about, as it was when it began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Step, load_steps
from segmail.segments.refresh.candidates import Candidate, load_candidates


@dataclass(frozen=True)
class Task:
    """A segment, its steps, and whether sequences may start."""

    tables: Tables
    candidate: Candidate
    steps: Sequence[Step]
    enrol: bool


def load_task(connection: Connection, tables: Tables, segment_id: int, *, enrol: bool) -> Task:
    """Return the task of a segment that there is."""
    [candidate] = load_candidates(connection, tables, [segment_id])
    steps = load_steps(connection, tables, segment_ids=[segment_id])
    return Task(tables, candidate, steps, enrol)


def is_still(connection: Connection, task: Task) -> bool:
    """Return whether nobody has changed, deleted or refreshed the segment since."""
    id = task.candidate.id
    return load_candidates(connection, task.tables, [id]) == [task.candidate] and (
        load_steps(connection, task.tables, segment_ids=[id]) == task.steps
    )
