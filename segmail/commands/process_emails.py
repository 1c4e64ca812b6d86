"""`segmail process-emails`: SPEC's job 1."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, METRICS_FILE
from segmail.commands.recorded_job import log_held, recorded_job
from segmail.commands.signals import stopped_by
from segmail.delivery.job import Job, Options
from segmail.delivery.process import count_waiting
from segmail.delivery.process import process_emails as send
from segmail.delivery.rows.outcome import Status
from segmail.delivery.summary import Summary
from segmail.errors import StepsFailed
from segmail.jobs.record import JobName
from segmail.output import print_json, progress_bar


@click.command("process-emails")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Send at most this many steps; 0: all that are due.",
)
@click.option(
    "--max-time",
    type=click.FloatRange(0, 31_536_000, min_open=True),
    metavar="SECONDS",
    help="Begin no further message after this time.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 64),
    help="Parallel SMTP connections at most; by default 16, or segmail.toml's.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that send; by default one for each 500 due rows, at most 3, or segmail.toml's.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="N",
    help="Begin at most this many messages a second; 0: as fast as possible.",
)
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="SEGMENT",
    help="Only steps of this segment, by id or name; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen to each row; change nothing.")
@METRICS_FILE
@AS_JSON
@click.pass_obj
def process_emails(
    app: App,
    /,
    *,
    dry_run: bool,
    as_json: bool,
    metrics_file: Path | None,
    **given: Any,
) -> None:
    """Send every sequence step that is due.

    Safe to start twice, on one host or several: each run claims its own rows before it sends
    anything. Prints nothing under cron when nothing is wrong.

    \b
    Examples:
        segmail process-emails
        segmail process-emails --segment VIP --dry-run
    """
    with recorded_job(app, JobName.PROCESS_EMAILS, dry_run=dry_run, metrics=metrics_file) as run:
        if held := app.held_because:
            _say_held(app, held, as_json=as_json, asked=dry_run)
            return
        options = Options(**given)
        job = Job(app.shop, app.config, app.settings, app.clock)
        if dry_run:
            from segmail.commands.due_preview import show_preview  # imports the renderer

            show_preview(job, options, as_json=as_json)
            return
        summary, interrupted = _send(job, options)
        run.outcomes |= _outcomes(summary)
        _show_summary(summary, as_json=as_json)
        if interrupted:
            raise KeyboardInterrupt
        if summary.fault is not None:
            raise summary.fault
        if summary.counts[Status.FAILED]:
            raise StepsFailed(summary.told_failures())


def _send(job: Job, options: Options) -> tuple[Summary, bool]:
    """Return what was done, and whether Ctrl-C ended it."""
    total = count_waiting(job, options) if sys.stderr.isatty() else None
    # Let the run end in order: messages under way are finished.
    signals = stopped_by(job.stop.ask, signal.SIGTERM, signal.SIGINT)
    with signals as arrived, progress_bar("Sending", total) as advance:
        summary = send(job, options, on_outcomes=lambda outcomes: advance(len(outcomes)))
    return summary, signal.SIGINT in arrived


def _outcomes(summary: Summary) -> dict[str, int]:
    return {status.value: summary.counts[status] for status in Status}


def _say_held(app: App, reason: str, *, as_json: bool, asked: bool) -> None:
    log_held(app, JobName.PROCESS_EMAILS, f"{reason}; nothing was sent")
    if as_json:
        print_json(_summary_json(Summary(), enabled=False))
    elif asked or sys.stdout.isatty():
        click.echo(f"{reason}; docs/operations.md says what decides.")


def _summary_json(summary: Summary, *, enabled: bool) -> dict[str, object]:
    return {
        "enabled": enabled,
        **_outcomes(summary),
        "held": summary.held,
        "seconds": round(summary.seconds, 2),
        "fault": str(summary.fault) if summary.fault else None,
    }


def _show_summary(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        print_json(_summary_json(summary, enabled=True))
    elif sys.stdout.isatty():
        told = ", ".join(
            f"{count} {status}" for status, count in _outcomes(summary).items() if count
        )
        click.echo(f"{told or 'Nothing was due'} in {summary.seconds:.2f}s.")
        if summary.held:
            click.echo(f"{summary.held} due steps are held: their segments are switched off.")
