"""`segmail recipe show`."""

from __future__ import annotations

import click

from segmail.campaigns.recipes.recipe import export_recipe, load_recipe, settle_values
from segmail.commands.options import AS_JSON
from segmail.output import print_json


@click.command()
@click.argument("name")
@AS_JSON
def show(*, name: str, as_json: bool) -> None:
    """Show a recipe: what it does, its parameters, and its campaign file.

    \b
    Example:
        segmail recipe show abandoned-cart
    """
    recipe = load_recipe(name)
    file = export_recipe(recipe, settle_values(recipe, {}, examples=True))["campaign.yaml"]
    if as_json:
        print_json({"recipe": recipe, "campaign": file})
        return
    click.echo(f"{recipe.title}: {recipe.summary}")
    if recipe.feed:
        click.echo(recipe.feed)
    click.echo("\nParameters (--set KEY=VALUE):")
    for one in recipe.parameters:
        known = f" [{one.default}]" if one.default else ""
        needed = f" Needed, such as {one.example}." if one.default is None else ""
        click.echo(f"  {one.name:14} {one.help}{known}.{needed}")
    click.echo(f"\n{file}", nl=False)
