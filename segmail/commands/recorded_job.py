"""A job's run, written down: in the shop's configuration, in `cron_schedule`, in a metrics file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from segmail.app import App
from segmail.errors import SegmailError
from segmail.jobs.record import JobEnd, JobName, JobRun, begin_run, end_run, keep_end


@contextmanager
def recorded_job(app: App, job: JobName, *, dry_run: bool = False) -> Iterator[JobRun]:
    """Write that a run of `job` begins, and how it ended; the body fills in its outcomes.

    A dry run is not written, nor is one while the automation is switched off. Raises what the body
    raises, and what opening the shop raises: then the end waits in the state directory until the
    database can be reached.
    """
    began = app.now()
    run = JobRun(job, began)
    try:
        writes = not dry_run and app.automation_enabled
        if writes:
            run = begin_run(app.shop, job, now=began)
    except SegmailError as error:
        end = JobEnd(began, app.now(), error.exit_code, str(error))
        keep_end(app.settings.state_dir, job, end)
        raise
    if not writes:
        yield run
        return
    try:
        yield run
    except BaseException as error:
        _end(app, run, exit_code_of(error), _reason(error))
        raise
    _end(app, run, 0, "")


def exit_code_of(error: BaseException) -> int:
    """Return the exit code with which the program ends because of `error`."""
    if isinstance(error, SegmailError | click.ClickException | click.exceptions.Exit):
        return error.exit_code
    return 130 if isinstance(error, KeyboardInterrupt | click.Abort) else 70


def _reason(error: BaseException) -> str:
    if isinstance(error, SegmailError):
        return str(error)
    return type(error).__name__  # the text of a bug may hold a customer's data


def _end(app: App, run: JobRun, exit_code: int, message: str) -> None:
    end = JobEnd(run.began, app.now(), exit_code, message, run.outcomes)
    end_run(app.shop, run, end, app.settings.state_dir)
