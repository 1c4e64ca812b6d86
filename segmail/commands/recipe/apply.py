"""`segmail recipe apply`."""

from __future__ import annotations

import sys

import click

from segmail.app import App
from segmail.campaigns.apply import Wish, plan_files
from segmail.campaigns.recipes.parameters import parse_given
from segmail.campaigns.recipes.recipe import load_recipe, read_recipe, settle_values
from segmail.commands.campaign.printing import apply_told, in_sum, told
from segmail.commands.options import AS_JSON, DRY_RUN
from segmail.output import print_json
from segmail.segments.stored.codes import load_websites


@click.command()
@click.argument("name")
@click.option("--set", "given", metavar="KEY=VALUE", multiple=True, help="Repeatable.")
@DRY_RUN
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
@click.pass_obj
def apply(
    app: App, *, name: str, given: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Create a recipe's templates, sales rules, segment and steps in the shop, switched on.

    Anything that already has the same name is changed to match the recipe. The next refresh enrols
    everybody who meets the conditions. `recipe show` lists the parameters.

    \b
    Examples:
        segmail recipe apply abandoned-cart --set discount=12 --dry-run
        segmail recipe apply new-region --set "countries=IT, CH" --yes
    """
    recipe = load_recipe(name)
    values = parse_given(given, recipe.parameters)
    with app.shop.read() as tx:
        names = load_websites(tx)
    websites = ", ".join(str(names.mention(id)) for id in sorted(names.codes))
    read = [read_recipe(recipe, settle_values(recipe, values, websites=websites))]
    wish = Wish(prune=False, now=app.now(), dry_run=dry_run)
    done = plan_files(app.shop, read, wish)
    if not as_json:
        click.echo("\n".join(line for one in done for line in told(one)))
    if not dry_run and any(one.is_written for one in done):
        if not yes and sys.stdin.isatty():
            click.confirm("Apply this?", abort=True, err=True)
        done = apply_told(app.shop, read, wish)
    if as_json:
        print_json(done)
    elif not dry_run:
        click.echo(in_sum(done))
        if recipe.feed:
            click.echo(recipe.feed)
