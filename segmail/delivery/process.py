"""The use case of `process-emails`: finds what is due, sends it, and reports what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from segmail.delivery.first_look import look_for_due, sending, steps_of
from segmail.delivery.job import Job, Options
from segmail.delivery.log_lines import log_summary
from segmail.delivery.quota import Quota
from segmail.delivery.rows.outcome import Status
from segmail.delivery.rows.resolve import Resolver
from segmail.delivery.summary import Summary
from segmail.maho.held_segments import mark_held
from segmail.maho.progress import count_due
from segmail.maho.steps import Step
from segmail.transport.settings import mail_settings

if TYPE_CHECKING:
    from segmail.delivery.rows.outcome import Outcome


def process_emails(
    job: Job,
    options: Options,
    *,
    on_outcomes: Callable[[Sequence[Outcome]], None] = lambda _outcomes: None,
) -> Summary:
    """Send what is due (SPEC job 1) and return what was done.

    Every outcome is logged and passed to `on_outcomes` once it is settled. `Summary.fault` is set
    if the mail server was out of reach; every row that was not sent is then scheduled as before.
    Raises ConfigError for a mail transport that cannot be used, before anything is claimed.
    """
    summary = Summary()
    began = time.monotonic()
    # Read even if nothing is due, so that a fault is reported before the first mail.
    transport = mail_settings(job.settings, job.config, job.shop.crypt_key)
    steps = steps_of(job, options)
    _resolve(job, steps_of(job, Options()) if options.segments else steps)

    def settled(outcomes: Sequence[Outcome]) -> None:
        summary.add(outcomes)
        on_outcomes(outcomes)

    due = look_for_due(job, options, sending(steps))
    try:
        if due.workers:
            # The code that renders and sends is imported only now: most runs of cron find nothing
            # due.
            from segmail.delivery.assemble import Share, Work, open_run
            from segmail.delivery.dangerous_states import check_beforehand

            check_beforehand(job)
            work = Work.load(job, options, due, transport)
            if due.workers > 1:
                from segmail.delivery.workers import send_in_processes

                summary.fault = send_in_processes(work, on_outcomes=settled)
            else:
                with open_run(work, Share()) as run:
                    summary.fault = run.send_due(Quota(options.limit), on_outcomes=settled)
    except Exception:
        due.walk_start.forget()
        raise
    if summary.counts[Status.RELEASED]:
        due.walk_start.forget()
    summary.held = _hold(job, steps)
    summary.seconds = time.monotonic() - began
    log_summary(summary)
    return summary


def count_waiting(job: Job, options: Options) -> int:
    """Return how many rows a run will bring to an end, if no other run takes them."""
    steps = sending(steps_of(job, options))
    segments = {step.segment.segment_id for step in steps.values()}
    with job.shop.read() as tx:
        due = count_due(tx, segments, now=job.clock.now())
    total = sum(due.values())
    return min(total, options.limit) if options.limit else total


def _resolve(job: Job, steps: Sequence[Step]) -> None:
    """Resolve attempts whose rows others have ended; `steps` are all steps."""
    delivery = job.settings.delivery
    Resolver(
        shop=job.shop,
        journal=job.journal(),
        steps={step.sequence_id: step for step in steps},
        lease=timedelta(minutes=delivery.lease_minutes),
        grace=timedelta(minutes=delivery.grace_minutes),
    ).resolve(now=job.clock.now())


def _hold(job: Job, steps: Sequence[Step]) -> int:
    """Count the due rows of switched-off segments, and remember that they are held."""
    held = {step.segment.segment_id for step in steps if not step.segment.sends}
    if not held:
        return 0
    now = job.clock.now()
    with job.shop.read() as tx:
        counts = count_due(tx, held, now=now)
    waiting = {s.segment.segment_id for s in steps if counts.get(s.sequence_id)}
    job.shop.transact(lambda tx: mark_held(tx, waiting, now=now))
    return sum(counts.values())
