"""Runs `process-emails` repeatedly while the caller moves the clock: for simulations and the demo.

What a run reads at its start (templates, stores, policies) is kept until `look_again`, so that ten
thousand short runs cost little more than their mails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime

from segmail.delivery.assemble import Share, Work, open_run
from segmail.delivery.first_look import Due, open_claimer, sending, steps_of
from segmail.delivery.job import Job, Options
from segmail.delivery.quota import Quota
from segmail.delivery.rows.outcome import Outcome
from segmail.delivery.rows.walk_start import WalkStart
from segmail.delivery.run import Run
from segmail.maho.progress import next_due
from segmail.maho.steps import Step
from segmail.transport.recorder import Transport


class RepeatedRuns:
    """Runs over the due rows of a shop on which nobody else works, at the job's clock."""

    def __init__(self, job: Job, options: Options, transport: Transport) -> None:
        self._job = job
        self._options = options
        self._transport = transport
        self._steps: dict[int, Step] = {}
        self._stack = ExitStack()
        self._run: Run | None = None

    def look_again(self) -> None:
        """Make the next run read again what changes seldom: steps, templates, unsubscriptions."""
        self._stack.close()
        self._run = None

    def next_due(self) -> datetime | None:
        """Return when the next row comes due, or came due; None if none waits."""
        self._open()
        with self._job.shop.read() as tx:
            return next_due(tx, self._steps)

    def send(self, *, on_outcomes: Callable[[Sequence[Outcome]], None]) -> None:
        """Do what one run of `process-emails` does now; raises what ends such a run early."""
        run = self._open()
        batches = replace(run.batches, claimer=open_claimer(self._job, self._steps))
        fault = replace(run, batches=batches).send_due(
            Quota(self._options.limit), on_outcomes=on_outcomes
        )
        if fault is not None:
            raise fault

    def close(self) -> None:
        """Close everything that is open."""
        self._stack.close()

    def _open(self) -> Run:
        if self._run is None:
            job = self._job
            self._steps = sending(steps_of(job, self._options))
            walk = WalkStart(job.settings.state_dir, job.database_name, self._steps)
            due = Due(open_claimer(job, self._steps), walk, workers=1)
            work = Work.load(job, self._options, due, self._transport)
            self._run = self._stack.enter_context(open_run(work, Share()))
        return self._run
