"""`segmail cleanup-progress`: SPEC's job 2."""

from __future__ import annotations

from pathlib import Path

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, METRICS_FILE
from segmail.commands.recorded_job import recorded_job
from segmail.commands.words import print_deleted
from segmail.janitor import count_old_progress, delete_old_progress, progress_cleanup_days
from segmail.janitor.thresholds import MOST_DAYS
from segmail.jobs.record import JobName
from segmail.log import logger
from segmail.maho.schema.rights import CLEANING_PROGRESS, check_rights
from segmail.output import progress_bar

_WHAT = "sequence progress records"


@click.command("cleanup-progress")
@click.option(
    "--days",
    type=click.IntRange(0, MOST_DAYS),
    help="Keep records for this many days, instead of the shop's setting (90 if unset).",
)
@click.option(
    "--all", "all_", is_flag=True, help="Delete also those that max_sends is counted from."
)
@click.option("--dry-run", is_flag=True, help="Say how many would be deleted; change nothing.")
@METRICS_FILE
@AS_JSON
@click.pass_obj
def cleanup_progress(
    app: App,
    *,
    days: int | None,
    all_: bool,
    dry_run: bool,
    as_json: bool,
    metrics_file: Path | None,
) -> None:
    """Delete old finished progress records.

    Finished records are those that were sent, were skipped or have failed. The shop's setting is
    customer_segmentation/email_automation/cleanup_days. Records that max_sends and the policy never
    are counted from stay: customers who had a sequence do not get it again after the cleanup.

    \b
    Example:
        segmail cleanup-progress --days 180 --dry-run
    """
    with recorded_job(app, JobName.CLEANUP_PROGRESS, dry_run=dry_run, metrics=metrics_file) as run:
        if held := app.held_because:
            logger.info("%s; no progress record was deleted", held)
            print_deleted(None, _WHAT, days=days, dry_run=dry_run, as_json=as_json)
            return
        days = progress_cleanup_days(app.config) if days is None else days
        if dry_run:
            count = count_old_progress(app.shop, days=days, now=app.now(), all_=all_)
        else:
            with app.shop.read() as tx:
                check_rights(tx, CLEANING_PROGRESS)
            with progress_bar("Deleting", None) as advance:
                count = delete_old_progress(
                    app.shop, days=days, now=app.now(), all_=all_, advance=advance
                )
            run.outcomes["deleted"] = count
        print_deleted(count, _WHAT, days=days, dry_run=dry_run, as_json=as_json)
