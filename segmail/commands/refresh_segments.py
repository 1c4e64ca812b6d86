"""`segmail refresh-segments`: updates who is in the segments."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, METRICS_FILE
from segmail.commands.recorded_job import log_held, recorded_job
from segmail.commands.signals import stopped_by
from segmail.jobs.record import JobName
from segmail.maho.schema.rights import REFRESHING, check_rights
from segmail.output import print_json, print_table
from segmail.segments.conditions.scope import KeptScope
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import Choice, Refreshed, RefreshOptions, Swept, fault_of, sweep_up
from segmail.segments.refresh import refresh_segments as refresh


@click.command("refresh-segments")
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="SEGMENT",
    help="Only this segment, by id or name, in whatever mode; may be repeated.",
)
@click.option(
    "--all", "all_", is_flag=True, help="Refresh manual segments too, and those just refreshed."
)
@click.option(
    "--every",
    type=click.IntRange(min=0),
    default=0,
    metavar="MINUTES",
    help="Only segments whose last refresh is at least so long ago; by default all.",
)
@click.option(
    "--enrol-limit",
    type=click.IntRange(min=0),
    metavar="N",
    help="Enrol nobody in a segment that would enrol more customers; by default 5000, or "
    "segmail.toml's.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Ask all customers, not only those for whom something has changed since the last refresh.",
)
@click.option("--no-enrol", is_flag=True, help="Change members, but start no sequence for anybody.")
@click.option("--dry-run", is_flag=True, help="Say who would enter and leave; change nothing.")
@METRICS_FILE
@AS_JSON
@click.pass_obj
def refresh_segments(
    app: App,
    *,
    segments: Sequence[str],
    all_: bool,
    every: int,
    enrol_limit: int | None,
    full: bool,
    no_enrol: bool,
    dry_run: bool,
    as_json: bool,
    metrics_file: Path | None,
) -> None:
    """Find out who entered and left the segments, and schedule their steps.

    Each segment changes in one transaction or, if many customers enter or leave, in several that
    each leave a correct state: after a crash or SIGTERM the next refresh does the rest, and two
    refreshes at once enrol nobody twice. A segment that fails does not stop the others: the exit
    code is 1, or 78 or 75 if every failure is of that kind.

    \b
    Examples:
        segmail refresh-segments --dry-run
        segmail refresh-segments --segment VIP --enrol-limit 20000
    """
    with recorded_job(app, JobName.REFRESH_SEGMENTS, dry_run=dry_run, metrics=metrics_file) as run:
        if held := app.held_because:
            log_held(app, JobName.REFRESH_SEGMENTS, f"{held}; no segment was refreshed")
            return
        limit = app.settings.segments.enrol_limit if enrol_limit is None else enrol_limit
        chunk = app.settings.segments.chunk
        swept, done = _refresh(
            app,
            Choice(segments, all_=all_, every=every),
            RefreshOptions(
                enrol=not no_enrol,
                enrol_limit=limit,
                dry_run=dry_run,
                chunk=chunk,
                late_days=app.settings.segments.late_days,
                by_change=True,
                everybody_below=app.settings.segments.everybody_below,
                full=full,
            ),
        )
        run.outcomes |= _outcomes(swept, done)
        if as_json:
            print_json({"segments": done, "swept": swept})
        elif dry_run or sys.stdout.isatty():
            _print(done, swept, dry_run=dry_run)
        if fault := fault_of(done):
            raise fault


def _refresh(app: App, choice: Choice, options: RefreshOptions) -> tuple[Swept, list[Refreshed]]:
    with app.shop.read() as tx:
        check_rights(tx, REFRESHING)  # a dry run writes, too, and rolls back
    swept = sweep_up(app.shop, now=app.now().replace(microsecond=0), dry_run=options.dry_run)
    stop, scope = threading.Event(), KeptScope()
    with stopped_by(stop.set, signal.SIGTERM):
        done = refresh(
            app.shop,
            choice,
            options,
            clock=app.clock,
            matching=matching_by_conditions(scope),
            scope=scope,
            is_stopping=stop.is_set,
        )
    return swept, done


def _outcomes(swept: Swept, done: Sequence[Refreshed]) -> dict[str, int]:
    return {
        "entered": sum(one.entered for one in done),
        "left": sum(one.left for one in done),
        "enrolled": sum(one.enrolled for one in done),
        "stopped": sum(one.stopped + one.ordered for one in done) + swept.unsubscribed,
        "not refreshed": sum(one.exit_code != 0 for one in done),
    }


def _print(done: Sequence[Refreshed], swept: Swept, *, dry_run: bool) -> None:
    title = "Dry run: nothing was changed" if dry_run else "Segments"
    columns = ("Id", "Segment", "Members", "Enter", "Leave", "Enrolled", "Stopped", "What, or why")
    print_table(title, columns, [_row(one) for one in done])
    if swept.unsubscribed:
        click.echo(f"Scheduled steps of unsubscribed customers, skipped: {swept.unsubscribed:,}")
    if swept.orphans:
        click.echo(f"Rows of customers who do not exist any more, deleted: {swept.orphans:,}")


def _row(one: Refreshed) -> tuple[object, ...]:
    numbers = (one.members, one.entered, one.left, one.enrolled, one.stopped + one.ordered)
    told = one.reason or (f"not enrolled: {one.told_reasons()}" if one.not_enrolled else "")
    state = "" if one.reason is None else f"{one.state}: "
    return (one.segment_id, one.segment, *(f"{number:,}" for number in numbers), f"{state}{told}")
