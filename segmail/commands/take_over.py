"""`segmail take-over`: switches Maho's own jobs off, or on again."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.maho.config.take_over import HandOver, hand_over, plan_hand_over
from segmail.maho.schema.rights import SETTINGS, rights_told
from segmail.output import print_json


@click.command("take-over")
@click.option("--undo", is_flag=True, help="Give the jobs back to Maho.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; change nothing.")
@AS_JSON
@click.pass_obj
def take_over(app: App, /, *, undo: bool, dry_run: bool, as_json: bool) -> None:
    """Switch Maho's own automation jobs off, so that segmail alone does them.

    Writes settings at default scope of the shop's configuration: Maho's flag is switched off, which
    stops its sending, its two cleanups and its report; segmail's own switch is switched on; from
    Maho 26.5 on, the schedules of the four jobs are switched off, too. Maho caches its
    configuration, so flush its cache afterwards.

    \b
    Examples:
        segmail take-over --dry-run
        segmail take-over --undo
    """
    shop = app.shop
    with shop.read() as tx:
        plan = plan_hand_over(tx, app.config, undo=undo)
    if plan.is_needed and not dry_run:
        with rights_told(shop.read, SETTINGS):
            shop.transact(lambda tx: hand_over(tx, plan))
    if as_json:
        print_json(
            {"changed": plan.is_needed and not dry_run, "set": plan.values, "removed": plan.removed}
        )
        return
    _tell(app, plan, undo=undo, dry_run=dry_run)


def _tell(app: App, plan: HandOver, *, undo: bool, dry_run: bool) -> None:
    owner = "Maho" if undo else "segmail"
    if not plan.is_needed:
        click.echo(f"The settings let {owner} do the jobs already; nothing was changed.")
        return
    would = "Would set" if dry_run else "Set"
    for path, value in plan.values.items():
        click.echo(f"{would} {path} to {value}.")
    for path in plan.removed:
        click.echo(f"{'Would remove' if dry_run else 'Removed'} {path}.")
    root = app.settings.maho_root or "the Maho root"
    click.echo(f"Then run `./maho cache:flush` in {root}: Maho reads its settings from its cache.")
