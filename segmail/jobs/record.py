"""What each job last did, by host: stored in the shop's configuration, where any host can read it.

It is in `core_config_data`, scope default, `customer_segmentation/segmail/jobs/<job>/<host>`, a
JSON object. Each run also writes a row of Maho's `cron_schedule` under SPEC's job code. An end that
could not be written, because the database was out of reach, waits in the state directory for the
next run.
"""

from __future__ import annotations

import enum
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from segmail import __version__
from segmail.errors import ConfigError, SegmailError
from segmail.log import logger
from segmail.maho.config.rows import write_config
from segmail.maho.cron import (
    CronStatus,
    begin_entry,
    delete_old_entries,
    end_entry,
    has_cron_table,
    running_entries,
)
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.state_files import read_state, write_state

PATH = "customer_segmentation/segmail/jobs/"

_KEPT = timedelta(days=3)  # how long an ended row stays in cron_schedule
_LONGEST = timedelta(days=1)  # a row that runs longer is a leftover, whatever its process id says
_PID = re.compile(r" on (\S+), process ([0-9]+)$")
_UNWRITTEN = "unwritten-ends.json"
KILLED = 137  # what a shell says of a program that SIGKILL ended
_KILLED = "ended without a report (killed, for example for want of memory, or the machine stopped)"
_MOST_UNWRITTEN = 1_000


class JobName(enum.StrEnum):
    """The commands that cron starts."""

    PROCESS_EMAILS = "process-emails"
    REFRESH_SEGMENTS = "refresh-segments"
    CLEANUP_PROGRESS = "cleanup-progress"
    CLEANUP_COUPONS = "cleanup-coupons"
    REPORT = "report"

    @property
    def code(self) -> str:
        """Maho's job code (SPEC, "Cron Jobs")."""
        name = "automation_report" if self is JobName.REPORT else self.value.replace("-", "_")
        return f"customersegmentation_{name}"


@dataclass
class JobRun:
    """A run of a job in progress; its command fills in the outcomes by name."""

    job: JobName
    began: datetime
    outcomes: dict[str, int] = field(default_factory=dict)
    schedule_id: int | None = None
    run_id: str = ""
    is_told_of: bool = True  # that it began is written, or why not is in the log


@dataclass(frozen=True)
class JobEnd:
    """How a run ended; times in UTC. `message` has the reason unless `exit_code` is 0."""

    began: datetime
    ended: datetime
    exit_code: int
    message: str = ""
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()

    @property
    def worked(self) -> bool:
        """Whether the run did its job; some of its steps may have failed (1)."""
        return self.exit_code in (0, 1)


@dataclass(frozen=True)
class JobRecord:
    """What a job last did on one host.

    `busy` is the last run that had something to do, `succeeded` is when one last did its job,
    `failed` is the last run that did not, and `failures` how many have not since. All times are by
    that host's clock.
    """

    job: JobName
    host: str
    last: JobEnd | None = None
    busy: JobEnd | None = None
    failed: JobEnd | None = None
    succeeded: datetime | None = None
    failures: int = 0
    running_since: datetime | None = None
    version: str = ""  # of segmail, when it was last written

    def after(self, end: JobEnd) -> JobRecord:
        """Return the record after a run with this end."""
        after = replace(self, last=end, running_since=None)
        if any(end.outcomes.values()):
            after = replace(after, busy=end)
        if end.worked:
            return replace(after, succeeded=end.ended, failures=0)
        return replace(after, failed=end, failures=self.failures + 1)


