"""What runs and what does not: the jobs, their backlog, this machine's clock and disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from segmail.clock import Clock
from segmail.doctor.findings import Area, AreaFinding, ok
from segmail.findings import Finding, Severity
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.shop import Shop
from segmail.settings import Settings
from segmail.status.collect import collect_status
from segmail.status.judge import age, judge, passing

_SKEW = timedelta(seconds=60)  # rows would be due that much too early or too late
_LEAST_BYTES = 50_000_000  # a day of journal and log of a large shop


def job_findings(
    shop: Shop, config: StoreConfig, settings: Settings, *, now: datetime
) -> list[AreaFinding]:
    """Return what `status` says needs attention: overdue rows, jobs that fail or do not run.

    A failure that may pass by itself is a note.
    """
    status = collect_status(shop, config, settings, now=now)
    judged = judge(status, settings.status)
    found = [
        Finding(each.severity, Area.JOBS, f"{each.where}: {each.what}", each.advice)
        for each in (*judged, *passing(status, judged))
        if each.where not in ("automation", "program", "attempts")  # these have areas of their own
    ]
    hosts = ", ".join(status.hosts) or "none yet"
    return found or [ok(Area.JOBS, f"They run, and nothing is overdue. Hosts: {hosts}.")]


def clock_findings(connection: Connection, clock: Clock) -> list[AreaFinding]:
    """Return whether this machine's clock and the database's agree.

    A clock that was set by hand (`--now`) is not compared, nor SQLite, which uses this machine's.
    """
    if clock.is_set or connection.dialect.name == "sqlite":
        return [ok(Area.CLOCK, "Not compared with the database's.")]
    told = connection.scalar(select(func.utc_timestamp()))
    theirs = told.replace(tzinfo=UTC) if isinstance(told, datetime) else clock.now()
    apart = abs(clock.now() - theirs)
    if apart <= _SKEW:
        return [ok(Area.CLOCK, "This machine and the database tell the same time.")]
    ahead = "ahead of" if clock.now() > theirs else "behind"
    what = (
        f"This machine is {age(theirs - apart, theirs)} {ahead} the database server: it says "
        f"{clock.now():%Y-%m-%d %H:%M} UTC, the server {theirs:%Y-%m-%d %H:%M}."
    )
    advice = "timedatectl set-ntp true  (on both: steps leave by this machine's clock)"
    return [Finding(Severity.ERROR, Area.CLOCK, what, advice)]


def disk_findings(settings: Settings) -> list[AreaFinding]:
    """Return whether there is room for the journal and the log."""
    folders = [settings.state_dir]
    if settings.log_file is not None:
        folders.append(settings.log_file.parent)
    found = list(_full(folders))
    return found or [ok(Area.DISK, "There is room for the journal and the log.")]


def _full(folders: list[Path]) -> Iterator[AreaFinding]:
    for folder in folders:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        if free < _LEAST_BYTES:
            what = f"{folder} is on a disk with {free / 1_000_000:,.0f} MB left."
            advice = (
                f"du -xh --max-depth=2 {there} | sort -h | tail  (what takes the room: no mail is "
                "begun that cannot be noted in the journal first)"
            )
            yield Finding(Severity.ERROR, Area.DISK, what, advice)
