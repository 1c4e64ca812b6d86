"""`segmail recipe list`."""

from __future__ import annotations

import click

from segmail.campaigns.recipes.recipe import load_recipe, recipe_names
from segmail.commands.options import AS_JSON
from segmail.output import print_json, print_table


@click.command("list")
@AS_JSON
def list_(*, as_json: bool) -> None:
    """List all recipes, and what each does; no shop is needed.

    \b
    Example:
        segmail recipe list
    """
    recipes = [load_recipe(name) for name in recipe_names()]
    if as_json:
        print_json(recipes)
        return
    print_table("Recipes", ("Name", "What it does"), [(one.name, one.summary) for one in recipes])
