"""The steps of a run, and what claims their rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from segmail.delivery.job import Job, Options
from segmail.delivery.rows.claim import Claimer
from segmail.maho.lookup import find_segment
from segmail.maho.steps import Step, load_steps


def steps_of(job: Job, options: Options) -> list[Step]:
    """Return the steps that a run is about; raise InputError for a segment that is not there."""
    tables = job.shop.tables
    with job.shop.database.read() as connection:
        ids = [find_segment(connection, tables, name).segment_id for name in options.segments]
        return load_steps(connection, tables, segment_ids=ids or None)


def sending(steps: Sequence[Step]) -> dict[int, Step]:
    """Return the steps whose due rows are claimed; those of switched-off segments are held."""
    return {step.sequence_id: step for step in steps if step.segment.sends}


def open_claimer(job: Job, steps: dict[int, Step], since: datetime | None = None) -> Claimer:
    """Return what claims the due rows of these steps; none were due before `since`."""
    lease = timedelta(minutes=job.settings.delivery.lease_minutes)
    return Claimer(job.shop.database, job.shop.tables, steps, lease=lease, since=since)


def database_name(job: Job) -> str:
    """Return what names the shop's tables on this host, without a password."""
    database = job.shop.database.url.set(password=None).render_as_string()
    return f"{database} {job.shop.tables.progress.name}"
