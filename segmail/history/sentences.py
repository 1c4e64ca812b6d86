"""Says in plain sentences what became of a step for a customer, and what will."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from segmail.delivery.rows.outcome import Outcome, Status
from segmail.history import query
from segmail.history.entries import HistoryEntry
from segmail.maho.progress import ProgressStatus
from segmail.maho.reasons import BY_OTHERS
from segmail.maho.steps import Step, Trigger
from segmail.mail.due_row import Prepared

_WAITING = (ProgressStatus.SCHEDULED, query.DEFERRED, "retried")
_RETRIED_BY_HAND = (ProgressStatus.FAILED, "interrupted")
_TOLD = 3  # a step's rows described one by one


@dataclass(frozen=True)
class Case:
    """A step and a customer, with everything known about them.

    `entries` are its history, newest first; `member_since` is None if the customer is not in the
    segment; `outlook` is what a run would do if the step were due now; `switched_off_by` is the
    setting that stops all mails, if one does; `kept_out` is why the step is not scheduled for the
    customer now.
    """

    step: Step
    entries: tuple[HistoryEntry, ...]
    member_since: datetime | None
    made_at: datetime | None
    switched_off_by: str | None
    outlook: Outcome | Prepared | None
    kept_out: str | None
    now: datetime


def sentences(case: Case) -> Iterator[str]:
    """Yield what happened, newest first, and then what a run would do."""
    for entry in case.entries[:_TOLD]:
        yield _happened(entry, case.now)
    if (more := len(case.entries) - _TOLD) > 0:
        yield f"`segmail history` has {more:,} earlier ones."
    if case.step.policy.repeat is not None:
        yield f"It is sent again {case.step.policy.repeat}, as long as the customer stays."
    if not case.entries:
        yield "It was never scheduled for this customer."
        yield _membership(case)
    last = case.entries[0].outcome if case.entries else "never"
    if last == "under way":
        return
    waits = any(entry.outcome in _WAITING for entry in case.entries)
    yield from _held(case)
    kept_out = case.kept_out is not None and not waits and isinstance(case.outlook, Prepared)
    if kept_out:
        yield f"As things are, it will not be scheduled: {case.kept_out}."
    if case.outlook is not None and (not kept_out or last in _RETRIED_BY_HAND):
        yield _expected(case.outlook, waits=waits)


def _happened(entry: HistoryEntry, now: datetime) -> str:
    reason = (entry.reason or "no reason is stored").rstrip(".")
    retry = f"`segmail retry --progress {entry.progress_id}`"
    match entry.outcome:
        case ProgressStatus.SENT:
            return f"It was sent at {_moment(entry.at)}: '{entry.subject or ''}'."
        case ProgressStatus.SKIPPED:
            return (
                f"It was due at {_moment(entry.due_at)} and was skipped: "
                f"{(entry.reason or BY_OTHERS).rstrip('.')}."
            )
        case ProgressStatus.FAILED:
            return f"It failed at {_moment(entry.happened_at)}: {reason}. {retry} tries again."
        case "interrupted":
            return (
                f"It failed at {_moment(entry.at)}: {reason}. Nobody knows whether it arrived; "
                f"{retry} sends it again."
            )
        case "under way":
            return "It is under way; if its run died, the next one settles it after the lease."
        case query.DEFERRED:
            return (
                f"It was tried {_times(entry.tries)}, last at {_moment(entry.at)}: {reason}. "
                f"The next try is at {_moment(entry.next_try_at)}."
            )
        case _:
            again = "again, on a person's word, " if entry.outcome == "retried" else ""
            is_due = entry.due_at is not None and entry.due_at <= now
            due = f"It was scheduled {again}for {_moment(entry.due_at)}"
            return f"{due} and is due." if is_due else f"{due}."


def _membership(case: Case) -> str:
    """Return a sentence about what may have kept the customer from being enrolled."""
    since, made = case.member_since, case.made_at
    if case.step.trigger is Trigger.EXIT:
        there = "is in it" if since else "is not in it"
        return f"It is scheduled when a customer leaves the segment; this one {there}."
    if since is None:
        return "The customer is not in the segment; it is scheduled for those who enter."
    entered = f"The customer is in the segment since {_moment(since)}"
    if made is not None and made > since:
        return f"{entered}; the step was made after that, at {_moment(made)}."
    return (
        f"{entered}; it is scheduled only for customers who are subscribed when they enter, while "
        "the "
        "step and the automation are switched on."
    )


def _held(case: Case) -> Iterator[str]:
    segment = case.step.segment
    if case.switched_off_by:
        yield f"Nothing is sent: e-mail automation is switched off by {case.switched_off_by}."
    if not segment.is_active:
        yield "Due steps are held: the segment is inactive."
    elif not segment.sends:
        yield "Due steps are held: the segment's automation is switched off."


def _expected(outlook: Outcome | Prepared, *, waits: bool) -> str:
    start = "As things are, it will" if waits else "If it were scheduled now, it would"
    if isinstance(outlook, Prepared):
        return f"{start} be sent to {outlook.envelope.recipient}: '{outlook.subject}'."
    verb = {Status.SKIPPED: "be skipped", Status.FAILED: "fail"}.get(outlook.status, "wait")
    return f"{start} {verb}: {outlook.reason.rstrip('.')}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "an unknown time"
