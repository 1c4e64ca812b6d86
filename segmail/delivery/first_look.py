"""The first look of a run: which steps are due, and how many processes they are worth."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from segmail.delivery.job import Job, Options
from segmail.delivery.rows.claim import Claimer
from segmail.delivery.rows.walk_start import WalkStart
from segmail.maho.lookup import find_segment
from segmail.maho.steps import Step, load_steps

_ROWS_FOR_A_WORKER = 500  # fewer rows are sent before another process is ready


@dataclass(frozen=True)
class Due:
    """What a run is going to send: the rows that `claimer` finds.

    `workers` is the number of processes, 0 if nothing is due; `walk_start` must be forgotten by a
    run that releases rows.
    """

    claimer: Claimer
    walk_start: WalkStart
    workers: int


def steps_of(job: Job, options: Options) -> list[Step]:
    """Return the steps that a run is about; raise InputError for a segment that does not exist."""
    with job.shop.read() as tx:
        ids = [find_segment(tx, name).segment_id for name in options.segments]
        return load_steps(tx, segment_ids=ids or None)


def sending(steps: Sequence[Step]) -> dict[int, Step]:
    """Return the steps whose due rows are claimed; those of switched-off segments are held."""
    return {step.sequence_id: step for step in steps if step.segment.sends}


def open_claimer(job: Job, steps: Mapping[int, Step]) -> Claimer:
    """Return the claimer of these steps' due rows."""
    lease = timedelta(minutes=job.settings.delivery.lease_minutes)
    return Claimer(job.shop, steps, lease=lease)


def look_for_due(job: Job, options: Options, steps: Mapping[int, Step]) -> Due:
    """Walk over the due rows of these steps once, so that the claims of this run need not."""
    walk_start, now = WalkStart(job.settings.state_dir, job.database_name, steps), job.clock.now()
    known = walk_start.load(now)
    most = _most_workers(job, options)
    enough = 1 if most == 1 else most * _ROWS_FOR_A_WORKER
    began = time.monotonic()
    claimer = open_claimer(job, steps)
    since = known.since if known else None
    due = claimer.look(now=now, most=min(enough, options.limit or enough), since=since)
    if steps:
        earliest = due[0] if due else None
        walk_start.save(known, earliest, now=now, seconds=time.monotonic() - began)
    return Due(claimer, walk_start, _workers(len(due), most, asked=options.workers is not None))


def _most_workers(job: Job, options: Options) -> int:
    """Return how many processes may send; SQLite allows one writer at a time."""
    if job.shop.database.url.get_backend_name() == "sqlite":
        return 1
    # One more than there are cores: each waits for the database now and then.
    most = options.workers or min((os.cpu_count() or 1) + 1, job.settings.delivery.workers)
    return min(most, options.connections or job.settings.delivery.connections)


def _workers(due: int, most: int, *, asked: bool) -> int:
    if asked or due == 0:
        return min(most, due)
    return max(1, min(most, due // _ROWS_FOR_A_WORKER))
