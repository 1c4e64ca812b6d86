"""Schedules failed steps again, when a person asks for it.

A row keeps its closed attempt: `process-emails` sends it again under the same `queue_id`, with the
coupon that the attempt made, if it is unused. The row that this leaves in `newsletter_problem`
gives it all its tries anew. `max_sends` counts mails that were sent, so a retried row does not
count itself; and it is due now, so it is not stale.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import insert, select

from segmail.errors import InputError
from segmail.history.failures import Failure, FailureFilter, load_failures
from segmail.history.selection import find_scope
from segmail.log import logger
from segmail.maho.db.database import Conflict
from segmail.maho.db.locking import locking
from segmail.maho.problems import RETRIED
from segmail.maho.progress import ProgressStatus, has_status, schedule_failed_again
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

_CHUNK = 500  # rows locked by one transaction


@dataclass(frozen=True)
class RetryRequest:
    """How a person chose failed rows; `everything` means all of them.

    At most `limit` rows are found (0: all that match). `lateness` is the longest time after its due
    time at which a row may fail.
    """

    customer: str | None = None
    segment: str | None = None
    step: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    progress_ids: tuple[int, ...] = ()
    everything: bool = False
    limit: int = 10_000
    lateness: timedelta | None = None

    @property
    def selects(self) -> bool:
        """Whether anything was given to choose by."""
        given = (self.customer, self.segment, self.step, self.reason, self.since, self.until)
        return bool(self.progress_ids) or any(value is not None for value in given)


@dataclass(frozen=True)
class Found:
    """The failed rows that were asked for, and why others that were named are not among them.

    `more` is whether further rows match, beyond the limit.
    """

    failures: tuple[Failure, ...]
    refused: tuple[str, ...]
    more: bool = False

    @property
    def may_have_arrived(self) -> int:
        """How many of them may have arrived."""
        return sum(failure.may_have_arrived for failure in self.failures)


def find_failures(shop: Shop, asked: RetryRequest) -> Found:
    """Return the failed rows that `asked` chooses; nothing is locked or changed.

    Raises InputError if nothing was given to choose by, or a name or progress id does not exist.
    """
    _check(asked)
    with shop.read() as tx:
        scope = find_scope(
            tx,
            customer=asked.customer,
            segment=asked.segment,
            step=asked.step,
        )
        chosen = FailureFilter(
            scope, asked.progress_ids, asked.reason, asked.since, asked.until,
            lateness=asked.lateness, limit=asked.limit + 1 if asked.limit else None,
        )  # fmt: skip
        failures = load_failures(tx, chosen)
        missing = set(asked.progress_ids) - {failure.progress_id for failure in failures}
        refused = tuple(_refused(tx, missing))
    more = bool(asked.limit) and len(failures) > asked.limit
    return Found(tuple(failures[: asked.limit or None]), refused, more)


def schedule_again(
    shop: Shop,
    failures: Sequence[Failure],
    *,
    due_at: datetime,
    now: datetime,
    advance: Callable[[int], None] = lambda _count: None,
) -> int:
    """Schedule the rows for `due_at` and return how many.

    A row that has changed since it was listed, because somebody else scheduled it, is left alone.
    Each chunk is a short transaction of its own: if it is interrupted, it can be repeated.
    """
    count = 0
    for start in range(0, len(failures), _CHUNK):
        chunk = failures[start : start + _CHUNK]
        work = partial(_schedule, listed=chunk, due_at=due_at, now=now)
        count += shop.transact(work)
        advance(len(chunk))
    logger.info("Scheduled %s failed steps again, on a person's word", f"{count:,}")
    return count


def _check(asked: RetryRequest) -> None:
    if not asked.selects and not asked.everything:
        raise InputError(
            "Say which failed steps: --step, --customer, --segment, --reason, --since, --until or "
            "--progress; or --all-failed."
        )
    if asked.selects and asked.everything:
        raise InputError("Give either --all-failed or what chooses among the failed steps.")
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise InputError("Nothing lies between --since and --until.")


def _refused(tx: Transaction, missing: Collection[int]) -> Iterator[str]:
    """Yield why these progress rows cannot be retried."""
    if not missing:
        return
    c = tx.tables.progress.c
    query = select(c.progress_id, c.status).where(c.progress_id.in_(missing))
    found = {row.progress_id: row.status for row in tx.connection.execute(query)}
    if unknown := sorted(set(missing) - set(found)):
        raise InputError(f"There is no progress row {', '.join(map(str, unknown))}.")
    for progress_id, status in sorted(found.items()):
        if status == ProgressStatus.FAILED:
            yield f"Progress {progress_id} is left alone: not chosen, or its attempt is still open."
        else:
            yield f"Progress {progress_id} is left alone: it is {status}, not failed."


def _schedule(
    tx: Transaction,
    listed: Sequence[Failure],
    due_at: datetime,
    now: datetime,
) -> int:
    """Schedule the rows that are unchanged since they were listed, under lock."""
    progress = tx.tables.progress
    ids = [failure.progress_id for failure in listed]
    still_failed = select(progress.c.progress_id).where(
        progress.c.progress_id.in_(ids), has_status(tx.tables, ProgressStatus.FAILED)
    )
    locked = tx.connection.scalars(locking(still_failed, progress)).all()
    if not locked:
        return 0
    now_there = load_failures(tx, FailureFilter(progress_ids=locked))
    same = [failure for failure in now_there if failure.key in {one.key for one in listed}]
    _note(tx, same, now)
    ids = [failure.progress_id for failure in same]
    if schedule_failed_again(tx, ids, due_at=due_at) != len(same):
        raise Conflict
    return len(same)


def _note(tx: Transaction, failures: Sequence[Failure], now: datetime) -> None:
    """Leave a row for the history and Maho's problem report, after which tries are counted anew."""
    text = f"{RETRIED} at {now:%Y-%m-%d %H:%M} UTC"
    rows = [
        {"queue_id": failure.queue_id, "problem_error_code": 0, "problem_error_text": text}
        for failure in failures
        if failure.queue_id is not None
    ]
    if rows:
        tx.connection.execute(insert(tx.tables.problem), rows)
