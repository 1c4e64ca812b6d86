"""The use case of `process-emails`: look what is due, send it, and tell what was done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from segmail.delivery.job import Job, Options
from segmail.delivery.quota import Quota
from segmail.delivery.steps import open_claimer, sending, steps_of
from segmail.delivery.summary import Summary, log_outcome, log_summary
from segmail.delivery.transport import mail_settings
from segmail.maho.held import mark_held
from segmail.maho.progress import count_due
from segmail.maho.steps import Step

if TYPE_CHECKING:
    from segmail.delivery.rows import Outcome
    from segmail.errors import SegmailError

_ROWS_FOR_A_WORKER = 500  # fewer are sent before another process is ready


def process_emails(
    job: Job,
    options: Options,
    *,
    on_outcomes: Callable[[Sequence[Outcome]], None] = lambda _outcomes: None,
) -> Summary:
    """Send what is due (SPEC job 1) and return what was done.

    Every outcome is logged and handed to `on_outcomes` once it is settled. `Summary.fault` tells
    of a mail server out of reach; every row that was not sent is then scheduled as before.
    Raises ConfigError for a mail transport that cannot be used, before anything is claimed.
    """
    summary = Summary()
    began = time.monotonic()
    mail_settings(job.settings, job.config, job.shop.crypt_key)  # also where nothing is due
    steps = steps_of(job, options)

    def settled(outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            summary.counts[outcome.status] += 1
        on_outcomes(outcomes)

    if workers := _workers(job, options, sending(steps)):
        summary.fault = _send(job, options, sending(steps), workers, settled)
    summary.held = _hold(job, steps)
    summary.seconds = time.monotonic() - began
    log_summary(summary)
    return summary


def count_waiting(job: Job, options: Options) -> int:
    """Return how many rows a run will bring to an end, if no other run takes them."""
    steps = sending(steps_of(job, options))
    segments = {step.segment.segment_id for step in steps.values()}
    with job.shop.database.read() as connection:
        due = count_due(connection, job.shop.tables, segments, now=job.clock.now())
    total = sum(due.values())
    return min(total, options.limit) if options.limit else total


def _workers(job: Job, options: Options, steps: dict[int, Step]) -> int:
    """Return how many processes the run takes: 0 where nothing is due, mostly 1.

    SQLite has one writer at a time.
    """
    claimer = open_claimer(job, steps)
    asked = options.workers
    most = asked or min(os.cpu_count() or 1, job.settings.delivery.workers)
    if job.shop.database.url.get_backend_name() == "sqlite":
        most = 1
    look = 1 if most == 1 else most * _ROWS_FOR_A_WORKER
    due = claimer.count(now=job.clock.now(), most=min(look, options.limit or look))
    if not due:
        return 0
    return min(most, due) if asked else max(1, min(most, due // _ROWS_FOR_A_WORKER))


def _send(
    job: Job,
    options: Options,
    steps: dict[int, Step],
    workers: int,
    settled: Callable[[Sequence[Outcome]], None],
) -> SegmailError | None:
    """Send, here or in `workers` processes; return what ended the run early."""
    # What renders and sends is loaded only now: most runs of cron find nothing due.
    from segmail.delivery.opening import Share, open_run

    if workers > 1:
        from segmail.delivery.workers import send_in_processes

        return send_in_processes(job, options, steps, workers, on_outcomes=settled)

    def log_and_count(outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            log_outcome(outcome)
        settled(outcomes)

    with ExitStack() as stack:
        run = open_run(job, options, steps, stack, Share())
        run.send_due(Quota(options.limit), on_outcomes=log_and_count)
        return run.senders.fault


def _hold(job: Job, steps: Sequence[Step]) -> int:
    """Count the due rows of switched-off segments, and remember that they are held."""
    held = {step.segment.segment_id for step in steps if not step.segment.sends}
    if not held:
        return 0
    now, tables = job.clock.now(), job.shop.tables
    with job.shop.database.read() as connection:
        counts = count_due(connection, tables, held, now=now)
    waiting = {s.segment.segment_id for s in steps if counts.get(s.sequence_id)}
    job.shop.database.transact(lambda c: mark_held(c, tables, waiting, now=now))
    return sum(counts.values())
