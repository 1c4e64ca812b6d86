"""The use case of `process-emails`: put the parts of a run together, run, and tell what it did."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta

from segmail.clock import Clock
from segmail.delivery.attempts import Recorder
from segmail.delivery.claim import Claimer
from segmail.delivery.journal import Journal
from segmail.delivery.open_mailer import longest_dialogue, mailer_factory
from segmail.delivery.plan import Planner
from segmail.delivery.prepare import Preparer
from segmail.delivery.rows import Outcome, Prepared, Status
from segmail.delivery.run import Run, Summary, log_outcome
from segmail.delivery.senders import Limits, Pace, Senders
from segmail.delivery.settle import Settler
from segmail.delivery.shelf import Shelf
from segmail.delivery.transport import mail_settings
from segmail.maho.columns import holds_four_bytes
from segmail.maho.config import StoreConfig
from segmail.maho.held import load_held_until, mark_held
from segmail.maho.lookup import find_segment
from segmail.maho.policies import load_policies
from segmail.maho.progress import count_due
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.settings import Settings

logger = logging.getLogger("segmail")


@dataclass(frozen=True)
class Options:
    """What one run is asked for; `limit` 0 means every due row, `rate` 0 as fast as possible."""

    limit: int = 100
    max_time: float | None = None  # seconds
    connections: int | None = None
    rate: float = 0
    segments: Sequence[str] = ()  # ids or names; none: all


@dataclass(frozen=True)
class Job:
    """The shop, the settings and the clock of a run, and the event that stops it in order."""

    shop: Shop
    config: StoreConfig
    settings: Settings
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)


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
    steps = _steps(job, options)
    with ExitStack() as stack:
        run = _open_run(job, options, _sending(steps), stack)

        def settled(outcomes: Sequence[Outcome]) -> None:
            for outcome in outcomes:
                summary.counts[outcome.status] += 1
                log_outcome(outcome)
            on_outcomes(outcomes)

        run.send_due(limit=options.limit, on_outcomes=settled)
        summary.fault = run.senders.fault
    summary.held = _hold(job, steps)
    summary.seconds = time.monotonic() - began
    _log_summary(summary)
    return summary


def count_waiting(job: Job, options: Options) -> int:
    """Return how many rows a run will bring to an end, if no other run takes them."""
    steps = _sending(_steps(job, options))
    segments = {step.segment.segment_id for step in steps.values()}
    with job.shop.database.read() as connection:
        due = count_due(connection, job.shop.tables, segments, now=job.clock.now())
    total = sum(due.values())
    return min(total, options.limit) if options.limit else total


def preview_due(job: Job, options: Options) -> Iterator[Outcome | Prepared]:
    """Yield what a run would do with each due row, and change nothing (`--dry-run`)."""
    steps = _steps(job, options)
    claimer = _claimer(job, _sending(steps))
    planner = _planner(job, steps, _journal(job), None)
    left = options.limit or None
    while left is None or left > 0:
        batch = job.settings.delivery.batch
        now = job.clock.now()
        rows = claimer.peek(now=now, limit=batch if left is None else min(left, batch))
        if not rows:
            return
        plan = planner.plan(rows, now=now)
        yield from plan.outcomes
        yield from plan.prepared
        left = None if left is None else left - len(rows)


def _open_run(job: Job, options: Options, steps: dict[int, Step], stack: ExitStack) -> Run:
    settings = mail_settings(job.settings, job.config, job.shop.crypt_key)
    journal = _journal(job)
    stack.callback(journal.close)
    stack.callback(journal.prune)
    limits = Limits(
        stop=job.stop,
        until=(job.clock.now() + timedelta(seconds=options.max_time) if options.max_time else None),
        longest_dialogue=timedelta(seconds=longest_dialogue(settings)),
        pace=Pace(options.rate),
    )
    senders = Senders(
        mailer_factory(settings),
        connections=options.connections or job.settings.delivery.connections,
        limits=limits,
        journal=journal,
        clock=job.clock,
    )
    stack.callback(senders.close)
    delivery = job.settings.delivery
    return Run(
        claimer=_claimer(job, steps),
        planner=_planner(job, list(steps.values()), journal, settings.sender),
        recorder=Recorder(
            job.shop.database, job.shop.tables, four_bytes=holds_four_bytes(job.shop)
        ),
        senders=senders,
        settler=Settler(job.shop.database, job.shop.tables),
        journal=journal,
        clock=job.clock,
        settings=delivery,
        limits=limits,
    )


def _steps(job: Job, options: Options) -> list[Step]:
    tables = job.shop.tables
    with job.shop.database.read() as connection:
        ids = [find_segment(connection, tables, name).segment_id for name in options.segments]
        return load_steps(connection, tables, segment_ids=ids or None)


def _sending(steps: Sequence[Step]) -> dict[int, Step]:
    """Return the steps whose due rows are claimed; those of switched-off segments are held."""
    return {step.sequence_id: step for step in steps if step.segment.sends}


def _claimer(job: Job, steps: dict[int, Step]) -> Claimer:
    lease = timedelta(minutes=job.settings.delivery.lease_minutes)
    return Claimer(job.shop.database, job.shop.tables, steps, lease=lease)


def _planner(job: Job, steps: Sequence[Step], journal: Journal, bounces_to: str | None) -> Planner:
    shelf = Shelf.load(
        job.shop,
        job.config,
        steps,
        maho_root=job.settings.maho_root,
        autoescape=job.settings.templates.autoescape,
    )
    preparer = Preparer(shelf, bounces_to=bounces_to)
    with job.shop.database.read() as connection:
        held_until = load_held_until(connection, job.shop.tables)
        policies = load_policies(connection, job.shop.tables)
    return Planner(job.shop, preparer, journal, job.settings.delivery, held_until, policies)


def _journal(job: Job) -> Journal:
    database = job.shop.database.url.set(password=None).render_as_string()
    prefix = job.shop.tables.progress.name
    return Journal(job.settings.state_dir, f"{database} {prefix}", now=job.clock.now())


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


def _log_summary(summary: Summary) -> None:
    counts = summary.counts
    if summary.held:
        logger.info("Held %d due steps of segments that are switched off", summary.held)
    if summary.fault is not None:
        logger.error("Stopped early: %s", summary.fault)
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
