"""Records a job's run: in the shop's configuration, in `cron_schedule`, in a metrics file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from segmail.app import App
from segmail.errors import SegmailError
from segmail.jobs.record import JobEnd, JobName, JobRun, begin_run, end_run, keep_end
from segmail.log import logger, open_log
from segmail.once_a_day import log_once_a_day


@contextmanager
def recorded_job(
    app: App, job: JobName, *, dry_run: bool = False, metrics: Path | None = None
) -> Iterator[JobRun]:
    """Record that a run of `job` begins, and how it ended; the body fills in its outcomes.

    Dry runs are not recorded, nor are runs while the jobs are held. Raises what the body raises,
    and what opening the shop raises: then the record of the end waits in the state directory until
    the database can be reached.
    """
    began = app.now()
    run = JobRun(job, began)
    try:
        writes = not dry_run and app.held_because is None
        if writes:
            run = begin_run(app.shop, job, now=began, run_id=app.run_id)
    except SegmailError as error:
        end = JobEnd(began, app.now(), error.exit_code, str(error))
        if not dry_run:
            keep_end(app.settings.state_dir, job, end)
            _write_metrics(app, job, end, metrics, reachable=False)
        raise
    if not writes:
        yield run
        return
    try:
        open_log()
        yield run
    except BaseException as error:
        _end(app, run, exit_code_of(error), _reason(error), metrics)
        raise
    _end(app, run, 0, "", metrics)


def log_held(app: App, job: JobName, line: str) -> None:
    """Report why a job does nothing: in the log once a day, on the screen at each run."""
    if app.settings.log_file is None:
        logger.info("%s", line)
    else:
        log_once_a_day(line, app.settings.state_dir, f"held-{job}", now=app.now())


def exit_code_of(error: BaseException) -> int:
    """Return the exit code with which the program ends because of `error`."""
    if isinstance(error, SegmailError | click.ClickException | click.exceptions.Exit):
        return error.exit_code
    return 130 if isinstance(error, KeyboardInterrupt | click.Abort) else 70


def _reason(error: BaseException) -> str:
    if isinstance(error, SegmailError):
        return str(error)
    return type(error).__name__  # the text of a bug may contain a customer's data


def _end(app: App, run: JobRun, exit_code: int, message: str, metrics_file: Path | None) -> None:
    end = JobEnd(run.began, app.now(), exit_code, message, run.outcomes)
    written = end_run(app.shop, run, end, app.settings.state_dir)
    _write_metrics(app, run.job, end, metrics_file, reachable=written is not None)


def _write_metrics(
    app: App, job: JobName, end: JobEnd, file: Path | None, *, reachable: bool
) -> None:
    if file is None:
        return
    from segmail.jobs.metrics import Backlog, write_metrics  # few crontabs ask for metrics
    from segmail.status.collect import collect_status

    backlog = None
    if reachable:
        status = collect_status(app.shop, app.config, app.settings, now=app.now())
        due = sum(segment.backlog for segment in status.segments)
        held = sum(segment.held for segment in status.segments)
        backlog = Backlog(due, held, status.oldest_due)
    write_metrics(file, job, end, backlog)
