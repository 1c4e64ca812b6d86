"""`segmail sequence edit`."""

from __future__ import annotations

from typing import Any

import click

from segmail.app import App
from segmail.commands.dry_run import shop_to_change
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.commands.sequence.options import as_step_options, step_options
from segmail.commands.sequence.printing import print_changes
from segmail.commands.words import print_dry_run, print_warnings
from segmail.output import print_json
from segmail.sequences.edit import edit_step


@click.command()
@click.argument("step")
@click.option("--template", metavar="TEMPLATE", help="The newsletter template.")
@step_options
@click.option("--no-coupon", is_flag=True, help="Stop making coupons.")
@click.option("--active/--inactive", default=None, help="Switch it on or off.")
@DRY_RUN
@AS_JSON
@click.pass_obj
def edit(app: App, /, *, step: str, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Change a STEP; what is not given stays as it is.

    Mails that are already scheduled keep their time when the delay changes, and are skipped when
    the step is switched off. All other changes apply from the next mail on.

    \b
    Examples:
        segmail sequence edit VIP:enter:2 --delay "3 days"
        segmail sequence edit 7 --coupon "20% off" --prefix BDAY
    """
    with shop_to_change(app, dry_run=dry_run) as shop:
        edited = edit_step(shop, step, as_step_options(**given), now=app.now())
    if as_json:
        print_json(edited)
        return
    print_dry_run(dry_run)
    print_changes(edited)
    print_warnings(edited.warnings)
