"""Runs the jobs on the demo shop, as cron would, and records what they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, func, select

from segmail.app import App
from segmail.clock import Clock
from segmail.delivery.job import Job, Options
from segmail.delivery.process import process_emails
from segmail.delivery.rows.outcome import Outcome
from segmail.delivery.summary import Summary
from segmail.demo.between_jobs import leave_meanwhile
from segmail.demo.folder import Stage
from segmail.demo.mails import WrittenMail, read_mails
from segmail.janitor import (
    coupon_cleanup_days,
    delete_expired_coupons,
    delete_old_progress,
    progress_cleanup_days,
)
from segmail.log import logger, set_up_logging
from segmail.report import Activity, choose_window, collect_activity, log_line
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import (
    Choice,
    Refreshed,
    RefreshOptions,
    Swept,
    refresh_segments,
    sweep_up,
)
from segmail.sequences.overview import StepSummary, list_steps
from segmail.settings import load_settings


@dataclass(frozen=True)
class Cleanup:
    """What a cleanup job deleted, and what it left alone."""

    days: int
    deleted: int
    left: int


@dataclass(frozen=True)
class Story:
    """What the jobs did to the shop, with the outcomes as the run reported them."""

    stage: Stage
    now: datetime
    swept: Swept
    refreshed: Sequence[Refreshed]
    left_meanwhile: bool
    outcomes: Sequence[Outcome]
    summary: Summary
    second_run: Summary
    progress: Cleanup
    coupons: Cleanup
    report: Activity
    steps: Sequence[StepSummary]
    mails: Sequence[WrittenMail]

    @property
    def not_due(self) -> int:
        """How many rows are not due yet."""
        return sum(step.waiting for step in self.steps) - self.summary.held

    @property
    def preview(self) -> WrittenMail | None:
        """The first mail with a coupon made in this run."""
        codes = [outcome.coupon_code for outcome in self.outcomes if outcome.coupon_code]
        return next((mail for mail in self.mails if any(code in mail.body for code in codes)), None)


def play(stage: Stage, *, now: datetime) -> Story:
    """Run the jobs on the shop at `now`, `process-emails` twice."""
    app = _open(stage, now)
    job = Job(app.shop, app.config, app.settings, app.clock)
    outcomes: list[Outcome] = []
    try:
        swept, refreshed = sweep_up(app.shop, now=app.now().replace(microsecond=0)), _refresh(app)
        left_meanwhile = leave_meanwhile(app.shop)
        summary = process_emails(job, Options(limit=0), on_outcomes=outcomes.extend)
        if summary.fault:
            raise summary.fault
        second_run = process_emails(job, Options(limit=0))
        story = Story(
            stage=stage,
            now=now,
            swept=swept,
            refreshed=refreshed,
            left_meanwhile=left_meanwhile,
            outcomes=outcomes,
            summary=summary,
            second_run=second_run,
            progress=_clean_progress(app),
            coupons=_clean_coupons(app),
            report=_report(app),
            steps=list_steps(app.shop),
            mails=read_mails(stage.mails),
        )
        if preview := story.preview:
            stage.preview.write_text(preview.body, "utf-8")
        return story
    finally:
        app.shop.database.close()


def _open(stage: Stage, now: datetime) -> App:
    """Open the demo's shop by its own segmail.toml; the caller's environment is ignored."""
    settings = load_settings({"config": str(stage.config)}, {})
    clock = Clock(now)
    set_up_logging(settings.log_file, verbosity=-1, clock=clock)
    return App(settings, clock)


def _refresh(app: App) -> list[Refreshed]:
    limit = app.settings.segments.enrol_limit
    return refresh_segments(
        app.shop,
        Choice(),
        RefreshOptions(enrol_limit=limit),
        clock=app.clock,
        matching=matching_by_conditions(),
    )


def _clean_progress(app: App) -> Cleanup:
    days = progress_cleanup_days(app.config)
    deleted = delete_old_progress(app.shop, days=days, now=app.now())
    return Cleanup(days, deleted, _count(app, app.shop.tables.progress))


def _clean_coupons(app: App) -> Cleanup:
    days = coupon_cleanup_days(app.config)
    deleted = delete_expired_coupons(app.shop, days=days, now=app.now())
    return Cleanup(days, deleted, _count(app, app.shop.tables.coupon))


def _count(app: App, table: Table) -> int:
    query = select(func.count()).select_from(table)
    with app.shop.database.read() as connection:
        return int(connection.scalar(query) or 0)


def _report(app: App) -> Activity:
    now = app.now()
    window = choose_window(now=now, hours=24, since=None, until=None)
    activity = collect_activity(app.shop, window, now=now)
    logger.info("%s", log_line(activity))
    return activity
