"""Where a customer is in a segment's sequence of mails; segmail's own.

The family is `sequence`; the value begins with the segment's id: `12:1` for yes and `12:0` for no
of `finished` and `running`, `12:30` for the days of `days_since_finished`. The sequence is the one
for who enters; of a segment with steps for leaving only, that one. See `maho/runs.py` for what a
finished run is.

Touched by `customer_segment_sequence_progress`, and by steps that are switched on or off
(`customer_segment_email_sequence`); `days_since_finished` alone changes by the clock, at midnight
of the website.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, Select, not_

from segmail.errors import ConditionError
from segmail.maho.runs import FinishedRuns, running
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.number_pair import split_pair
from segmail.segments.conditions.predicate import normal_operator
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.tree import Leaf

_ANSWERS = {"1": True, "0": False}


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the customers that the leaf matches; raise ConditionError where it is unusable."""
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


def _segment(leaf: Leaf, scope: Scope, what: str) -> tuple[int, str]:
    """Return the segment's id and what is compared."""
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
