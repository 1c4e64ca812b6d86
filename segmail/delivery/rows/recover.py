"""Decides about a row whose earlier attempt may have been under way when its run died."""

from __future__ import annotations

from datetime import datetime, timedelta

from segmail.delivery.rows.attempts import EarlierAttempt
from segmail.delivery.rows.journal import Verdict
from segmail.delivery.rows.outcome import REFUSED_BEFORE, UNDER_WAY, Outcome, Status
from segmail.maho.problems import MESSAGE_ID
from segmail.mail.campaign import attempt_id
from segmail.mail.due_row import DueRow


def recover(
    row: DueRow, earlier: EarlierAttempt, verdict: Verdict, *, now: datetime, grace: timedelta
) -> Outcome | None:
    """Return the outcome of an attempt in flight, or None if the row may be sent.

    The verdict of this host's journal decides: accepted, refused, or begun and never answered, in
    which case it is not sent again automatically. An attempt that the journal does not know is
    another host's: it is left to that host for `grace` beyond its lease; after that, its fate is
    unknown.
    """
    if verdict in (Verdict.RECORDED, Verdict.DEFERRED):
        return None
    if verdict is Verdict.ACCEPTED:
        reason = "accepted by the mail server in an earlier run"
        return Outcome(row, Status.SENT, reason, queue_id=earlier.queue_id, at=earlier.started_at)
    if verdict is Verdict.REFUSED:
        return Outcome(row, Status.FAILED, REFUSED_BEFORE, queue_id=earlier.queue_id)
    if verdict is Verdict.UNKNOWN and now < row.seen_at + grace:
        return Outcome(row, Status.RELEASED, "left to the host that began its attempt")
    reason = f"{UNDER_WAY} {MESSAGE_ID.format(attempt_id(row, row.seen_at))}"
    return Outcome(
        row, Status.FAILED, reason, queue_id=earlier.queue_id, started_at=earlier.started_at
    )
