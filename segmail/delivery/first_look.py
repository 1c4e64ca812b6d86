"""The first look of a run: is anything due, since when, and for how many processes is it enough."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import datetime

from segmail.delivery.job import Job, Options
from segmail.delivery.rows.walk_start import MARGIN, Hints
from segmail.delivery.steps import database_name, open_claimer
from segmail.maho.steps import Step

_ROWS_FOR_A_WORKER = 500  # fewer are sent before another process is ready


@dataclass(frozen=True)
class Due:
    """What a run is going to send: rows of these steps, none of them due before `since`.

    `workers` is the number of processes it takes, 0 where nothing is due.
    """

    steps: dict[int, Step]
    workers: int
    since: datetime | None


def look_for_due(job: Job, options: Options, steps: dict[int, Step]) -> Due:
    """Walk over the due rows once, so that the claims of this run need not."""
    hints, now = hints_of(job, steps), job.clock.now()
    hint = hints.load(now)
    most = _most_workers(job, options)
    enough = 1 if most == 1 else most * _ROWS_FOR_A_WORKER
    began = time.monotonic()
    claimer = open_claimer(job, steps, hint.since if hint else None)
    due = claimer.look(now=now, most=min(enough, options.limit or enough))
    earliest = due[0] if due else None
    if steps:
        hints.save(hint, earliest, now=now, seconds=time.monotonic() - began)
    since = earliest - MARGIN if earliest else None
    return Due(steps, _workers(len(due), most, asked=options.workers is not None), since)


def hints_of(job: Job, steps: dict[int, Step]) -> Hints:
    """Return what this host remembers of earlier walks over these steps."""
    return Hints(job.settings.state_dir, database_name(job), steps)


def _most_workers(job: Job, options: Options) -> int:
    """Return how many processes may send; SQLite has one writer at a time."""
    if job.shop.database.url.get_backend_name() == "sqlite":
        return 1
    # One more than there are cores: each waits for the database now and then.
    most = options.workers or min((os.cpu_count() or 1) + 1, job.settings.delivery.workers)
    return min(most, options.connections or job.settings.delivery.connections)


def _workers(due: int, most: int, *, asked: bool) -> int:
    if asked or due == 0:
        return min(most, due)
    return max(1, min(most, due // _ROWS_FOR_A_WORKER))
