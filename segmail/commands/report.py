"""`segmail report`: SPEC's job 4."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, METRICS_FILE
from segmail.commands.parameter_types import any_time
from segmail.commands.recorded_job import recorded_job
from segmail.commands.write_file import write_file
from segmail.errors import InputError
from segmail.jobs.record import JobName
from segmail.log import logger
from segmail.maho.progress import ProgressStatus
from segmail.output import terminal_width
from segmail.report import (
    FORMATS,
    ReportScope,
    Window,
    as_text,
    choose_window,
    collect_activity,
    is_slow,
    log_line,
)


@click.command()
@click.option(
    "--hours",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Report on the last N hours; 24 by default.",
)
@click.option(
    "--since",
    callback=any_time,
    metavar="TIME",
    help="Report from this time on: 2026-03-10T08:00 (UTC, or with an offset), '-1 month'.",
)
@click.option(
    "--until",
    callback=any_time,
    metavar="TIME",
    help="Up to this time instead of now; 2026-04 is its start.",
)
@click.option(
    "--days", type=click.IntRange(1, 36_500), metavar="N", help="Report on the last N days."
)
@click.option("--segment", metavar="SEGMENT", help="Only this segment, by id or name.")
@click.option(
    "--store", metavar="STORE", help="Only customers and orders of this store view, by id or code."
)
@click.option(
    "--within",
    "within_days",
    type=click.IntRange(1, 365),
    default=7,
    show_default=True,
    metavar="DAYS",
    help=(
        "Count an order for the last mail sent to its customer in this many days before it; if "
        "customers are held out, count orders in this many days after each entry."
    ),
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="For people, for scripts, for a spreadsheet, or as a page with charts.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report to this file instead.",
)
@METRICS_FILE
@AS_JSON
@click.option("--log", is_flag=True, help="Write the daily line to the log and print nothing.")
@click.pass_obj
def report(
    app: App,
    *,
    hours: int | None,
    days: int | None,
    segment: str | None,
    store: str | None,
    within_days: int,
    since: datetime | None,
    until: datetime | None,
    format_: str,
    output: Path | None,
    as_json: bool,
    metrics_file: Path | None,
    log: bool,
) -> None:
    """Report what was sent, failed and is scheduled, and what it brought in.

    Revenue is in base currency, from orders that are not canceled: by coupon of the automation, and
    by last mail. If a segment holds out a share of its customers, mailed customers are compared
    with them. The page of --format html needs no network and has counts and sums only.

    With --log it is SPEC's daily job: one line in the log, for
    `grep "Daily automation report"`, and nothing printed.

    \b
    Examples:
        segmail report
        segmail report --log
        segmail report --since 2026-03 --until 2026-04 --format json
        segmail report --days 7 --segment "Abandoned baskets"
        segmail report --since 2026-01 --format html --output report.html
    """
    now = app.now()
    if hours is not None and days is not None:
        raise InputError("Give either --hours or --days, not both.")
    hours = hours if days is None else 24 * days
    window = choose_window(now=now, hours=hours, since=since, until=until)
    if log:
        _log_daily_line(app, window, now=now, metrics=metrics_file)
        return
    if is_slow(app.shop):
        click.echo("An index for long histories is missing: see `segmail schema tune`.", err=True)
    scope = ReportScope(segment, store, within_days)
    activity = collect_activity(
        app.shop, window, now=now, scope=scope, lateness=app.settings.delivery.lateness
    )
    if format_ == "text" and not as_json and output is None and sys.stdout.isatty():
        text = as_text(activity, terminal_width())
    else:
        text = FORMATS["json" if as_json else format_](activity)
    if output is not None:
        write_file(output, text)
    else:
        click.echo(text, nl=False)


def _log_daily_line(app: App, window: Window, *, now: datetime, metrics: Path | None) -> None:
    with recorded_job(app, JobName.REPORT, metrics=metrics) as run:
        if held := app.held_because:
            logger.info("%s; there is nothing to report", held)
            return
        activity = collect_activity(
            app.shop, window, now=now, lateness=app.settings.delivery.lateness
        )
        run.outcomes |= {
            ProgressStatus.SENT.value: activity.counts.sent,
            ProgressStatus.FAILED.value: activity.counts.failed,
        }
        logger.info("%s", log_line(activity))
