"""What a simulation found, in numbers, read from the record of what was played."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from segmail.delivery.rows.outcome import Status
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import load_steps
from segmail.sequences.overview import StepSummary, list_steps
from segmail.simulate.play import Moves, Played
from segmail.simulate.record import BEFORE, PLAYED

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EXAMPLES = 20
ENDS = (Status.SENT.value, Status.SKIPPED.value, Status.FAILED.value)


@dataclass(frozen=True)
class StepFound:
    """What became of a step; `unreached` says why nobody was sent it, None if somebody was."""

    step: str
    template: str
    delay: str
    sent: int
    skipped: int
    failed: int
    waiting: int
    coupons: int
    reasons: Mapping[str, int]
    unreached: str | None


@dataclass(frozen=True)
class SegmentFound:
    """What became of a segment's customers; `fault` is why a refresh of it failed or waited."""

    segment_id: int
    segment: str
    members: int
    entered: int
    left: int
    enrolled: int
    stopped: int
    not_enrolled: Mapping[str, int]
    steps: Sequence[StepFound]
    fault: str | None

    @property
    def sent(self) -> int:
        return sum(step.sent for step in self.steps)


@dataclass(frozen=True)
class DayFound:
    """What happened in a segment on one day."""

    day: int
    date: date
    segment_id: int
    segment: str
    entered: int
    left: int
    enrolled: int
    sent: int
    skipped: int
    failed: int


@dataclass(frozen=True)
class FirstRun:
    """What the first run does: the refreshes, and the mails in the hour after them."""

    at: datetime
    entered: int
    enrolled: int
    left: int
    stopped: int
    sent_within_hour: int
    waits: Sequence[str]  # segments whose enrolment exceeds the limit


@dataclass(frozen=True)
class Collision:
    """Two mails to one customer within a day."""

    customer_id: int
    email: str | None
    at: datetime
    step: str
    minutes_after: int
    before: str


@dataclass(frozen=True)
class Collisions:
    """How often a customer got two mails within an hour or a day, and the closest of them."""

    within_hour: int
    within_day: int
    customers: int
    most_a_day: int
    examples: Sequence[Collision]


@dataclass(frozen=True)
class CouponsFound:
    """How many coupons were made of a sales rule."""

    rule: str
    made: int


