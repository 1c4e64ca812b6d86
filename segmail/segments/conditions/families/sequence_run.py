"""Where a customer is in a segment's e-mail sequence; segmail's own.

The family is `sequence`; the value begins with the segment's id. `finished` and `running` take
`12:1` for yes and `12:0` for no, `days_since_finished` takes `12:30` for 30 days. The sequence is
that of the enter steps, or of the exit steps if the segment has no others. `maho/runs.py` says what
a finished run is.

Touched by `customer_segment_sequence_progress`, and by steps that are switched on or off
(`customer_segment_email_sequence`); only `days_since_finished` changes with the clock, at midnight
of the website.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, not_

from segmail.errors import ConditionError
from segmail.maho.runs import FinishedRuns, running
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.number_pair import split_pair
from segmail.segments.conditions.predicate import normal_operator
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, Unmarked
from segmail.segments.conditions.tree import Leaf

_ANSWERS = {"1": True, "0": False}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError if it cannot be used."""
    match leaf.attribute:
        case "finished":
            wanted, compared = _segment(leaf, scope, "yes or no, as in 12:1")
            return _answered(leaf, compared, _is_in(scope, _finished(scope, wanted).query))
        case "running":
            wanted, compared = _segment(leaf, scope, "yes or no, as in 12:1")
            row = scope.tables.progress.c
            trigger = scope.segments[wanted].trigger
            rows = running(scope.tables, wanted, trigger).where(*scope.asked(row.customer_id))
            return _answered(leaf, compared, _is_in(scope, rows))
        case "days_since_finished":
            wanted, compared = _segment(leaf, scope, "the days, as in 12:30")
            runs = _finished(scope, wanted)
            days = days_ago(replace(leaf, value=compared), scope, runs.last_sent)
            return _is_in(scope, runs.query.having(days))
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def touched_by(_leaf: Leaf, _scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads; each mail changes them, and no mark shows whose."""
    return [Unmarked("the steps of sequences")]


def _segment(leaf: Leaf, scope: Scope, what: str) -> tuple[int, str]:
    """Return the segment's id and the part of the value that is compared."""
    id, compared = split_pair(leaf, f"the id of a segment and {what}")
    return scope.segment(leaf, id), compared


def _finished(scope: Scope, segment_id: int) -> FinishedRuns:
    trigger = scope.segments[segment_id].trigger
    return FinishedRuns.of(scope.tables, segment_id, trigger, scope.asked)


def _is_in(scope: Scope, found: Select[tuple[int]]) -> ColumnElement[bool]:
    return scope.tables.customer.c.entity_id.in_(found)


def _answered(leaf: Leaf, answer: str, holds: ColumnElement[bool]) -> ColumnElement[bool]:
    operator = normal_operator(leaf)
    if answer not in _ANSWERS or operator not in ("==", "!="):
        raise ConditionError(f"{leaf} is compared with yes or no, by = or !=.")
    return holds if _ANSWERS[answer] is (operator == "==") else not_(holds)
