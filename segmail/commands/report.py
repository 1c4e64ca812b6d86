"""`segmail report`: SPEC's job 4."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from segmail.app import App
from segmail.commands.parameter_types import any_time
from segmail.commands.write_file import write_file
from segmail.log import logger
from segmail.report import FORMATS, choose_window, collect_activity, log_line


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
    "--format", "format_", type=click.Choice(list(FORMATS)), help="By default text, on a terminal."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report there instead.",
)
@click.pass_obj
def report(
    app: App,
    *,
    hours: int | None,
    since: datetime | None,
    until: datetime | None,
    format_: str | None,
    output: Path | None,
) -> None:
    """Report what was sent, failed and is scheduled.

    Writes one line to the log. Prints the whole report on a terminal, or anywhere when --format
    or --output ask for it.

    \b
    Examples:
        segmail report
        segmail report --since 2026-03 --until 2026-04 --format json
        segmail report --since "1 week ago"
    """
    asked = format_ is not None or output is not None
    if not app.automation_enabled and not asked:
        logger.info("Email automation is switched off; there is nothing to report")
        return
    now = app.now()
    window = choose_window(now=now, hours=hours, since=since, until=until)
    activity = collect_activity(app.shop, window, now=now)
    logger.info("%s", log_line(activity))
    text = FORMATS[format_ or "text"](activity)
    if output is not None:
        write_file(output, text)
    elif asked or sys.stdout.isatty():
        click.echo(text, nl=False)
