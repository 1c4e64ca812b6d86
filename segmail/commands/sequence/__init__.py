"""`segmail sequence`: the steps that a segment's customers receive."""

from __future__ import annotations

import click

from segmail.commands.sequence.add import add
from segmail.commands.sequence.edit import edit
from segmail.commands.sequence.list_show import list_, show, validate
from segmail.commands.sequence.needs import needs
from segmail.commands.sequence.remove import remove
from segmail.commands.sequence.switch import disable, enable


@click.group()
def sequence() -> None:
    """Set up the steps that a segment's customers receive.

    Segments, templates and sales rules are named by id or by exact name, steps by sequence id
    or as SEGMENT:TRIGGER:NUMBER, such as VIP:enter:2.
    """


for command in (add, list_, show, edit, needs, enable, disable, remove, validate):
    sequence.add_command(command)
