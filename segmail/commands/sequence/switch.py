"""`segmail sequence enable` and `disable`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from segmail.app import App
from segmail.commands.dry_run import shop_to_change
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.commands.sequence.printing import print_switched
from segmail.commands.words import print_dry_run
from segmail.output import print_json
from segmail.sequences.switch import disable_steps, enable_steps


@click.command()
@click.argument("steps", nargs=-1, required=True, metavar="STEP...")
@DRY_RUN
@AS_JSON
@click.pass_obj
def enable(app: App, *, steps: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Switch steps on.

    Each must be fit to be sent: otherwise exits with 78 and lists every reason. What was skipped
    while a step was off stays skipped.

    \b
    Example:
        segmail sequence enable VIP:enter:2 VIP:enter:3
    """
    with shop_to_change(app, dry_run=dry_run) as shop:
        switched = enable_steps(shop, steps, now=app.now())
    if as_json:
        print_json(switched)
    else:
        print_dry_run(dry_run)
        print_switched(switched, "on")


@click.command()
@click.argument("steps", nargs=-1, required=True, metavar="STEP...")
@DRY_RUN
@AS_JSON
@click.pass_obj
def disable(app: App, *, steps: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Switch steps off, and skip their scheduled mails.

    A mail that is on its way at this moment still arrives, and is recorded as sent.

    \b
    Example:
        segmail sequence disable VIP:enter:2
    """
    with shop_to_change(app, dry_run=dry_run) as shop:
        switched = disable_steps(shop, steps, now=app.now())
    if as_json:
        print_json(switched)
    else:
        print_dry_run(dry_run)
        print_switched(switched, "off")
