"""`segmail campaign`: campaigns as files."""

from __future__ import annotations

import click

from segmail.commands.campaign.apply import apply
from segmail.commands.campaign.diff import diff
from segmail.commands.campaign.export import export
from segmail.commands.campaign.schema import schema
from segmail.commands.campaign.validate import validate


@click.group()
def campaign() -> None:
    """Keep campaigns as files: templates, sales rules, segments and their steps.

    See docs/campaigns.md for the format.
    """


for command in (apply, diff, export, validate, schema):
    campaign.add_command(command)
