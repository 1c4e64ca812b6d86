"""`segmail recipe export`."""

from __future__ import annotations

from pathlib import Path

import click

from segmail.campaigns.recipes.recipe import export_recipe, load_recipe, settle_values
from segmail.commands.options import AS_JSON
from segmail.errors import InputError
from segmail.output import print_json


@click.command()
@click.argument("name")
@click.argument("folder", metavar="DIR")
@AS_JSON
def export(*, name: str, folder: str, as_json: bool) -> None:
    """Write a recipe's files into the folder DIR, as a start for a campaign of one's own.

    `campaign apply DIR` applies them. Existing files are never overwritten.

    \b
    Example:
        segmail recipe export welcome campaigns/welcome
    """
    recipe = load_recipe(name)
    files = export_recipe(recipe, settle_values(recipe, {}, examples=True))
    place = Path(folder)
    there = [one for one in files if (place / one).exists()]
    if there:
        raise InputError(f"'{place / there[0]}' is there already; choose another folder.")
    try:
        place.mkdir(parents=True, exist_ok=True)
        for one, text in files.items():
            (place / one).write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"'{place}' cannot be written: {error.strerror}.") from error
    paths = [str(place / one) for one in files]
    if as_json:
        print_json(paths)
    else:
        click.echo("\n".join(paths))
