"""An attempt to send a due row, and what became of the row."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from segmail.maho.problems import INTERRUPTED
from segmail.maho.progress import ProgressStatus

if TYPE_CHECKING:
    from segmail.mail.due_row import DueRow, Prepared


class Status(enum.StrEnum):
    """What became of a due row."""

    SENT = ProgressStatus.SENT.value
    SKIPPED = ProgressStatus.SKIPPED.value
    FAILED = ProgressStatus.FAILED.value
    DEFERRED = "deferred"  # stays scheduled, tried again later
    RELEASED = "released"  # stays scheduled as it was; nothing was sent
    POSTPONED = "postponed"  # stays scheduled, for the moment that the sending rules allow


@dataclass(frozen=True)
class Attempt:
    """A message with its row in `newsletter_queue`, recorded before anything is sent."""

    prepared: Prepared
    queue_id: int
    started_at: datetime

    @cached_property
    def key(self) -> str:
        """Names this attempt in the journal; ids alone may return in a restored database."""
        row = self.prepared.row
        return attempt_key(self.queue_id, row.progress_id, self.started_at)


def attempt_key(queue_id: int, progress_id: int, started_at: datetime | None) -> str:
    """Return the journal's name of an attempt."""
    return f"{queue_id}:{progress_id}:{started_at:%Y%m%d%H%M%S}" if started_at else str(queue_id)


@dataclass(frozen=True)
class Outcome:
    """What became of a due row and why, in words for the log and the history.

    `queue_id` and `started_at` are those of its attempt, where one was recorded; `at` is when it
    happened, where that was not just now; `retry_at` is when a deferred row comes due again.
    `ends_run` where the run is over for the customer, and no repeat of the step follows.
    """

    row: DueRow
    status: Status
    reason: str
    code: int = 0  # the mail server's, where it answered
    queue_id: int | None = None
    started_at: datetime | None = None
    subscriber_id: int | None = None
    coupon_code: str | None = None
    template_id: int | None = None
    at: datetime | None = None
    retry_at: datetime | None = None
    ends_run: bool = False
    error: Exception | None = field(default=None, compare=False, repr=False)

    @property
    def left(self) -> bool:
        """Whether a message left, or may have: then nothing that ended the row meanwhile counts."""
        is_unknown = self.status is Status.FAILED and self.reason.startswith(INTERRUPTED)
        return self.status is Status.SENT or is_unknown

    @property
    def due_again(self) -> datetime:
        """Return what `scheduled_at` is to be: when the step was due, or comes due again."""
        if self.retry_at is not None:
            return self.retry_at
        return self.row.seen_at if self.status is Status.RELEASED else self.row.scheduled_at


def outcome_of(attempt: Attempt, status: Status, reason: str, code: int = 0) -> Outcome:
    """Return what became of an attempt."""
    prepared = attempt.prepared
    return Outcome(
        row=prepared.row,
        status=status,
        reason=reason,
        code=code,
        queue_id=attempt.queue_id,
        started_at=attempt.started_at,
        subscriber_id=prepared.subscriber.subscriber_id,
        coupon_code=prepared.coupon.code if prepared.coupon else None,
        template_id=prepared.template_id,
    )
