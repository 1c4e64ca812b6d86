"""The log lines that say what a run did (SPEC, "Logging")."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from segmail.delivery.rows.outcome import Status
from segmail.errors import StepError
from segmail.log import exceptions, log_lines, logger
from segmail.maho.ended_rows import ended_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmail.delivery.rows.outcome import Outcome
    from segmail.delivery.summary import Summary


class OutcomeLog:
    """Logs what became of a run's rows.

    Each row has a line in the log; each kind of failure is in `exception.log` once, with a
    traceback if it is a bug.
    """

    def __init__(self) -> None:
        self._kinds: set[tuple[object, ...]] = set()

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Write the log lines that say what became of rows, and why."""
        lines = [_line(outcome) for outcome in outcomes]
        log_lines(lines)
        for outcome, line in zip(outcomes, lines, strict=True):
            if outcome.status is Status.FAILED:
                self._write_failure(outcome, line)

    def _write_failure(self, outcome: Outcome, line: str) -> None:
        kind = _kind(outcome)
        if kind not in self._kinds:
            self._kinds.add(kind)
            is_bug = not isinstance(outcome.error, StepError)  # its text says all that helps
            exceptions.error("%s", line, exc_info=outcome.error if is_bug else None)


def _kind(outcome: Outcome) -> tuple[object, ...]:
    """Return what failures with one cause share: the step; for a bug, its place in the code."""
    error = outcome.error
    if error is None or isinstance(error, StepError):
        return type(error), outcome.row.step.sequence_id, outcome.code
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return (type(error), place and (place.tb_frame.f_code.co_filename, place.tb_lineno))


def _line(outcome: Outcome) -> str:
    row = outcome.row
    if outcome.status is Status.SENT:
        return sent_line(row.customer_id, row.step.template_id, outcome.queue_id)
    return ended_line(
        outcome.status.capitalize(),
        row.step.step_number,
        row.trigger_type,
        row.step.segment.segment_id,
        row.customer_id,
        row.progress_id,
        outcome.reason,
    )


def sent_line(customer_id: int | None, template_id: int | None, queue_id: int | None) -> str:
    """Return the log line of a mail that was sent."""
    return (
        f"Sent automation email to customer {customer_id}, template {template_id}, queue {queue_id}"
    )


def log_summary(summary: Summary) -> None:
    """Log what the run did as a whole; if it found nothing to do, only with -vv."""
    counts = summary.counts
    level = logging.DEBUG if summary.did_nothing else logging.INFO
    if summary.held:
        logger.log(level, "Held %d due steps of segments that are switched off", summary.held)
    if counts[Status.POSTPONED]:
        logger.info("Postponed %d due steps by sending rules", counts[Status.POSTPONED])
    if counts[Status.DEFERRED] or counts[Status.RELEASED]:
        logger.info(
            "Scheduled again: %d deferred, %d not begun",
            counts[Status.DEFERRED],
            counts[Status.RELEASED],
        )
    logger.log(
        level,
        "Email automation cron: processed %d, failed %d emails in %.2fs",
        summary.processed,
        counts[Status.FAILED],
        summary.seconds,
    )
