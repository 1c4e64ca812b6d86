"""`segmail cleanup-coupons`: SPEC's job 3."""

from __future__ import annotations

from pathlib import Path

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, METRICS_FILE
from segmail.commands.recorded_job import recorded_job
from segmail.commands.words import print_deleted
from segmail.janitor import count_expired_coupons, coupon_cleanup_days, delete_expired_coupons
from segmail.janitor.thresholds import MOST_DAYS
from segmail.jobs.record import JobName
from segmail.log import logger
from segmail.maho.schema.rights import CLEANING_COUPONS, check_rights
from segmail.output import progress_bar

_WHAT = "expired automation coupons"


@click.command("cleanup-coupons")
@click.option(
    "--days",
    type=click.IntRange(0, MOST_DAYS),
    help=(
        "Keep coupons for this many days after they expire, instead of the shop's setting (30 if "
        "unset)."
    ),
)
@click.option("--dry-run", is_flag=True, help="Say how many would be deleted; change nothing.")
@METRICS_FILE
@AS_JSON
@click.pass_obj
def cleanup_coupons(
    app: App, *, days: int | None, dry_run: bool, as_json: bool, metrics_file: Path | None
) -> None:
    """Delete expired, unused automation coupons.

    Deletes only coupons that the automation made: of a rule that a step uses, with a code in the
    automation's format. The shop's setting is
    customer_segmentation/email_automation/coupon_cleanup_days.

    \b
    Example:
        segmail cleanup-coupons --days 60 --dry-run
    """
    with recorded_job(app, JobName.CLEANUP_COUPONS, dry_run=dry_run, metrics=metrics_file) as run:
        if held := app.held_because:
            logger.info("%s; no coupon was deleted", held)
            print_deleted(None, _WHAT, days=days, dry_run=dry_run, as_json=as_json)
            return
        days = coupon_cleanup_days(app.config) if days is None else days
        if dry_run:
            count = count_expired_coupons(app.shop, days=days, now=app.now())
        else:
            with app.shop.read() as tx:
                check_rights(tx, CLEANING_COUPONS)
            with progress_bar("Deleting", None) as advance:
                count = delete_expired_coupons(app.shop, days=days, now=app.now(), advance=advance)
            run.outcomes["deleted"] = count
        print_deleted(count, _WHAT, days=days, dry_run=dry_run, as_json=as_json)