def this_host() -> str:
    """Return this machine's name, in a form that fits into a configuration path."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", os.uname().nodename)[:100] or "unnamed"


def load_records(tx: Transaction, state_dir: Path | None = None) -> list[JobRecord]:
    """Return what each job last did on each host, by job and host.

    Ends that wait in this host's state directory count, too.
    """
    c = tx.tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.startswith(PATH, autoescape=True)
    )
    found = [_read(path, value) for path, value in tx.connection.execute(query)]
    records = {(record.job, record.host): record for record in found if record}
    for value in _read_file(state_dir / _UNWRITTEN) if state_dir else ():
        if (end := _end(value)) and value.get("job") in [job.value for job in JobName]:
            key = JobName(value["job"]), this_host()
            records[key] = records.get(key, JobRecord(*key)).after(end)
    return [records[key] for key in sorted(records)]


def begin_run(shop: Shop, job: JobName, *, now: datetime, run_id: str = "") -> JobRun:
    """Record that a job begins now, and return its run; `run_id` as in its log lines.

    If it cannot be written for want of a right, the job goes on: the fault is logged. Raises
    DatabaseUnavailable.
    """
    run = JobRun(job, now, run_id=run_id)

    def work(tx: Transaction) -> int | None:
        record = _record(tx, job)
        has_rows = has_cron_table(tx)
        for began in _close_left_behind(tx, job, now=now) if has_rows else ():
            record = record.after(JobEnd(began, now, KILLED, _KILLED))
        _write(tx, replace(record, running_since=now))
        if not has_rows:
            return None
        message = f"{_version(run_id)} on {this_host()}, process {os.getpid()}"
        return begin_entry(tx, job.code, message=message, now=now)

    try:
        run.schedule_id = shop.transact(work)
    except ConfigError as error:
        logger.warning("That %s begins could not be written: %s", job, error)
        run.is_told_of = False
    return run


def end_run(shop: Shop, run: JobRun, end: JobEnd, state_dir: Path) -> JobRecord | None:
    """Record how a run ended, and earlier ends that could not be written; return the record.

    What a run did stands, whether or not it can be recorded: if the database cannot be reached, the
    end waits in the state directory, and None is returned.
    """
    unwritten = _take_unwritten(state_dir, run.job)

    def work(tx: Transaction) -> JobRecord:
        record = _record(tx, run.job)
        for earlier in unwritten:
            record = record.after(earlier)
        record = record.after(end)
        _write(tx, record)
        if run.schedule_id is not None:
            status = CronStatus.SUCCESS if end.worked else CronStatus.ERROR
            end_entry(tx, run.schedule_id, status, message=_line(run, end), now=end.ended)
            delete_old_entries(tx, run.job.code, before=end.ended - _KEPT)
        return record

    try:
        return shop.transact(work)
    except SegmailError as error:
        if run.is_told_of:  # else why is in the log already
            logger.warning("How %s ended could not be written: %s", run.job, error)
        keep_end(state_dir, run.job, *unwritten, end)
        return None


def keep_end(state_dir: Path, job: JobName, *ends: JobEnd) -> None:
    """Keep ends that cannot be written now for the next run on this host."""
    file = state_dir / _UNWRITTEN
    try:
        kept = _read_file(file)
        kept += [{"job": job.value, **_as_json(end)} for end in ends]
        write_state(file, json.dumps(kept[-_MOST_UNWRITTEN:]))
    except OSError as error:
        logger.warning("How %s ended cannot be kept in %s: %s", job, file, error.strerror)


def _take_unwritten(state_dir: Path, job: JobName) -> list[JobEnd]:
    """Return the ends of a job that wait in the state directory, and remove them from there."""
    file = state_dir / _UNWRITTEN
    kept = _read_file(file)
    mine = [end for value in kept if value.get("job") == job and (end := _end(value))]
    if mine:
        others = [value for value in kept if value.get("job") != job]
        try:
            write_state(file, json.dumps(others))
        except OSError:
            return []  # otherwise each run would count them again
    return mine


def _read_file(file: Path) -> list[dict[str, Any]]:
    try:
        kept = json.loads(read_state(file))
    except ValueError:
        return []  # no run has left an end, or only half a file
    return [value for value in kept if isinstance(value, dict)] if isinstance(kept, list) else []


def _close_left_behind(tx: Transaction, job: JobName, *, now: datetime) -> list[datetime]:
    """End the rows of runs that were killed: nobody else will. Return when this host's began."""
    killed = []
    for row in running_entries(tx, job.code):
        found = _PID.search(row.messages or "")
        began = row.executed_at
        dead = found is not None and found[1] == this_host() and not _is_alive(int(found[2]))
        if dead or began is None or began < now - _LONGEST:
            message = f"{__version__}: {_KILLED}"
            end_entry(tx, row.schedule_id, CronStatus.ERROR, message=message, now=now)
            if dead and began is not None:
                killed.append(began)
    return killed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _version(run_id: str) -> str:
    """Return the version and the run as the row begins: `0.2, run 5f3a9c1e,`."""
    return f"{__version__}, run {run_id}," if run_id else __version__


def _line(run: JobRun, end: JobEnd) -> str:
    """Return what `cron_schedule.messages` says about an end."""
    done = ", ".join(f"{number:,} {name}" for name, number in end.outcomes.items() if number)
    said = end.message or done or "nothing to do"
    ended = f"exit {end.exit_code} after {end.seconds:.1f}s: {said}"
    return f"{_version(run.run_id)} on {this_host()}: {ended}"


def _record(tx: Transaction, job: JobName) -> JobRecord:
    path = f"{PATH}{job.value}/{this_host()}"
    c = tx.tables.config.c
    query = select(c.value).where(c.scope == "default", c.scope_id == 0, c.path == path)
    return _read(path, tx.connection.scalar(query)) or JobRecord(job, this_host())


def _write(tx: Transaction, record: JobRecord) -> None:
    value = {
        "version": __version__,
        "last": _as_json(record.last),
        "busy": _as_json(record.busy),
        "failure": _as_json(record.failed),
        "succeeded": _iso(record.succeeded),
        "failures": record.failures,
        "running_since": _iso(record.running_since),
    }
    path = f"{PATH}{record.job.value}/{record.host}"
    write_config(tx, {path: json.dumps(value, ensure_ascii=True)})


def _read(path: str, value: str | None) -> JobRecord | None:
    """Return the record of a row; None if it is not segmail's, or not readable."""
    job, _, host = path.removeprefix(PATH).partition("/")
    try:
        kept = json.loads(value or "")
        return JobRecord(
            job=JobName(job),
            host=host,
            last=_end(kept["last"]),
            busy=_end(kept["busy"]),
            failed=_end(kept["failure"]),
            succeeded=_time(kept["succeeded"]),
            failures=int(kept["failures"]),
            running_since=_time(kept["running_since"]),
            version=str(kept.get("version", "")),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _as_json(end: JobEnd | None) -> dict[str, Any]:
    if end is None:
        return {}
    return {
        "began": _iso(end.began),
        "ended": _iso(end.ended),
        "exit_code": end.exit_code,
        "message": end.message[:1_000],
        "outcomes": dict(end.outcomes),
    }


def _end(value: Any) -> JobEnd | None:
    if not value:
        return None
    began, ended = _time(value["began"]), _time(value["ended"])
    if began is None or ended is None:
        return None
    return JobEnd(began, ended, value["exit_code"], value["message"], value["outcomes"])


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
