"""`segmail status`: how the automation stands, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.commands.words import yes_no
from segmail.errors import DatabaseUnavailable, SegmailError, StatusNotWell
from segmail.jobs.record import JobEnd
from segmail.output import print_json, print_table
from segmail.status.collect import AutomationStatus, collect_status
from segmail.status.formats import as_json as json_of
from segmail.status.formats import as_nagios
from segmail.status.judge import StatusFinding, age, judge

_UNKNOWN = 3  # a plugin's exit code if it cannot tell


@click.command()
@AS_JSON
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "nagios"]),
    default="text",
    show_default=True,
    help="For people, or one line for Nagios, which exits with 0 to 3.",
)
@click.pass_obj
def status(app: App, *, as_json: bool, format_: str) -> None:
    """Show how the automation stands: switches, backlog, jobs, segments.

    Exits with 1 if something needs a person, by the thresholds of [status] in segmail.toml.

    \b
    Examples:
        segmail status
        segmail status --format nagios
    """
    if format_ == "nagios":
        _nagios(app)
        return
    found = collect_status(app.shop, app.config, app.settings, now=app.now())
    findings = judge(found, app.settings.status)
    if as_json:
        print_json(json_of(found, findings))
    else:
        _print(found, findings)
    if findings:
        number = len(findings)
        raise StatusNotWell(f"{number} thing{' needs' if number == 1 else 's need'} a look.")


def _nagios(app: App) -> None:
    try:
        found = collect_status(app.shop, app.config, app.settings, now=app.now())
        line, code = as_nagios(found, judge(found, app.settings.status))
    except DatabaseUnavailable as error:
        line, code = f"SEGMAIL CRITICAL - {error}", 2
    except SegmailError as error:
        line, code = f"SEGMAIL UNKNOWN - {error}", _UNKNOWN
    click.echo(line)
    raise click.exceptions.Exit(code)


def _print(found: AutomationStatus, findings: Sequence[StatusFinding]) -> None:
    due = sum(segment.backlog for segment in found.segments)
    held = sum(segment.held for segment in found.segments)
    switch = f"{'on' if found.switch.on else 'off'}, by {found.switch.setting}"
    click.echo(f"Automation  {switch}")
    if found.maintenance:
        flag, since = found.maintenance
        click.echo(f"Maintenance for {age(since, found.now)}, by {flag}")
    if found.maho_sends:
        ran = "its cron runs them" if found.maho_ran else "its cron does not seem to run them"
        click.echo(f"Maho's jobs on, {ran}")
    click.echo(f"Due         {due:,}{_since(found.oldest_due, found.now)}")
    if held:
        click.echo(f"Held        {held:,}, in segments that are switched off")
    click.echo(f"Next        {_at(found.next_due)}")
    if deferred := sum(segment.deferred for segment in found.segments):
        click.echo(f"Deferred    {deferred:,}, tried and to be tried again")
    if postponed := sum(segment.postponed for segment in found.segments):
        click.echo(f"Postponed   {postponed:,}, beyond their delay; `segmail why` says why")
    if found.open_attempts:
        click.echo(
            f"Under way   {found.open_attempts:,}, {found.stuck_attempts:,} of them too long"
        )
    click.echo(f"Hosts       {', '.join(found.hosts) or 'none has run a job yet'}")
    _print_jobs(found)
    _print_segments(found)
    if findings:
        rows = [(f.severity, f.where, f.what, f.advice) for f in findings]
        print_table("What needs a look", ("Severity", "About", "What", "What to do"), rows)


def _print_jobs(found: AutomationStatus) -> None:
    rows = [
        (
            record.job,
            record.host,
            _when(record.last, found.now),
            "running" if record.running_since else record.last and record.last.exit_code,
            _work(record.busy, found.now),
            record.failures or "",
        )
        for record in found.jobs
    ]
    if rows:
        columns = ("Job", "Host", "Last end", "Exit", "Last work", "Failing")
        print_table("Jobs", columns, rows)


def _print_segments(found: AutomationStatus) -> None:
    rows = [
        (
            segment.name,
            yes_no(segment.sends),
            f"{segment.scheduled:,}",
            f"{segment.due:,}",
            f"{segment.deferred:,}",
            _at(segment.next_due),
            _ago(segment.refreshed_at, found.now),
        )
        for segment in found.segments
    ]
    if rows:
        columns = ("Segment", "Sends", "Scheduled", "Due", "Deferred", "Next", "Refreshed")
        print_table("Segments", columns, rows)


def _since(oldest: datetime | None, now: datetime) -> str:
    return "" if oldest is None else f", the oldest for {age(oldest, now)}"


def _ago(time: datetime | None, now: datetime) -> str:
    return "never" if time is None else f"{age(time, now)} ago"


def _at(time: datetime | None) -> str:
    return "nothing" if time is None else f"{time:%Y-%m-%d %H:%M}"


def _when(end: JobEnd | None, now: datetime) -> str:
    return "" if end is None else f"{age(end.ended, now)} ago"


def _work(end: JobEnd | None, now: datetime) -> str:
    if end is None:
        return ""
    done = ", ".join(f"{number:,} {name}" for name, number in end.outcomes.items() if number)
    return f"{age(end.ended, now)} ago: {done} in {end.seconds:.0f} s"
