"""`segmail retry`: schedules failed steps again, when a person asks for it."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, scope_options
from segmail.commands.parameter_types import any_time
from segmail.commands.words import print_warnings
from segmail.errors import InputError
from segmail.history.failures import Failure
from segmail.history.retry import Found, RetryRequest, find_failures, schedule_again
from segmail.maho.schema.rights import RETRYING, check_rights
from segmail.output import print_json, print_table, progress_bar

_SHOWN = 100  # rows in the list for people; JSON has all


@click.command()
@scope_options
@click.option(
    "--reason", metavar="TEXT", help="Only steps whose reason contains this: interrupted, 550."
)
@click.option(
    "--progress",
    "progress_ids",
    type=click.IntRange(1, 4_294_967_295),
    multiple=True,
    metavar="ID",
    help="This progress row; repeat it for several.",
)
@click.option(
    "--limit",
    type=click.IntRange(0, 4_294_967_295),
    default=10_000,
    show_default=True,
    metavar="N",
    help="At most N steps at a time; 0: all.",
)
@click.option("--all-failed", is_flag=True, help="Every failed step there is.")
@click.option(
    "--at",
    callback=any_time,
    metavar="TIME",
    help="Make them due then instead of now: '2 hours'.",
)
@click.option("--dry-run", is_flag=True, help="List what would be scheduled; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
@click.pass_obj
def retry(
    app: App,
    /,
    *,
    all_failed: bool,
    at: datetime | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Schedule failed steps again.

    The next process-emails sends them as a new attempt, with all its tries, unless there is a
    reason not to: a customer who has unsubscribed is skipped. Steps that were sent, were skipped or
    are scheduled are never touched. Steps that failed as "interrupted" may have arrived: their
    customers may receive the mail twice.

    \b
    Examples:
        segmail retry --step VIP:enter:2 --reason "Sales rule" --dry-run
        segmail retry --reason interrupted --since 2026-03-10 --customer ada@example.com
    """
    now = app.now().replace(microsecond=0)
    if at is not None and at < now:
        raise InputError(f"--at {at:%Y-%m-%d %H:%M} UTC is in the past.")
    lateness = app.settings.delivery.lateness
    asked = RetryRequest(everything=all_failed, lateness=lateness, **chosen)
    found = find_failures(app.shop, asked)
    print_warnings(found.refused)
    if not found.failures or dry_run:
        _show(found, as_json=as_json)
        return
    with app.shop.read() as tx:
        check_rights(tx, RETRYING)
    _confirm(found, yes=yes, listed=not as_json)
    with progress_bar("Scheduling", len(found.failures)) as advance:
        count = schedule_again(app.shop, found.failures, due_at=at or now, now=now, advance=advance)
    _tell(found, count, at or now, as_json=as_json)


def _show(found: Found, *, as_json: bool) -> None:
    """Print what would be scheduled."""
    if as_json:
        print_json({**_fields(found), "scheduled": 0, "due_at": None})
    elif not found.failures:
        click.echo("No failed step is like that; there is nothing to schedule again.")
    else:
        _list(found)
        click.echo(f"Would schedule {_steps(len(found.failures))} again.{_warning(found)}")
        _tell_of_more(found)


def _confirm(found: Found, *, yes: bool, listed: bool) -> None:
    if yes:
        if found.may_have_arrived:
            print_warnings([_warning(found).strip()])
        return
    question = f"Schedule {_steps(len(found.failures))} again?{_warning(found)}"
    if not sys.stdin.isatty():
        raise InputError(
            f"{question} Nothing was changed: without a terminal to ask on, give --yes "
            "(or --dry-run for the list)."
        )
    if listed:
        _list(found)
    click.confirm(question, abort=True, err=True)


def _tell(found: Found, count: int, due_at: datetime, *, as_json: bool) -> None:
    if as_json:
        print_json({**_fields(found), "scheduled": count, "due_at": due_at})
        return
    click.echo(f"Scheduled {_steps(count)} again, due at {due_at:%Y-%m-%d %H:%M} UTC.")
    if others := len(found.failures) - count:
        click.echo(f"{others:,} were left alone: somebody else scheduled them meanwhile.")
    _tell_of_more(found)


def _tell_of_more(found: Found) -> None:
    if found.more:
        click.echo("There are more like that: repeat the command, or give --limit 0 for all.")


def _list(found: Found) -> None:
    columns = ("Progress", "Customer", "E-mail", "Step", "Failed", "Reason", "Note")
    print_table("Failed steps", columns, map(_row, found.failures[:_SHOWN]))
    if (more := len(found.failures) - _SHOWN) > 0:
        click.echo(f"… and {more:,} more; --json lists them all.")


def _row(failure: Failure) -> tuple[object, ...]:
    return (
        failure.progress_id,
        failure.customer_id,
        failure.email,
        failure.step,
        failure.failed_at and f"{failure.failed_at:%Y-%m-%d %H:%M}",
        failure.reason or "none is stored",
        "; ".join(failure.notes),
    )


def _steps(count: int) -> str:
    return "1 failed step" if count == 1 else f"{count:,} failed steps"


def _warning(found: Found) -> str:
    if not found.may_have_arrived:
        return ""
    return (
        f" {found.may_have_arrived:,} of these mails may have arrived: who received one will "
        "receive it twice."
    )


def _fields(found: Found) -> dict[str, object]:
    return {
        "found": len(found.failures),
        "may_have_arrived": found.may_have_arrived,
        "failures": found.failures,
        "refused": found.refused,
        "more": found.more,
    }
