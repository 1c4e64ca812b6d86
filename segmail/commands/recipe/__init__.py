"""`segmail recipe`: campaigns that come with segmail."""

from __future__ import annotations

import click

from segmail.commands.recipe.apply import apply
from segmail.commands.recipe.export import export
from segmail.commands.recipe.list import list_
from segmail.commands.recipe.show import show


@click.group()
def recipe() -> None:
    """Start from campaigns that come with segmail: carts, welcome, win-back, birthdays, and more.

    docs/campaigns.md has a table of them.
    """


for command in (list_, show, apply, export):
    recipe.add_command(command)
