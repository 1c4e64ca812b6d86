"""What happened in the demo shop so far, as rows: who entered, what was sent, which coupons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from segmail.coupons import AUTO_GENERATED, new_code
from segmail.demo.campaign_rows import STEPS
from segmail.demo.people import PEOPLE, Person, Visit
from segmail.demo.seed import (
    LAST_RUN,
    MERCHANTS_CODES,
    NOW,
    RULES,
    SEGMENTS,
    STORES,
    WINTER,
    RuleSeed,
    SegmentSeed,
    StepSeed,
)
from segmail.demo.seed_rows import Rows, id_in
from segmail.maho.progress import ProgressStatus
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Trigger
from segmail.sequences.delays import parse_delay

_SWITCHED_OFF = NOW - timedelta(days=30)  # how long ago the winter sale's automation ran
_LONG_AGO = NOW - timedelta(days=100)
_SENDING = timedelta(minutes=2)  # how long after it was due a step was sent


@dataclass(frozen=True)
class _Row:
    """A step for a customer; it was sent if the last run, or an earlier one, could send it."""

    customer_id: int
    person: Person
    visit: Visit
    segment: SegmentSeed
    step: StepSeed

    @property
    def due(self) -> datetime:
        return self.visit.at + timedelta(minutes=parse_delay(self.step.delay))

    @property
    def was_stopped(self) -> bool:
        """Whether the customer had, long ago, ordered before this later step was due."""
        return self.step.number > 1 and self.customer_id % 3 == 0 and self.due < _LONG_AGO

    @property
    def is_sent(self) -> bool:
        if self.was_stopped:
            return False
        sends_until = LAST_RUN if self.segment.automation else _SWITCHED_OFF
        return self.due <= sends_until


def history_rows(t: Tables) -> Rows:
    """Return the rows that follow from who entered and left the segments, and when."""
    rows = list(_rows())
    sent = [row for row in rows if row.is_sent and row.step.rule]
    coupons = [_coupon(row.step.rule, row) for row in sent if row.step.rule]
    return [
        (t.member, list(_members())),
        (t.progress, [_progress(row) for row in rows]),
        (t.coupon, [*coupons, *(_merchants(code) for code in MERCHANTS_CODES)]),
    ]


def _rows() -> Iterator[_Row]:
    """Yield a row for each step of the sequences that the visits started."""
    for customer_id, person in enumerate(PEOPLE, start=1):
        for visit in person.visits:
            for segment, step in STEPS:
                if segment == visit.segment and step.trigger is visit.trigger:
                    yield _Row(customer_id, person, visit, segment, step)


def _members() -> Iterator[dict[str, Any]]:
    for customer_id, person in enumerate(PEOPLE, start=1):
        last = {visit.segment.name: visit for visit in person.visits}
        for visit in last.values():
            if visit.trigger is Trigger.ENTER:
                yield {
                    "segment_id": id_in(SEGMENTS, visit.segment),
                    "customer_id": customer_id,
                    "website_id": id_in(STORES, person.store),
                    "added_at": visit.at,
                    "updated_at": visit.at,
                }


def _progress(row: _Row) -> dict[str, Any]:
    return {
        "customer_id": row.customer_id,
        "segment_id": id_in(SEGMENTS, row.segment),
        "sequence_id": id_in(STEPS, (row.segment, row.step)),
        "step_number": row.step.number,
        "trigger_type": row.step.trigger,
        "status": _status(row).value,
        "created_at": row.visit.at,
        "scheduled_at": row.due,
        "sent_at": row.due + _SENDING if row.is_sent else None,
    }


def _status(row: _Row) -> ProgressStatus:
    if row.was_stopped:
        return ProgressStatus.SKIPPED
    return ProgressStatus.SENT if row.is_sent else ProgressStatus.SCHEDULED


def _coupon(rule: RuleSeed, row: _Row) -> dict[str, Any]:
    """Return the coupon of a mail that was sent; every fourth customer has used theirs."""
    return {
        "rule_id": id_in(RULES, rule),
        "code": new_code(row.step.prefix, row.customer_id),
        "usage_limit": 1,
        "usage_per_customer": 1,
        "times_used": int(row.customer_id % 4 == 0),
        "expiration_date": (row.due + timedelta(days=row.step.expires_days)).replace(tzinfo=None),
        "created_at": row.due + _SENDING,
        "type": AUTO_GENERATED,
    }


def _merchants(code: str) -> dict[str, Any]:
    ended = NOW - timedelta(days=90)
    return {
        "rule_id": id_in(RULES, WINTER),
        "code": code,
        "usage_limit": 1,
        "usage_per_customer": 1,
        "times_used": 0,
        "expiration_date": ended.replace(tzinfo=None),
        "created_at": ended - timedelta(days=30),
        "type": AUTO_GENERATED,
    }
