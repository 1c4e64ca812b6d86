"""Membership of another segment, as of its last refresh; segmail's own.

The family is `segment`, the attribute `member_of`, the value a segment's id. A segment that Maho
refreshes is read as Maho left it. `refresh-segments` refreshes a segment after those it names.

Touched by `customer_segment_customer`; the clock changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, not_

from segmail.errors import ConditionError
from segmail.segments.conditions.having import with_row
from segmail.segments.conditions.predicate import normal_operator, split_values
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, summed
from segmail.segments.conditions.tree import Leaf


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the members of the segment, or of one of several; for `!=` and `!()` all others.

    Raises ConditionError for other operators, and for a segment that does not exist.
    """
    operator = normal_operator(leaf)
    if leaf.attribute != "member_of":
        raise ConditionError(f"The attribute of {leaf} is unknown.")
    if operator not in ("==", "!=", "()", "!()"):
        raise ConditionError(f"{leaf} works with 'member of' and 'not member of' only.")
    ids = [scope.segment(leaf, value) for value in split_values(leaf)]
    member = scope.tables.member.c
    found = with_row(scope, scope.tables.member, member.customer_id, member.segment_id.in_(ids))
    return not_(found) if operator.startswith("!") else found


def touched_by(leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources that the leaf reads; leaving a segment leaves no mark."""
    member = scope.tables.member
    ids = sorted({scope.segment(leaf, value) for value in split_values(leaf)})
    named, of = f"members of {', '.join(map(str, ids))}", member.c.segment_id.in_(ids)
    return [summed(named, member, member.c.segment_id, member.c.customer_id, where=of)]
