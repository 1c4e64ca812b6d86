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

# Reasons of rows whose run died: what this host's journal says of their messages.
UNDER_WAY = f"{INTERRUPTED}: the run ended while the message was under way; it may have arrived"
REFUSED_BEFORE = "refused by the mail server in an earlier run"


class Status(enum.StrEnum):
    """What became of a due row."""

    SENT = ProgressStatus.SENT.value
    SKIPPED = ProgressStatus.SKIPPED.value
    FAILED = ProgressStatus.FAILED.value
    DEFERRED = "deferred"  # stays scheduled, to be tried again later
    RELEASED = "released"  # stays scheduled as it was; nothing was sent
    POSTPONED = "postponed"  # stays scheduled, for the time that the sending rules allow


@dataclass(frozen=True)
class Attempt:
    """A message with its row in `newsletter_queue`, recorded before anything is sent."""

    prepared: Prepared
    queue_id: int
    started_at: datetime

    @cached_property
    def key(self) -> str:
        """Identifies this attempt in the journal; a restored database may assign an id again."""
        row = self.prepared.row
        return attempt_key(self.queue_id, row.progress_id, self.started_at)


def attempt_key(queue_id: int, progress_id: int, started_at: datetime | None) -> str:
    """Return an attempt's name in the journal."""
    return f"{queue_id}:{progress_id}:{started_at:%Y%m%d%H%M%S}" if started_at else str(queue_id)


@dataclass(frozen=True)
class Outcome:
    """What became of a due row and why, in words for the log and the history.

    `queue_id` and `started_at` are its attempt's, if one was recorded; `at` is when it happened, if
    that was not just now; `retry_at` is when a deferred row comes due again. `ends_run` is true if
    the run is over for the customer, and no repeat of the step follows.
    """

    row: DueRow
    status: Status
    reason: str
    code: int = 0  # the mail server's, if it answered
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
        """Whether a message left, or may have: then what ended the row meanwhile does not count."""
        is_unknown = self.status is Status.FAILED and self.reason.startswith(INTERRUPTED)
        return self.status is Status.SENT or is_unknown

    @property
    def due_again(self) -> datetime:
        """Return the new `scheduled_at`: when the step was due, or when it comes due again."""
        if self.retry_at is not None:
            return self.retry_at
        return self.row.seen_at if self.status is Status.RELEASED else self.row.scheduled_at


def outcome_of(attempt: Attempt, status: Status, reason: str, code: int = 0) -> Outcome:
    """Return the outcome of an attempt."""
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
        template_id=prepared.template.template_id,
    )
