"""Puts the parts of a run together, once it is known that there is something to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from segmail.delivery.batches import Batches
from segmail.delivery.decide.eligible import RunFacts, stale_after
from segmail.delivery.decide.plan import Planner
from segmail.delivery.decide.recheck import Recheck
from segmail.delivery.decide.shop_state import ShopStates
from segmail.delivery.first_look import Due, open_claimer, sending, steps_of
from segmail.delivery.job import Job, Options
from segmail.delivery.pace import Pace
from segmail.delivery.quota import Quota
from segmail.delivery.rows.attempts import Recorder
from segmail.delivery.rows.journal import Journal
from segmail.delivery.rows.outcome import Outcome
from segmail.delivery.rows.settle import Settler
from segmail.delivery.run import Run
from segmail.delivery.senders import Limits, Senders
from segmail.maho.held_segments import load_held_until
from segmail.maho.schema.layout import holds_four_bytes
from segmail.maho.steps import Step
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.prepare import Preparer
from segmail.mail.run_cache import RunCache
from segmail.transport.bounce_address import bounce_address
from segmail.transport.mail_url import SendmailSettings
from segmail.transport.opener import opener_for
from segmail.transport.recorder import Transport

_PROGRAMS = 4  # at the same time: nothing tells when they are too many


@dataclass(frozen=True)
class Share:
    """Which of a run's processes this is: each has its share of connections, rate and rows."""

    number: int = 0
    of: int = 1

    def part(self, whole: int) -> int:
        """Return how many of the run's connections or rows belong to this process; at least one."""
        return max(1, whole // self.of + (self.number < whole % self.of))


@dataclass(frozen=True)
class Work:
    """What a run has to do, and what prepares its messages; loaded once for all its processes."""

    job: Job
    options: Options
    due: Due
    transport: Transport
    preparer: Preparer

    @classmethod
    def load(cls, job: Job, options: Options, due: Due, transport: Transport) -> Work:
        """Load it; raise ConfigError for a return path or store that cannot be used."""
        bounces_to = bounce_address(transport, job.config)
        preparer = _preparer(job, list(due.claimer.steps.values()), bounces_to)
        return cls(job, options, due, transport, preparer)


@contextmanager
def open_run(work: Work, share: Share) -> Iterator[Run]:
    """Yield one process's share of a run over the due rows.

    Raises ConfigError for a mail transport or journal that cannot be used.
    """
    with ExitStack() as stack:
        journal = work.job.journal()
        stack.callback(journal.close)
        journal.check()
        stack.callback(journal.prune)
        run = _run(work, share, journal)
        stack.callback(run.senders.close)
        yield run


def _run(work: Work, share: Share, journal: Journal) -> Run:
    job, options = work.job, work.options
    delivery = replace(job.settings.delivery, batch=share.part(job.settings.delivery.batch))
    limits = Limits(
        stop=job.stop,
        until=(job.clock.now() + timedelta(seconds=options.max_time) if options.max_time else None),
        longest_dialogue=timedelta(seconds=work.transport.longest_dialogue),
        pace=Pace(options.rate / share.of, delivery.domain_per_minute / share.of),
        recheck_seconds=delivery.recheck_seconds,
    )
    is_program = isinstance(work.transport, SendmailSettings)
    usual = min(delivery.connections, _PROGRAMS) if is_program else delivery.connections
    senders = Senders(
        opener_for(work.transport),
        connections=share.part(options.connections or usual),
        limits=limits,
        journal=journal,
        clock=job.clock,
    )
    planner = _planner(job, work.preparer, journal)
    with job.shop.read() as tx:
        four_bytes = holds_four_bytes(tx)
    settler = Settler(job.shop)
    batches = Batches(
        claimer=work.due.claimer,
        planner=planner,
        recorder=Recorder(job.shop, four_bytes=four_bytes),
        senders=senders,
        settler=settler,
        journal=journal,
        clock=job.clock,
    )
    return Run(
        batches=batches,
        recheck=Recheck(job.shop, planner.states, planner.rules),
        senders=senders,
        settler=settler,
        clock=job.clock,
        settings=delivery,
        limits=limits,
        works_ahead=job.shop.database.url.get_backend_name() != "sqlite",  # it has one writer
    )


def preview_due(job: Job, options: Options) -> Iterator[Outcome | Prepared]:
    """Yield what a run would do with each due row; change nothing (`--dry-run`)."""
    steps = steps_of(job, options)
    claimer = open_claimer(job, sending(steps))
    planner = _planner(job, _preparer(job, steps), job.journal())
    quota = Quota(options.limit)
    while size := quota.take(job.settings.delivery.batch):
        now = job.clock.now()
        rows = claimer.peek(now=now, limit=size)
        if not rows:
            return
        plan = planner.plan(rows, now=now)
        yield from plan.outcomes
        yield from plan.prepared
        quota.give_back(size - len(rows))


def preview_rows(job: Job, rows: Sequence[DueRow]) -> Iterator[Outcome | Prepared]:
    """Yield what a run would do with these rows if they were due now; change nothing.

    They need not exist: a progress id of 0 is a row that is not scheduled.
    """
    planner = _planner(job, _preparer(job, [row.step for row in rows]), job.journal())
    plan = planner.plan(rows, now=job.clock.now())
    yield from plan.outcomes
    yield from plan.prepared


def _preparer(job: Job, steps: Sequence[Step], bounces_to: str | None = None) -> Preparer:
    cache = RunCache(
        job.shop,
        job.config,
        steps,
        maho_root=job.settings.maho_root,
        autoescape=job.settings.templates.autoescape,
    )
    return Preparer(cache, job.settings.message, bounces_to=bounces_to)


def _planner(job: Job, preparer: Preparer, journal: Journal) -> Planner:
    with job.shop.read() as tx:
        held_until = load_held_until(tx)
    delivery = job.settings.delivery
    states = ShopStates(
        job.shop, job.config, enabled=job.settings.enabled, at_most=delivery.recheck_seconds / 2
    )
    facts = RunFacts(job.shop.layout, held_until, stale_after(delivery))
    rules = job.settings.sending_rules.rules()
    return Planner(job.shop, preparer, journal, delivery, facts, states, rules)
