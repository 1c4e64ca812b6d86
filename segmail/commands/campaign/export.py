"""`segmail campaign export`."""

from __future__ import annotations

from pathlib import Path

import click

from segmail.app import App
from segmail.campaigns.export import export_campaigns, save_export


@click.command()
@click.option("--segment", "segments", metavar="S", multiple=True, help="Only this; repeatable.")
@click.option("--dir", "folder", metavar="D", help="Write files there: texts of mails apart.")
@click.pass_obj
def export(app: App, *, segments: tuple[str, ...], folder: str | None) -> None:
    """Print campaigns as YAML that `campaign apply` reads, by default all of them.

    With --dir, D gets a campaigns.yaml, and the texts and styles of its mails as files of their
    own; what has the same names there is written over.

    \b
    Examples:
        segmail campaign export --segment VIP > vip.yaml
        segmail campaign export --dir campaigns
    """
    exported = export_campaigns(app.shop, segments, beside=folder is not None)
    if folder is None:
        click.echo(exported.text, nl=False)
        return
    click.echo("\n".join(str(path) for path in save_export(exported, Path(folder))))
