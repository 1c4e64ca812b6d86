"""The lines by which the log says what a run did (SPEC, "Logging")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmail.delivery.rows.outcome import Status
from segmail.log import exceptions, logger
from segmail.maho.ended import ended_line

if TYPE_CHECKING:
    from segmail.delivery.rows.outcome import Outcome
    from segmail.delivery.summary import Summary


def log_outcome(outcome: Outcome) -> None:
    """Write the line by which the log says what became of a row, and why."""
    row = outcome.row
    if outcome.status is Status.SENT:
        logger.info(
            "Sent automation email to customer %d, template %d, queue %d",
            row.customer_id,
            row.step.template_id,
            outcome.queue_id,
        )
        return
    line = ended_line(
        outcome.status.capitalize(),
        row.step.step_number,
        row.trigger_type,
        row.step.segment.segment_id,
        row.customer_id,
        row.progress_id,
        outcome.reason,
    )
    logger.info("%s", line)
    if outcome.status is Status.FAILED:
        exceptions.error("%s", line, exc_info=outcome.error)


def log_summary(summary: Summary) -> None:
    """Write what the run did as a whole."""
    counts = summary.counts
    if summary.held:
        logger.info("Held %d due steps of segments that are switched off", summary.held)
    if counts[Status.DEFERRED] or counts[Status.RELEASED]:
        logger.info(
            "Scheduled again: %d deferred, %d not begun",
            counts[Status.DEFERRED],
            counts[Status.RELEASED],
        )
    logger.info(
        "Email automation cron: processed %d, failed %d emails in %.2fs",
        summary.processed,
        counts[Status.FAILED],
        summary.seconds,
    )
