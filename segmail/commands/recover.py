"""`segmail recover`: settles as sent what this host sent and a restored database forgot."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.commands.words import rows
from segmail.delivery.job import Job
from segmail.delivery.recover_restored import find_forgotten, settle_found
from segmail.errors import InputError
from segmail.maho.schema.rights import RECOVERING, check_rights
from segmail.output import print_json, print_table, progress_bar

_SHOWN = 100  # rows in the list for people; JSON has all


@click.command()
@click.option("--dry-run", is_flag=True, help="List what would be settled; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
@click.pass_obj
def recover(app: App, /, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Settle as sent what this host sent and a restored database forgot.

    After a backup was restored, rows wait although their mails were accepted since the backup. The
    journal of this host (the last 30 days) knows them. Run it on each host that sends.
    process-emails refuses to send (78) until this is done.

    \b
    Example:
        segmail recover --dry-run
    """
    job = Job(app.shop, app.config, app.settings, app.clock)
    found = find_forgotten(job)
    if dry_run:
        _show(found, settled=0, as_json=as_json)
        return
    if found:
        with app.shop.read() as tx:
            check_rights(tx, RECOVERING)
    _confirm(found, yes=yes, listed=not as_json)
    with progress_bar("Settling", len(found)) as advance:
        count = settle_found(job, found, advance=advance)
    _show(found, settled=count, as_json=as_json)
    if not as_json:
        click.echo(f"Settled {rows(count, 'waiting')} as sent; process-emails sends again.")


def _confirm(found: Mapping[int, datetime], *, yes: bool, listed: bool) -> None:
    if yes or not found:
        return
    question = f"Settle {rows(len(found), 'waiting')} as sent?"
    if not sys.stdin.isatty():
        raise InputError(
            f"{question} Nothing was changed: without a terminal to ask on, give --yes "
            "(or --dry-run for the list)."
        )
    if listed:
        _show(found, settled=0, as_json=False)
    click.confirm(question, abort=True, err=True)


def _show(found: Mapping[int, datetime], *, settled: int, as_json: bool) -> None:
    if as_json:
        listed = [{"progress_id": id_, "accepted_at": at} for id_, at in found.items()]
        print_json({"found": len(found), "settled": settled, "rows": listed})
    elif not found:
        click.echo("No row waits whose mail this host's journal has as accepted.")
    else:
        shown = [(id_, f"{at:%Y-%m-%d %H:%M}") for id_, at in list(found.items())[:_SHOWN]]
        print_table("Accepted, and forgotten by the database", ("Progress", "Accepted"), shown)
        if (more := len(found) - _SHOWN) > 0:
            click.echo(f"… and {more:,} more; --json lists them all.")
