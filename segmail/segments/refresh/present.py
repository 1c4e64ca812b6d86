"""`segment enrol`: starts a sequence for the present members, when a person asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from segmail.errors import ConfigError, TemporaryError
from segmail.log import logger
from segmail.maho.db.row_by_row import not_by_index
from segmail.maho.lookup import find_segment
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Trigger
from segmail.segments.refresh.changes import Changes, find_present, judge
from segmail.segments.refresh.chunks import integrity_is_conflict, write_in_chunks
from segmail.segments.refresh.group import load_group
from segmail.segments.refresh.locks import kept_for_one_refresh, lock_group_if_free
from segmail.segments.refresh.task import Task, load_task
from segmail.segments.refresh.temporary_tables import create_scratch, drop_scratch


@dataclass(frozen=True)
class Enrolment:
    """Numbers of members: `enrolled` now, and by reason those for whom nothing starts."""

    segment_id: int
    segment: str
    members: int
    enrolled: int
    not_enrolled: Mapping[str, int]


def members_without_mail(shop: Shop, segment_id: int, *, now: datetime) -> int:
    """Return how many members never began the sequence; they get nothing until enrolled."""
    with shop.read() as tx:
        task = load_task(tx, segment_id, enrol=True, now=now)
        if not task.active_steps(Trigger.ENTER):
            return 0
        member, row = shop.tables.member.c, shop.tables.progress.c
        has_row = exists().where(
            row.customer_id == member.customer_id,
            not_by_index(row.segment_id) == member.segment_id,
            row.trigger_type == Trigger.ENTER.value,
        )
        query = select(func.count()).where(member.segment_id == segment_id, ~has_row)
        return int(tx.connection.scalar(query.select_from(shop.tables.member)) or 0)


def enrol_present(
    shop: Shop, given: str, *, dry_run: bool, now: datetime, chunk: int = 5_000
) -> Enrolment:
    """Enrol the members of the segment that `given` names, as if they entered now.

    Members who are not subscribed, who have had the sequence since they entered, or whom the
    segment's policies refuse are left out. No limit applies, because a person has asked. Raises
    InputError for a wrong name, ConfigError if nobody could be enrolled, TemporaryError while the
    segment is being refreshed.
    """
    now = now.replace(microsecond=0)
    with shop.read() as tx:
        segment = find_segment(tx, given)
        task = load_task(tx, segment.segment_id, enrol=True, now=now)
    _require_steps(task)
    group = load_group(shop, segment.segment_id)
    with (
        shop.session() as session,
        kept_for_one_refresh(session.session, shop, group[0]) as is_free,
    ):
        if not is_free:
            raise TemporaryError(f"'{segment.name}' is being refreshed at the moment; try again.")

        def look(tx: Transaction) -> Changes:
            if not lock_group_if_free(tx, group):
                raise TemporaryError(f"'{segment.name}' is being changed at the moment; try again.")
            create_scratch(tx.connection)
            find_present(tx.connection, task)
            with integrity_is_conflict():
                return judge(tx.connection, task)

        changes = session.transact(look)
        if not dry_run and changes.enrolled:
            written = write_in_chunks(session, task, size=chunk, now=now, is_stopping=lambda: False)
            changes = written.changes
            logger.info(
                "Enrolled %s present members of segment %d '%s'",
                f"{changes.enrolled:,}",
                segment.segment_id,
                segment.name,
            )
        session.transact(lambda tx: drop_scratch(tx.connection))
    return Enrolment(
        segment.segment_id, segment.name, changes.total, changes.enrolled, changes.not_enrolled
    )


def _require_steps(task: Task) -> None:
    id, name = task.candidate.id, task.candidate.segment.name
    if not task.candidate.segment.sends:
        raise ConfigError(
            f"The automation of '{name}' is off, or the segment inactive; first: "
            f"segmail segment automation {id} on"
        )
    if not task.active_steps(Trigger.ENTER):
        raise ConfigError(f"'{name}' has no active step with the trigger 'enter'.")
