"""The refresh of one segment: in one transaction, or in chunks if it is large."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial

from sqlalchemy import Connection

from segmail.errors import RefreshFailed
from segmail.maho.progress import forget_skipped
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop, ShopSession
from segmail.segments.refresh.apply import (
    complete,
    count_stops,
    remember_enrolling,
    stop_by_goal,
    write_changes,
)
from segmail.segments.refresh.asking import EVERYBODY, Asker, Polled
from segmail.segments.refresh.baseline import Refused
from segmail.segments.refresh.candidates import Matching
from segmail.segments.refresh.changes import (
    Changes,
    find_changes,
    forget_changes,
    judge,
)
from segmail.segments.refresh.chunks import (
    CHANGED_MEANWHILE,
    Written,
    finish,
    integrity_is_conflict,
    write_in_chunks,
)
from segmail.segments.refresh.enrolment import ENROLLED, WAITING
from segmail.segments.refresh.group import load_group
from segmail.segments.refresh.locks import (
    kept_for_one_refresh,
    kept_from_maho,
    leave_mark,
    lock_group_if_free,
)
from segmail.segments.refresh.outcome import Refreshed, RefreshState
from segmail.segments.refresh.status import mark_begun, mark_unfinished
from segmail.segments.refresh.task import Movement, Task, load_task


@dataclass(frozen=True)
class RefreshOptions:
    """How a run refreshes.

    If `enrol` is False, members change silently. If more than `enrol_limit` customers would be
    enrolled, members change and steps stop, but nobody is enrolled. Members who entered in the last
    `late_days` days are enrolled once they are subscribed (0: never). A dry run rolls everything
    back, so its numbers are exact. More changes than `chunk` are written in transactions of that
    many customers. With `by_change`, only customers with changes since the last refresh are
    evaluated, unless `full`, or the shop has fewer customers than `everybody_below`.
    """

    enrol: bool = True
    enrol_limit: int = 5_000
    dry_run: bool = False
    chunk: int = 5_000
    late_days: int = 7
    by_change: bool = False
    everybody_below: int = 0
    full: bool = False


def refresh_segment(
    shop: Shop,
    segment_id: int,
    options: RefreshOptions,
    *,
    matching: Matching,
    asking: Asker | None,
    now: datetime,
    is_stopping: Callable[[], bool],
) -> Refreshed | None:
    """Refresh a segment and return the outcome; None if somebody else is refreshing it.

    Raises RefreshFailed if too many would be enrolled, ConditionError, or the database's errors.
    Then nothing was changed, or only the committed chunks: each is right by itself, and because
    membership tells who has been enrolled and stopped, the next run does the rest.
    """
    group = load_group(shop, segment_id)
    with (
        shop.session() as session,
        kept_for_one_refresh(session.session, shop, group[0]) as is_free,
    ):
        if not is_free or not (options.dry_run or mark_begun(shop, segment_id, now=now)):
            return None
        begun = _begin(session, segment_id, group, options, matching, asking, now)
        if begun is None:
            return None
        if begun.written:
            return begun.told(begun.written)
        with kept_from_maho(shop, segment_id, now=now) as is_untouched:
            written = Written(unfinished=CHANGED_MEANWHILE)
            if is_untouched:
                written = write_in_chunks(
                    session, begun.task, size=options.chunk, now=now, is_stopping=is_stopping
                )
        written = finish(session, begun.task, written, begun.members, begun.asked.baseline, now=now)
        if written.unfinished:
            mark_unfinished(shop, segment_id, now=now)
        return begun.told(written)


@dataclass(frozen=True)
class _Begun:
    """What the first transaction found; `written` is None if the chunks are still to come."""

    task: Task
    ordered: int
    members: int
    asked: Polled
    written: Written | None

    def told(self, done: Written) -> Refreshed:
        changes = done.changes
        if self.asked.refused:
            done = replace(done, changes=changes + _waiting(self.asked.refused))
            changes = done.changes
        return Refreshed(
            self.task.candidate.id,
            self.task.candidate.segment.name,
            _state(done),
            members=self.members,
            entered=changes.of(Movement.ENTER),
            left=changes.of(Movement.EXIT),
            enrolled=changes.enrolled,
            late=sum(changes.verdicts[it, ENROLLED] for it in (Movement.STAY, Movement.GONE)),
            waiting=changes.waiting,
            not_enrolled=changes.not_enrolled,
            stopped=done.stopped,
            ordered=self.ordered,
            asked=None if self.asked.ids is None else len(self.asked.ids),
            whole=self.asked.why,
            reason=done.unfinished or _why_waiting(self.task, changes),
            exit_code=RefreshFailed.exit_code if changes.waiting else 0,
        )


class _TakenBack(Exception):
    """Rolls a dry run back; carries what it found."""

    def __init__(self, begun: _Begun) -> None:
        super().__init__()
        self.begun = begun


def _begin(
    session: ShopSession,
    segment_id: int,
    group: Sequence[int],
    options: RefreshOptions,
    matching: Matching,
    asking: Asker | None,
    now: datetime,
) -> _Begun | None:
    """Do everything in a refresh that fits into one transaction.

    The segment is locked first, with its group, and read again: its conditions may have changed,
    and whoever comes second must see the members that the first one wrote.
    """

    def work(tx: Transaction) -> _Begun | None:
        if not lock_group_if_free(tx, group):
            return None
        task = load_task(tx, segment_id, enrol=options.enrol, now=now)
        with integrity_is_conflict():
            begun = _look_and_write(tx, task, options, matching, asking, now)
        if options.dry_run:
            raise _TakenBack(begun)
        return begun

    try:
        return session.transact(work)
    except _TakenBack as taken:
        return taken.begun


def _look_and_write(
    tx: Transaction,
    task: Task,
    options: RefreshOptions,
    matching: Matching,
    asking: Asker | None,
    now: datetime,
) -> _Begun:
    ordered = stop_by_goal(tx, task, now=now)
    enrolling = _enrolling(task, options)
    of_candidate = cache(partial(matching, tx, task.candidate, now))
    asked = (
        EVERYBODY
        if asking is None
        else asking.whom(tx, task.candidate, of_candidate, enrolling=enrolling, now=now)
    )
    window = timedelta(days=options.late_days)
    late_since, left_since = task.late_since(now, window), task.left_since(now, window)
    if asked.refused:  # whoever enters or leaves meanwhile waits with the others
        task, late_since, left_since = replace(task, passed=options.enrol_limit), None, None
    found = find_changes(
        tx.connection,
        task,
        of_candidate,
        asked.ids,
        late_since=late_since,
        left_since=left_since,
    )
    is_large = found.total > options.chunk and not options.dry_run and _has_row_locks(tx.connection)
    if not is_large or found.total > options.enrol_limit:  # no more can be enrolled than change
        changes = judge(tx.connection, task, movements=found.movements)
        if changes.enrolled > options.enrol_limit:  # a wrong condition must not mail the whole shop
            task = replace(task, passed=options.enrol_limit)
            changes = judge(tx.connection, task, movements=found.movements)
        if changes.waiting:
            asked = _noting(asked, changes, enrolling, now)
    remember_enrolling(tx, task, now=now)
    if task.waiting and not task.enrol:
        forget_skipped(tx, task.waiting)  # `--no-enrol` is a person's decision, too
    if is_large:
        leave_mark(tx, task.candidate.id, now=now)
        return _Begun(task, ordered, found.members, asked, None)
    if options.dry_run:
        stops = count_stops(tx.connection, task) if changes.total else 0
        written = Written(changes, stops)
    else:
        written = Written(changes, write_changes(tx, task, changes, now=now))
        complete(tx, task, found.members, asked.baseline, now=now)
    forget_changes(tx.connection, found)
    return _Begun(task, ordered, found.members, asked, written)


def _enrolling(task: Task, options: RefreshOptions) -> str:
    """Return a text that differs if the segment enrols by other rules."""
    active = [(step.sequence_id, step.is_active) for step in task.steps]
    rivals = [(rival.id, rival.policy, rival.segment.sends) for rival in task.rivals]
    rules = (options.enrol_limit, options.late_days, task.enrol, active, rivals)
    said = repr((*rules, task.candidate.segment.automation_active))
    return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:16]


def _noting(asked: Polled, changes: Changes, enrolling: str, now: datetime) -> Polled:
    """Store that too many were to be enrolled, so that it is not worked out again each time."""
    if asked.baseline is None:
        return asked
    before = asked.refused or Refused(now, 0, enrolling)
    refused = replace(before, waiting=before.waiting + changes.waiting)
    return replace(asked, baseline=replace(asked.baseline, refused=refused))


def _waiting(refused: Refused) -> Changes:
    return Changes(Counter({(Movement.STAY, WAITING): refused.waiting}))


def _has_row_locks(connection: Connection) -> bool:
    """Return False for SQLite: it locks the whole file, and no lock outlives a transaction."""
    return connection.dialect.name != "sqlite"


def _state(done: Written) -> RefreshState:
    if done.unfinished:
        return RefreshState.UNFINISHED
    return RefreshState.WAITING if done.changes.waiting else RefreshState.REFRESHED


def _why_waiting(task: Task, changes: Changes) -> str | None:
    if not changes.waiting:
        return None
    id = task.candidate.id
    left = sum(changes.verdicts[it, WAITING] for it in (Movement.EXIT, Movement.GONE))
    gone = f" {left:,} of them left; that their exit sequence waits is noted." if left else ""
    return (
        f"'{task.candidate.segment.name}' would enrol {changes.waiting:,} customers at once, more "
        f"than the limit of {task.passed:,}; none was enrolled.{gone} If its conditions are right: "
        f"segmail refresh-segments --segment {id} --enrol-limit {changes.waiting}, or --no-enrol "
        "to give up their mails."
    )
