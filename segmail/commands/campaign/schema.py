"""`segmail campaign schema`."""

from __future__ import annotations

import click

from segmail.campaigns.json_schema import json_schema
from segmail.commands.options import AS_JSON
from segmail.output import print_json


@click.command()
@AS_JSON
def schema(*, as_json: bool) -> None:
    """Print the JSON Schema of campaign files, for editors; no shop is needed.

    \b
    Example:
        segmail campaign schema > campaigns.schema.json
    """
    print_json(json_schema())
