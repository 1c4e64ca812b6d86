"""The use case of `refresh-segments`: every segment in a transaction of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from segmail.clock import Clock
from segmail.errors import ConfigError, RefreshFailed, SegmailError, TemporaryError
from segmail.maho.database import Conflict
from segmail.maho.shop import Shop
from segmail.maho.steps import Trigger, load_steps
from segmail.segments.refresh import apply
from segmail.segments.refresh.candidates import (
    Candidate,
    Choice,
    Matching,
    choose,
    load_candidates,
)
from segmail.segments.refresh.changes import Changes, find_changes
from segmail.segments.refresh.outcome import Refreshed, State
from segmail.segments.refresh.scratch import scratch_tables
from segmail.segments.refresh.status import lock_if_free, mark_begun, mark_failed

logger = logging.getLogger("segmail")
exceptions = logging.getLogger("segmail.exceptions")


@dataclass(frozen=True)
class Options:
    """How a run refreshes.

    With `enrol` False members change silently. A refresh that would enrol more than `enrol_limit`
    customers fails. A dry run does everything and takes it back: what it tells is exact.
    """

    enrol: bool = True
    enrol_limit: int = 5_000
    dry_run: bool = False


def refresh_segments(
    shop: Shop,
    choice: Choice,
    options: Options,
    *,
    clock: Clock,
    matching: Matching,
    on_refreshed: Callable[[Refreshed], None] = lambda _one: None,
) -> list[Refreshed]:
    """Refresh the chosen segments, each in one transaction, and tell what became of each.

    A segment that fails is left as it was, marked `error`, and does not stop the others.
    Raises InputError for a name that there is not, ConfigError for policies without meaning.
    """
    with shop.database.read() as connection:
        candidates = choose(connection, shop.tables, choice, now=clock.now())
    done = []
    for candidate in candidates:
        _warn(candidate)
        one = _refresh(shop, candidate, options, clock, matching)
        _log(one, dry_run=options.dry_run)
        on_refreshed(one)
        done.append(one)
    return done


def fault_of(done: Sequence[Refreshed]) -> SegmailError | None:
    """Return the error a run ends with: 78 or 75 where every failure is of that kind, else 1."""
    codes = {one.exit_code for one in done if one.state is State.FAILED}
    if not codes:
        return None
    failed = sum(one.state is State.FAILED for one in done)
    told = f"{failed} of {len(done)} segments could not be refreshed; the log says why."
    if codes == {ConfigError.exit_code}:
        return ConfigError(told)
    if codes == {TemporaryError.exit_code}:
        return TemporaryError(told)
    return RefreshFailed(told)


class _TakenBack(Exception):
    """Rolls a dry run back; carries what it found."""

    def __init__(self, result: Refreshed) -> None:
        super().__init__()
        self.result = result


def _refresh(
    shop: Shop, candidate: Candidate, options: Options, clock: Clock, matching: Matching
) -> Refreshed:
    began, now = time.monotonic(), clock.now().replace(microsecond=0)
    nothing = Refreshed(candidate.id, candidate.segment.name, State.INACTIVE)
    if not candidate.segment.is_active:
        return replace(nothing, reason="the segment is inactive; its members stay as they are")
    try:
        if not options.dry_run and not mark_begun(shop, candidate.id, now=now):
            return _busy(nothing)
        done = _in_one_transaction(shop, candidate.id, options, matching, nothing, now)
    except (SegmailError, SQLAlchemyError, Conflict) as error:
        done = _failed(shop, nothing, error, mark=not options.dry_run, now=clock.now())
    return replace(done, seconds=round(time.monotonic() - began, 3))


def _in_one_transaction(
    shop: Shop,
    segment_id: int,
    options: Options,
    matching: Matching,
    nothing: Refreshed,
    now: datetime,
) -> Refreshed:
    def work(connection: Connection) -> Refreshed:
        try:
            done = _work(shop, connection, segment_id, options, matching, now)
        except IntegrityError as error:  # a customer was deleted, or Maho was faster: look again
            raise Conflict from error
        if options.dry_run and done is not None:
            raise _TakenBack(done)
        return done or _busy(nothing)

    try:
        return shop.database.transact(work)
    except _TakenBack as taken:
        return taken.result


def _work(
    shop: Shop,
    connection: Connection,
    segment_id: int,
    options: Options,
    matching: Matching,
    now: datetime,
) -> Refreshed | None:
    """Return what was done; None where another run, or an admin, is at work on the segment."""
    tables = shop.tables
    if not lock_if_free(connection, tables, segment_id):
        return None
    [candidate] = load_candidates(connection, tables, [segment_id])
    steps = load_steps(connection, tables, segment_ids=[segment_id])
    with scratch_tables(connection):
        ordered = apply.stop_by_goal(connection, tables, candidate)
        changes = find_changes(
            connection, tables, candidate, steps, matching, now=now, enrol=options.enrol
        )
        _guard(candidate, changes, options.enrol_limit)
        stopped = 0
        if changes.of(Trigger.EXIT):
            stopped = apply.stop_who_leave(connection, tables, candidate)
            apply.remove_members(connection, tables, candidate)
        if changes.of(Trigger.ENTER):
            apply.add_members(connection, tables, candidate, now=now)
        if changes.enrolled:
            apply.enrol(connection, tables, steps, now=now)
    apply.complete(connection, tables, candidate, changes.members, now=now)
    return _refreshed(candidate, changes, stopped, ordered)


def _guard(candidate: Candidate, changes: Changes, limit: int) -> None:
    """A wrong condition must not mail the whole shop."""
    if changes.enrolled > limit:
        raise RefreshFailed(
            f"'{candidate.segment.name}' would enrol {changes.enrolled:,} customers at once, more "
            f"than the limit of {limit:,}; nothing was changed. If its conditions are right: "
            f"segmail refresh-segments --segment {candidate.id} --enrol-limit {changes.enrolled}, "
            "or --no-enrol to take the members in without a mail."
        )


def _refreshed(candidate: Candidate, changes: Changes, stopped: int, ordered: int) -> Refreshed:
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


def _busy(nothing: Refreshed) -> Refreshed:
    return replace(nothing, state=State.BUSY, reason="another refresh is at work on the segment")


def _failed(
    shop: Shop, nothing: Refreshed, error: Exception, *, mark: bool, now: datetime
) -> Refreshed:
    if mark and not isinstance(error, TemporaryError):
        mark_failed(shop, nothing.segment_id, now=now)
    exceptions.error("Segment %d could not be refreshed", nothing.segment_id, exc_info=error)
    code = error.exit_code if isinstance(error, SegmailError) else RefreshFailed.exit_code
    return replace(nothing, state=State.FAILED, reason=_reason(error), exit_code=code)


def _reason(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "other changes to its members came in between each time; the next run tries again"
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)


def _warn(candidate: Candidate) -> None:
    if candidate.is_automatic and candidate.needs_segmail:
        logger.warning(
            "Segment %d '%s' has conditions that Maho deletes when it refreshes or saves it; keep "
            "Maho's refresh away: segmail segment automation %d on --refresh segmail",
            candidate.id,
            candidate.segment.name,
            candidate.id,
        )


def _log(one: Refreshed, *, dry_run: bool) -> None:
    if dry_run:
        return
    name = f"segment {one.segment_id} '{one.segment}'"
    if one.state is State.REFRESHED:
        logger.info("Refreshed %s: %s in %.2fs", name, one.told(), one.seconds)
    elif one.state is State.FAILED:
        logger.error("Could not refresh %s: %s", name, one.reason)
    else:
        logger.info("Left %s: %s", name, one.reason)