@dataclass(frozen=True)
class Findings:
    """Everything reported about a simulation except the mails themselves."""

    start: datetime
    until: datetime
    zone: str
    customers: int
    of_customers: int
    applied: Mapping[str, int]
    first_run: FirstRun
    segments: Sequence[SegmentFound]
    days: Sequence[DayFound]
    collisions: Collisions
    postponed: Mapping[str, int]
    coupons: Sequence[CouponsFound]
    cleaned: Mapping[str, int]
    differences: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How many mails were sent in total."""
        return sum(segment.sent for segment in self.segments)


@dataclass(frozen=True)
class Circumstances:
    """What only the caller knows about a simulation."""

    zone: str
    customers: int
    of_customers: int
    applied: Mapping[str, int]
    differences: Sequence[str]
    notes: Sequence[str]


def find(shop: Shop, played: Played, told: Circumstances) -> Findings:
    """Read what was played on the shop."""
    steps = list_steps(shop)
    with shop.read() as tx:
        counts = _counts(tx)
        members = _members(tx)
        segments = _segments(tx, steps, counts, members, played)
        return Findings(
            start=played.start,
            until=played.until,
            zone=told.zone,
            customers=told.customers,
            of_customers=told.of_customers,
            applied=told.applied,
            first_run=_first_run(tx, played),
            segments=segments,
            days=list(_days(tx, played, {one.segment_id: one.segment for one in segments})),
            collisions=_collisions(tx),
            postponed=_postponed(counts),
            coupons=_coupons(steps, counts),
            cleaned=dict(played.cleaned),
            differences=told.differences,
            notes=told.notes,
        )


@dataclass(frozen=True)
class _Count:
    sequence_id: int
    outcome: str
    reason: str | None
    number: int
    coupons: int

    @property
    def kind(self) -> str | None:
        """The reason without the time that a rule adds, by which thousands of rows would differ."""
        if self.reason is None or self.outcome in ENDS:
            return self.reason
        return self.reason.partition(" until ")[0]


def _counts(tx: Transaction) -> list[_Count]:
    p = PLAYED.c
    query = (
        select(p.sequence_id, p.outcome, p.reason, func.count(), func.count(p.coupon_code))
        .where(p.outcome != BEFORE)
        .group_by(p.sequence_id, p.outcome, p.reason)
        .order_by(func.count().desc(), p.reason)
    )
    return [_Count(*row) for row in tx.connection.execute(query)]


def _members(tx: Transaction) -> dict[int, int]:
    m = tx.tables.member.c
    query = select(m.segment_id, func.count()).group_by(m.segment_id)
    return {row[0]: row[1] for row in tx.connection.execute(query)}


def _segments(
    tx: Transaction,
    steps: Sequence[StepSummary],
    counts: Sequence[_Count],
    members: Mapping[int, int],
    played: Played,
) -> list[SegmentFound]:
    moves: defaultdict[int, Moves] = defaultdict(Moves)
    for (_, segment_id), one in played.moves.items():
        total = moves[segment_id]
        total.entered += one.entered
        total.left += one.left
        total.enrolled += one.enrolled
        total.stopped += one.stopped
        total.not_enrolled.update(one.not_enrolled)
    s = tx.tables.segment.c
    named = {
        row.segment_id: row.name
        for row in tx.connection.execute(select(s.segment_id, s.name).order_by(s.segment_id))
    }
    held = {step.sequence_id for step in load_steps(tx) if not step.segment.sends}
    shown = {step.segment_id for step in steps} | set(moves)
    return [
        SegmentFound(
            segment_id=id,
            segment=name,
            members=members.get(id, 0),
            entered=moves[id].entered,
            left=moves[id].left,
            enrolled=moves[id].enrolled,
            stopped=moves[id].stopped,
            not_enrolled=dict(moves[id].not_enrolled.most_common()),
            steps=[
                _step(
                    step,
                    [count for count in counts if count.sequence_id == step.sequence_id],
                    is_held=step.sequence_id in held,
                )
                for step in steps
                if step.segment_id == id
            ],
            fault=played.faults.get(id),
        )
        for id, name in named.items()
        if id in shown
    ]


def _step(step: StepSummary, counts: Sequence[_Count], *, is_held: bool) -> StepFound:
    ends: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for count in counts:
        ends[count.outcome] += count.number
        if count.reason:
            reasons[f"{count.outcome}: {count.kind}"] += count.number
    waiting = step.waiting
    sent = ends[Status.SENT.value]
    return StepFound(
        step=step.label,
        template=step.template,
        delay=step.delay,
        sent=sent,
        skipped=ends[Status.SKIPPED.value],
        failed=ends[Status.FAILED.value],
        waiting=waiting,
        coupons=sum(count.coupons for count in counts),
        reasons=dict(reasons),
        unreached=None if sent else _why_unreached(step, ends, reasons, waiting, is_held=is_held),
    )


def _why_unreached(
    step: StepSummary,
    ends: Mapping[str, int],
    reasons: Mapping[str, int],
    waiting: int,
    *,
    is_held: bool,
) -> str:
    if not step.is_active:
        return "the step is switched off"
    if is_held:
        return f"the segment's automation is off; {waiting:,} are held"
    if ended := sum(ends.get(one, 0) for one in ENDS):
        most = next(iter(reasons), "for unknown reasons")
        return f"all {ended:,} ended without a mail; most often {most}"
    if waiting:
        return f"{waiting:,} wait for their time, which is later"
    return "nobody was enrolled"


def _days(tx: Transaction, played: Played, names: Mapping[int, str]) -> Iterator[DayFound]:
    p = PLAYED.c
    query = (
        select(p.day, p.segment_id, p.outcome, func.count())
        .where(p.outcome.in_(ENDS))
        .group_by(p.day, p.segment_id, p.outcome)
    )
    ends: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for day, segment_id, outcome, number in tx.connection.execute(query):
        ends[day, segment_id][outcome] = number
    moves = {key: one for key, one in played.moves.items() if one.anybody}
    for key in sorted(ends.keys() | moves.keys()):
        day, segment_id = key
        moved = moves.get(key, Moves())
        yield DayFound(
            day=day,
            date=played.first_day + timedelta(days=day - 1),
            segment_id=segment_id,
            segment=names.get(segment_id, str(segment_id)),
            entered=moved.entered,
            left=moved.left,
            enrolled=moved.enrolled,
            sent=ends[key][Status.SENT.value],
            skipped=ends[key][Status.SKIPPED.value],
            failed=ends[key][Status.FAILED.value],
        )


def _first_run(tx: Transaction, played: Played) -> FirstRun:
    first = list(played.first.values())
    at = played.first_at or played.start
    query = (
        select(func.count())
        .select_from(PLAYED)
        .where(PLAYED.c.outcome == Status.SENT.value, PLAYED.c.at <= at + _HOUR)
    )
    return FirstRun(
        at=at,
        entered=sum(one.entered for one in first),
        enrolled=sum(one.enrolled for one in first),
        left=sum(one.left for one in first),
        stopped=sum(one.stopped + one.ordered for one in first),
        sent_within_hour=tx.connection.scalar(query) or 0,
        waits=[one.reason or one.segment for one in first if one.waiting],
    )


def _collisions(tx: Transaction) -> Collisions:
    """Count pairs of consecutive mails to the same customer, in the order of customers."""
    p, segment = PLAYED.c, tx.tables.segment.c
    query = (
        select(p.customer_id, p.at, p.day, segment.name, p.trigger_type, p.step_number)
        .join_from(PLAYED, tx.tables.segment, segment.segment_id == p.segment_id)
        .where(p.outcome == Status.SENT.value)
        .order_by(p.customer_id, p.at, p.played_id)
    )
    within_hour = within_day = most = today = 0
    customers: set[int] = set()
    closest: list[tuple[int, Collision]] = []
    last: Any = None
    for one in tx.connection.execute(query.execution_options(yield_per=1_000)):
        label = f"{one.name}:{one.trigger_type}:{one.step_number}"
        is_same = last is not None and last[0] == one.customer_id
        today = today + 1 if is_same and last[3] == one.day else 1
        most = max(most, today)
        if is_same and (gap := one.at - last[1]) < _DAY:
            within_day += 1
            within_hour += gap < _HOUR
            customers.add(one.customer_id)
            minutes = int(gap / timedelta(minutes=1))
            found = Collision(one.customer_id, None, one.at, label, minutes, last[2])
            closest.append((minutes, found))
            if len(closest) > 50 * _EXAMPLES:
                closest = _closest(closest)
        last = (one.customer_id, one.at, label, one.day)
    examples = [found for _, found in _closest(closest)]
    c = tx.tables.customer.c
    ids = {one.customer_id for one in examples}
    query = select(c.entity_id, c.email).where(c.entity_id.in_(ids))
    emails = {row.entity_id: row.email for row in tx.connection.execute(query)}
    return Collisions(
        within_hour,
        within_day,
        len(customers),
        most,
        [_with_email(one, emails.get(one.customer_id)) for one in examples],
    )


def _closest(found: list[tuple[int, Collision]]) -> list[tuple[int, Collision]]:
    return sorted(found, key=lambda it: (it[0], it[1].customer_id, it[1].at))[:_EXAMPLES]


def _with_email(one: Collision, email: str | None) -> Collision:
    return Collision(one.customer_id, email, one.at, one.step, one.minutes_after, one.before)


def _postponed(counts: Sequence[_Count]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for count in counts:
        if count.outcome not in ENDS:
            found[count.kind or count.outcome] += count.number
    return dict(found.most_common())


def _coupons(steps: Sequence[StepSummary], counts: Sequence[_Count]) -> list[CouponsFound]:
    rules = {step.sequence_id: step.rule or "" for step in steps}
    made: Counter[str] = Counter()
    for count in counts:
        if count.coupons:
            made[rules.get(count.sequence_id, "")] += count.coupons
    return [CouponsFound(rule, number) for rule, number in made.most_common()]
