"""The refresh of one segment, in one transaction: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from segmail.errors import RefreshFailed
from segmail.maho.database import Conflict
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, Trigger, load_steps
from segmail.maho.tables import Tables
from segmail.segments.refresh import apply
from segmail.segments.refresh.candidates import Candidate, Matching, load_candidates
from segmail.segments.refresh.changes import Changes, find_changes
from segmail.segments.refresh.outcome import Refreshed, State
from segmail.segments.refresh.scratch import scratch_tables
from segmail.segments.refresh.status import lock_if_free


@dataclass(frozen=True)
class Options:
    """How a run refreshes.

    With `enrol` False members change silently. A refresh that would enrol more than `enrol_limit`
    customers fails. A dry run does everything and takes it back: what it tells is exact.
    """

    enrol: bool = True
    enrol_limit: int = 5_000
    dry_run: bool = False


def refresh_in_one_transaction(
    shop: Shop, segment_id: int, options: Options, *, matching: Matching, now: datetime
) -> Refreshed | None:
    """Refresh a segment and return what was done; None where somebody else is at work on it.

    The segment is locked first, and read again: its conditions may have changed, and whoever
    comes second sees the members that the first one wrote. Raises RefreshFailed when too many
    would be enrolled, ConditionError, or what the database says; then nothing was changed.
    """

    def work(connection: Connection) -> Refreshed | None:
        try:
            if not lock_if_free(connection, shop.tables, segment_id):
                return None
            done = _refresh(connection, shop.tables, segment_id, options, matching, now)
        except IntegrityError as error:  # a customer was deleted, or Maho was faster: look again
            raise Conflict from error
        if options.dry_run:
            raise _TakenBack(done)
        return done

    try:
        return shop.database.transact(work)
    except _TakenBack as taken:
        return taken.result


class _TakenBack(Exception):
    """Rolls a dry run back; carries what it found."""

    def __init__(self, result: Refreshed) -> None:
        super().__init__()
        self.result = result


def _refresh(
    connection: Connection,
    tables: Tables,
    segment_id: int,
    options: Options,
    matching: Matching,
    now: datetime,
) -> Refreshed:
    [candidate] = load_candidates(connection, tables, [segment_id])
    steps = load_steps(connection, tables, segment_ids=[segment_id])
    with scratch_tables(connection):
        ordered = apply.stop_by_goal(connection, tables, candidate)
        changes = find_changes(
            connection, tables, candidate, steps, matching, now=now, enrol=options.enrol
        )
        _guard(candidate, changes, options.enrol_limit)
        stopped = _write(connection, tables, candidate, changes, steps, now=now)
    apply.complete(connection, tables, candidate, changes.members, now=now)
    return Refreshed(
        candidate.id,
        candidate.segment.name,
        State.REFRESHED,
        members=changes.members,
        entered=changes.of(Trigger.ENTER),
        left=changes.of(Trigger.EXIT),
        enrolled=changes.enrolled,
        not_enrolled=changes.not_enrolled,
        stopped=stopped,
        ordered=ordered,
    )


def _guard(candidate: Candidate, changes: Changes, limit: int) -> None:
    """A wrong condition must not mail the whole shop."""
    if changes.enrolled > limit:
        raise RefreshFailed(
            f"'{candidate.segment.name}' would enrol {changes.enrolled:,} customers at once, more "
            f"than the limit of {limit:,}; nothing was changed. If its conditions are right: "
            f"segmail refresh-segments --segment {candidate.id} --enrol-limit {changes.enrolled}, "
            "or --no-enrol to take the members in without a mail."
        )


def _write(
    connection: Connection,
    tables: Tables,
    candidate: Candidate,
    changes: Changes,
    steps: Sequence[Step],
    *,
    now: datetime,
) -> int:
    """Write the changes; return how many scheduled steps were stopped."""
    stopped = 0
    if changes.of(Trigger.EXIT):
        stopped = apply.stop_who_leave(connection, tables, candidate)
        apply.remove_members(connection, tables, candidate)
    if changes.of(Trigger.ENTER):
        apply.add_members(connection, tables, candidate, now=now)
    if changes.enrolled:
        apply.enrol(connection, tables, steps, now=now)
    return stopped
