"""Finds out who enters and who leaves a segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
)

from segmail.maho.db.column_types import UtcDateTime
from segmail.maho.db.mariadb_hints import collected
from segmail.maho.holdout import HELD_OUT
from segmail.segments.refresh.enrolment import (
    ENROLLED,
    WAITING,
    rival_ran_since_entering,
    verdict,
)
from segmail.segments.refresh.task import Movement, Task
from segmail.segments.refresh.temporary_tables import (
    ASKED,
    CHANGED,
    CHUNK,
    MATCHED,
    create_asked,
    create_chunk,
    create_scratch,
    drop_scratch,
)


@dataclass(frozen=True)
class Changes:
    """Numbers of customers; the customers themselves are in a temporary table."""

    verdicts: Counter[tuple[Movement, str]] = field(default_factory=Counter)

    def __add__(self, other: Changes) -> Changes:
        return Changes(self.verdicts + other.verdicts)

    @property
    def total(self) -> int:
        return self.verdicts.total()

    def of(self, movement: Movement) -> int:
        """Return how many customers enter, leave, or stay and are enrolled late."""
        return sum(n for (of, _), n in self.verdicts.items() if of is movement)

    @property
    def enrolled(self) -> int:
        return sum(n for (_, told), n in self.verdicts.items() if told == ENROLLED)

    @property
    def waiting(self) -> int:
        """How many customers wait for a person to allow their enrolment."""
        return sum(n for (_, told), n in self.verdicts.items() if told == WAITING)

    @property
    def not_enrolled(self) -> dict[str, int]:
        """The number of customers by the reason why no sequence starts for them."""
        counts: Counter[str] = Counter()
        for (_, reason), count in self.verdicts.items():
            if reason not in (ENROLLED, WAITING, ""):
                counts[reason] += count
        return dict(counts)


@dataclass(frozen=True)
class FoundChanges:
    """Numbers of customers in CHANGED; `members` is how many the segment will have in the end."""

    numbers: Mapping[Movement, int]
    members: int

    @property
    def total(self) -> int:
        return sum(self.numbers.values())

    @property
    def movements(self) -> list[Movement]:
        """What at least one customer does."""
        return [movement for movement, number in self.numbers.items() if number]


def find_changes(
    connection: Connection,
    task: Task,
    matching: Callable[..., Select[Any]],
    asked: Collection[int] | None = None,
    *,
    late_since: datetime | None,
    left_since: datetime | None = None,
) -> FoundChanges:
    """Fill CHANGED: the customers who enter, leave or may be enrolled late.

    `matching` returns the query of all who match, or of those among the ids it is given. Customers
    not `asked` stay what they are; None: everybody is asked. Late are members who entered since
    `late_since` (None: nobody) and were not enrolled then, because they were not subscribed or the
    enrolment limit held them back; and customers who left since `left_since` (None: nobody), whose
    exit sequence was held back by the limit. Nothing else is written; if nothing changes, there may
    be no CHANGED.
    """
    before = _count_members(connection, task)
    is_anybody_asked = asked is None or bool(asked)
    if not (is_anybody_asked or _is_anybody_late(connection, task, late_since, left_since)):
        return FoundChanges({}, before)
    create_scratch(connection)
    find_matched(connection, matching, asked)
    entering = _fill(connection, _who_enters(task))
    leaving = _fill(connection, _who_leaves(task, of_asked=asked is not None))
    numbers = {Movement.ENTER: entering, Movement.EXIT: leaving}
    if late_since is not None:
        late = _of_who_stays(_who_may_start_late(task, late_since), task, asked)
        numbers[Movement.STAY] = _fill(connection, late)
    if left_since is not None:
        id = task.tables.customer.c.entity_id
        gone = _who_left_and_waits(task, left_since)
        gone = gone.outerjoin(MATCHED, MATCHED.c.customer_id == id)
        gone = gone.where(MATCHED.c.customer_id.is_(None))
        numbers[Movement.GONE] = _fill(connection, gone)
    return FoundChanges(numbers, before + entering - leaving)


def forget_changes(connection: Connection, found: FoundChanges) -> None:
    """Drop the tables that `find_changes` filled, if it did."""
    if found.numbers:
        drop_scratch(connection)


def find_matched(
    connection: Connection,
    matching: Callable[..., Select[Any]],
    asked: Collection[int] | None = None,
) -> None:
    """Fill MATCHED with those who match, and ASKED unless everybody is asked."""
    if asked is not None:
        create_asked(connection, asked)
    if asked is None or asked:
        query = matching() if asked is None else matching(asked)
        fill = insert(MATCHED).from_select(["customer_id"], query)
        connection.execute(collected(fill))


def _count_members(connection: Connection, task: Task) -> int:
    here = task.tables.member.c.segment_id == task.candidate.id
    return int(connection.scalar(select(func.count()).where(here)) or 0)


def _is_anybody_late(
    connection: Connection,
    task: Task,
    late_since: datetime | None,
    left_since: datetime | None,
) -> bool:
    """Return whether a sequence starts for somebody although nobody is asked."""
    queries = []
    if late_since is not None:
        queries.append(_who_may_start_late(task, late_since))
    if left_since is not None:
        queries.append(_who_left_and_waits(task, left_since))
    return any(connection.execute(query.limit(1)).first() for query in queries)


def find_present(connection: Connection, task: Task) -> int:
    """Fill CHANGED with all members, whenever they entered; return their number."""
    member = task.tables.member.c
    stay = literal(Movement.STAY.value)
    query = select(member.customer_id, stay).where(member.segment_id == task.candidate.id)
    return _fill(connection, query)


def _fill(connection: Connection, query: Select[Any]) -> int:
    fill = insert(CHANGED).from_select(["customer_id", "direction"], query)
    return connection.execute(fill).rowcount


def judge(
    connection: Connection,
    task: Task,
    *,
    movements: Collection[Movement] = tuple(Movement),
    after: int = 0,
    last: int | None = None,
) -> Changes:
    """Fill CHUNK from CHANGED with the customers after one id up to another (None: to the end).

    The answer of the conditions stays; customers whom others have added or removed since then are
    left out. Whether a sequence starts is decided here and now: for customers who are subscribed,
    active and free of steps. `movements` are those in CHANGED; without any there is no CHUNK.
    """
    if not movements:
        return Changes()
    create_chunk(connection)
    for movement in movements:
        people = _who_still_changes(task, movement).where(CHANGED.c.customer_id > after)
        if last is not None:
            people = people.where(CHANGED.c.customer_id <= last)
        columns = ["customer_id", "direction", "verdict"]
        connection.execute(insert(CHUNK).from_select(columns, people))
    return _count(connection)


def _count(connection: Connection) -> Changes:
    c = CHUNK.c
    counts = select(c.direction, c.verdict, func.count()).group_by(c.direction, c.verdict)
    found = {(Movement(row[0]), row[1]): row[2] for row in connection.execute(counts)}
    return Changes(Counter(found))


def _who_enters(task: Task) -> Select[Any]:
    member, id = task.tables.member, MATCHED.c.customer_id
    there = and_(member.c.customer_id == id, member.c.segment_id == task.candidate.id)
    both = MATCHED.outerjoin(member, there)
    query = select(id, literal(Movement.ENTER.value)).select_from(both)
    return query.where(member.c.customer_id.is_(None))


def _who_leaves(task: Task, *, of_asked: bool) -> Select[Any]:
    member = task.tables.member
    id, here = member.c.customer_id, member.c.segment_id == task.candidate.id
    rows: FromClause = member
    if of_asked:
        rows = ASKED.join(member, and_(id == ASKED.c.customer_id, here))
    both = rows.outerjoin(MATCHED, MATCHED.c.customer_id == id)
    query = select(id, literal(Movement.EXIT.value)).select_from(both)
    return query.where(here, MATCHED.c.customer_id.is_(None))


def _who_may_start_late(task: Task, since: datetime) -> Select[Any]:
    """Return only members for whom a sequence starts now if they stay: the others do not change."""
    member, customer = task.tables.member, task.tables.customer
    return (
        select(member.c.customer_id, literal(Movement.STAY.value))
        .select_from(member.join(customer, customer.c.entity_id == member.c.customer_id))
        .where(
            member.c.segment_id == task.candidate.id,
            _entered_in_time(task, since),
            verdict(task, Movement.STAY).in_([ENROLLED, HELD_OUT]),
        )
    )


def _of_who_stays(members: Select[Any], task: Task, asked: Collection[int] | None) -> Select[Any]:
    id = task.tables.member.c.customer_id
    members = members.outerjoin(MATCHED, MATCHED.c.customer_id == id)
    stays: ColumnElement[bool] = MATCHED.c.customer_id.is_not(None)
    if asked is not None:
        members = members.outerjoin(ASKED, ASKED.c.customer_id == id)
        stays = or_(stays, ASKED.c.customer_id.is_(None))
    return members.where(stays)


def _who_left_and_waits(task: Task, since: datetime) -> Select[Any]:
    """Return only customers for whom a sequence starts now unless they come back."""
    row, customer, member = task.tables.progress, task.tables.customer, task.tables.member
    back = and_(
        member.c.segment_id == task.candidate.id, member.c.customer_id == customer.c.entity_id
    )
    return (
        select(customer.c.entity_id, literal(Movement.GONE.value))
        .distinct()
        .select_from(
            row.join(customer, customer.c.entity_id == row.c.customer_id).outerjoin(member, back)
        )
        .where(
            row.c.queue_id.in_(task.waiting),
            row.c.segment_id == task.candidate.id,
            row.c.created_at >= literal(since, UtcDateTime()),
            member.c.customer_id.is_(None),
            verdict(task, Movement.GONE).in_([ENROLLED, HELD_OUT]),
        )
    )


def _entered_in_time(task: Task, since: datetime) -> ColumnElement[bool]:
    added_at = task.tables.member.c.added_at
    lately = added_at >= literal(since, UtcDateTime())
    if not task.stronger or task.enrols_since is None:
        return lately
    owed = added_at >= literal(task.enrols_since, UtcDateTime())
    return or_(lately, and_(owed, rival_ran_since_entering(task)))


def _who_still_changes(task: Task, movement: Movement) -> Select[Any]:
    member, customer = task.tables.member, task.tables.customer
    id = CHANGED.c.customer_id
    if movement in (Movement.ENTER, Movement.GONE):
        still = and_(member.c.customer_id.is_(None), customer.c.entity_id.is_not(None))
    else:
        still = member.c.customer_id.is_not(None)
    here = and_(member.c.segment_id == task.candidate.id, member.c.customer_id == id)
    return (
        select(id, CHANGED.c.direction, verdict(task, movement))
        .select_from(
            CHANGED.outerjoin(member, here).outerjoin(customer, customer.c.entity_id == id)
        )
        .where(CHANGED.c.direction == movement.value, still)
    )
