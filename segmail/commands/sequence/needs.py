"""`segmail sequence needs`."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.dry_run import shop_to_change
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.commands.words import print_dry_run
from segmail.maho.step_policies import StepNeeds
from segmail.output import print_json
from segmail.sequences.needs import set_step_needs


@click.command()
@click.argument("step")
@click.argument("what", type=click.Choice([one.value for one in StepNeeds]))
@DRY_RUN
@AS_JSON
@click.pass_obj
def needs(app: App, /, *, step: str, what: str, dry_run: bool, as_json: bool) -> None:
    """Skip a STEP if its mail would show no `products`, or let it need `nothing`.

    Products are those that the template's lists show, such as
    {{var products.getViewedHtml(4)}}. Customers for whom all of them are empty do not get the
    mail; `segmail why` says so.

    \b
    Examples:
        segmail sequence needs VIP:enter:2 products
        segmail sequence needs 7 nothing
    """
    with shop_to_change(app, dry_run=dry_run) as shop:
        done = set_step_needs(shop, step, StepNeeds(what))
    if as_json:
        print_json(done)
        return
    print_dry_run(dry_run)
    click.echo(f"{done.step} needs {done.needs}.")
