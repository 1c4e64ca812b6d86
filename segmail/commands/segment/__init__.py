"""`segmail segment`: the segments, their customers, and the switch of their automation."""

from __future__ import annotations

import click

from segmail.commands.segment.automation import automation
from segmail.commands.segment.enrol import enrol
from segmail.commands.segment.explain import explain
from segmail.commands.segment.files import apply, export
from segmail.commands.segment.import_ import import_
from segmail.commands.segment.list_show import list_, show
from segmail.commands.segment.match import match


@click.group()
def segment() -> None:
    """List and explain segments, and switch their automation on or off.

    A SEGMENT is named by its id or its exact name.
    """


for command in (list_, show, match, explain, apply, export, import_, enrol, automation):
    segment.add_command(command)
