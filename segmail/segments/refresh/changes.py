"""Finds out who enters and who leaves a segment, and for whom a sequence starts by that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)

from segmail.maho.policies import OnReentry
from segmail.maho.standing import is_subscribed
from segmail.maho.steps import Step, Trigger
from segmail.maho.tables import Tables
from segmail.segments.refresh.candidates import Candidate, Matching
from segmail.segments.refresh.scratch import CHANGED, MATCHED

ENROLLED = "enrolled"


@dataclass(frozen=True)
class Changes:
    """Numbers of customers; the people are in the temporary tables."""

    members: int
    verdicts: Counter[tuple[Trigger, str]]

    def of(self, direction: Trigger) -> int:
        """Return how many enter, or leave."""
        return sum(n for (of, _), n in self.verdicts.items() if of is direction)

    @property
    def enrolled(self) -> int:
        return sum(n for (_, verdict), n in self.verdicts.items() if verdict == ENROLLED)

    @property
    def not_enrolled(self) -> dict[str, int]:
        """Customers by the reason why no sequence starts for them."""
        counts: Counter[str] = Counter()
        for (_, verdict), count in self.verdicts.items():
            if verdict not in (ENROLLED, ""):
                counts[verdict] += count
        return dict(counts)


def find_changes(
    connection: Connection,
    tables: Tables,
    candidate: Candidate,
    steps: Sequence[Step],
    matching: Matching,
    *,
    now: datetime,
    enrol: bool,
) -> Changes:
    """Fill the temporary tables; nothing else is written.

    `steps` are the segment's; with `enrol` False no sequence starts for anybody.
    """
    matched = matching(connection, candidate, now)
    members = connection.execute(insert(MATCHED).from_select(["customer_id"], matched)).rowcount
    for direction in Trigger:
        verdict = _Verdict(tables, candidate, steps, direction, enrol=enrol).expression()
        _insert(connection, tables, candidate, direction, verdict)
    counts = select(CHANGED.c.direction, CHANGED.c.verdict, func.count()).group_by(
        CHANGED.c.direction, CHANGED.c.verdict
    )
    found = {(Trigger(row[0]), row[1]): row[2] for row in connection.execute(counts)}
    return Changes(members, Counter(found))


def _insert(
    connection: Connection,
    tables: Tables,
    candidate: Candidate,
    direction: Trigger,
    verdict: ColumnElement[str],
) -> None:
    member, customer = tables.member, tables.customer
    here = member.c.segment_id == candidate.id
    same = member.c.customer_id == MATCHED.c.customer_id
    if direction is Trigger.ENTER:
        id = MATCHED.c.customer_id
        both = MATCHED.outerjoin(member, and_(same, here))
        changed: ColumnElement[bool] = member.c.customer_id.is_(None)
    else:
        id = member.c.customer_id
        both = member.outerjoin(MATCHED, same)
        changed = and_(here, MATCHED.c.customer_id.is_(None))
    people = (
        select(id, literal(direction.value), verdict)
        .select_from(both.outerjoin(customer, customer.c.entity_id == id))
        .where(changed)
    )
    connection.execute(insert(CHANGED).from_select(["customer_id", "direction", "verdict"], people))


@dataclass(frozen=True)
class _Verdict:
    """Whether a sequence starts for a customer who enters, or leaves; '' where there is none."""

    tables: Tables
    candidate: Candidate
    steps: Sequence[Step]
    direction: Trigger
    enrol: bool

    def expression(self) -> ColumnElement[str]:
        if reason := self._reason_for_all():
            return literal(reason)
        if not any(step.is_active and step.trigger is self.direction for step in self.steps):
            return literal("")
        customer = self.tables.customer.c
        gone = or_(customer.entity_id.is_(None), customer.is_active != 1)
        reasons: list[tuple[ColumnElement[bool], str]] = [
            (gone, "whose account is inactive or gone"),
            (~is_subscribed(self.tables), "not subscribed"),
        ]
        if not self.candidate.segment.allows_overlap:
            reasons.append((self._has_pending_rows(), "with steps still scheduled"))
        if self.candidate.policy.on_reentry is OnReentry.NEVER:
            reasons.append((self._was_enrolled(), "who had this sequence before"))
        return case(*reasons, else_=ENROLLED)

    def _reason_for_all(self) -> str:
        if not self.steps:
            return ""
        if not self.candidate.segment.automation_active:
            return "while the automation is off"
        return "" if self.enrol else "because of --no-enrol"

    def _has_pending_rows(self) -> ColumnElement[bool]:
        """Rows that the exit itself stops are not in its way."""
        row = self.tables.progress.c
        left = [trigger.value for trigger in Trigger]
        if self.direction is Trigger.EXIT and self.candidate.policy.stops_on_exit:
            left = [Trigger.EXIT.value]
        return self._has_row(row.status == "scheduled", row.trigger_type.in_(left))

    def _was_enrolled(self) -> ColumnElement[bool]:
        return self._has_row(self.tables.progress.c.trigger_type == self.direction.value)

    def _has_row(self, *conditions: ColumnElement[Any]) -> ColumnElement[bool]:
        row, customer = self.tables.progress.c, self.tables.customer
        return (
            exists()
            .where(
                row.customer_id == customer.c.entity_id,
                row.segment_id == self.candidate.id,
                *conditions,
            )
            .correlate(customer)
        )
