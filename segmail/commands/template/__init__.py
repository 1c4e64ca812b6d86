"""`segmail template`: newsletter templates, shown, checked and rendered."""

from __future__ import annotations

import click

from segmail.commands.template.lint import lint
from segmail.commands.template.list_show import list_, show
from segmail.commands.template.render import render


@click.group()
def template() -> None:
    """Show, check and render newsletter templates.

    A TEMPLATE is named by its id or its exact name; a FILE holds the text of one. Nothing is sent
    or changed.
    """


for command in (list_, show, render, lint):
    template.add_command(command)
