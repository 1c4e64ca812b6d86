"""`segmail campaign export`."""

from __future__ import annotations

from pathlib import Path

import click

from segmail.app import App
from segmail.campaigns.export import FILE, export_campaigns, save_export
from segmail.commands.options import AS_JSON
from segmail.output import print_json


@click.command()
@click.option("--segment", "segments", metavar="S", multiple=True, help="Only this; repeatable.")
@click.option(
    "--dir",
    "folder",
    metavar="D",
    help="Write the files to this folder, texts of mails in files of their own.",
)
@AS_JSON
@click.pass_obj
def export(app: App, *, segments: tuple[str, ...], folder: str | None, as_json: bool) -> None:
    """Print campaigns as YAML that `campaign apply` reads, by default all of them.

    With --dir, the folder gets a campaigns.yaml, and the texts and styles of mails as files of
    their own; files with the same names are overwritten. JSON is an object of texts by path.

    \b
    Examples:
        segmail campaign export --segment VIP > vip.yaml
        segmail campaign export --dir campaigns
    """
    exported = export_campaigns(app.shop, segments, beside=folder is not None)
    if folder is not None:
        paths = save_export(exported, Path(folder))
    if as_json:
        print_json({FILE: exported.text, **exported.beside})
    elif folder is None:
        click.echo(exported.text, nl=False)
    else:
        click.echo("\n".join(str(path) for path in paths))
