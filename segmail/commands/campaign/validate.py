"""`segmail campaign validate`."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.campaigns.files import read_files
from segmail.campaigns.validate import validate_files
from segmail.commands.options import AS_JSON
from segmail.commands.words import print_warnings
from segmail.output import print_json


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, required=True)
@AS_JSON
@click.pass_obj
def validate(app: App, *, files: tuple[str, ...], as_json: bool) -> None:
    """Check campaign files without a database: exits with 78 and lists every fault with its line.

    Only the shop knows its websites, its customer groups and what the files refer to but do not
    describe: `campaign apply --dry-run` checks those too.

    \b
    Example:
        segmail campaign validate campaigns/
    """
    read = read_files(files)
    odd = validate_files(read, now=app.now())
    if as_json:
        print_json({"files": [one.campaign.name for one in read], "warnings": odd})
        return
    print_warnings(odd)
    count = len(read)
    click.echo(f"No faults found in {count:,} {'file' if count == 1 else 'files'}.")
