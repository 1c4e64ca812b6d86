"""`segmail history`: what became of each step."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, scope_options
from segmail.history.entries import HistoryEntry
from segmail.history.listing import tell_history
from segmail.history.query import STATUSES, HistoryFilter
from segmail.maho.progress import ProgressStatus
from segmail.maho.reasons import BY_OTHERS
from segmail.output import print_json, print_table

_COLUMNS = ("When", "Customer", "Step", "Outcome", "Why, or what", "Template", "Coupon", "Queue")


@click.command()
@scope_options
@click.option("--status", type=click.Choice(STATUSES), help="Only steps with this outcome.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    metavar="N",
    help="The newest N.",
)
@AS_JSON
@click.pass_obj
def history(
    app: App,
    /,
    *,
    customer: str | None,
    segment: str | None,
    step: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Show what became of each step, newest first.

    The time of a step is when it was sent or last tried; if it was never tried, when it was or is
    due. Without --customer, steps that are not due yet are left out; --status scheduled or skipped
    shows them, too.
    A step that was skipped without a reason was skipped by Maho, or before segmail 0.2.

    \b
    Examples:
        segmail history --customer ada@example.com
        segmail history --status interrupted --since 2026-03-10
    """
    lateness = timedelta(days=app.settings.delivery.stale_days)
    entries = tell_history(
        app.shop,
        customer=customer,
        segment=segment,
        step=step,
        chosen=HistoryFilter(**chosen),
        now=app.now(),
        lateness=lateness,
    )
    if as_json:
        print_json(entries)
    elif not entries:
        click.echo("Nothing has happened that is like that.")
    else:
        print_table("History (UTC)", _COLUMNS, map(_row, entries))


def _row(entry: HistoryEntry) -> tuple[object, ...]:
    return (
        _moment(entry.at) if entry.at else f"due {_moment(entry.due_at)}",
        f"{entry.customer_id} {entry.email or ''}".strip(),
        entry.step,
        entry.outcome,
        _told(entry),
        entry.template or entry.template_id,
        entry.coupon_code,
        entry.queue_id,
    )


def _told(entry: HistoryEntry) -> str:
    parts = {
        ProgressStatus.SENT: entry.subject or "",
        ProgressStatus.SCHEDULED: "",
        ProgressStatus.SKIPPED: entry.reason or BY_OTHERS,
        "under way": "by a run, or one that died: then it is settled when its lease ends",
    }
    told = parts.get(entry.outcome, entry.reason or "no reason is stored")
    if entry.tries > 1:
        told = f"{told} ({entry.tries} tries)"
    if entry.next_try_at:
        told = f"{told}; next try {_moment(entry.next_try_at)}"
    return told


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else "at no time"
