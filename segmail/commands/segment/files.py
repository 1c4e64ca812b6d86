"""`segmail segment apply` and `export`: old names of `campaign apply` and `export`."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.campaigns.export import export_campaigns
from segmail.commands.campaign.apply import apply as apply_campaign
from segmail.commands.options import AS_JSON, DRY_RUN


@click.command()
@click.argument("file", metavar="FILE")
@DRY_RUN
@AS_JSON
@click.pass_context
def apply(ctx: click.Context, *, file: str, dry_run: bool, as_json: bool) -> None:
    """The same as `campaign apply`; this name will be removed in a later release.

    \b
    Example:
        segmail campaign apply segments.yaml --dry-run
    """
    ctx.invoke(
        apply_campaign, files=(file,), dry_run=dry_run, prune=False, yes=False, as_json=as_json
    )


@click.command()
@click.argument("segments", metavar="[SEGMENT]...", nargs=-1)
@click.pass_obj
def export(app: App, *, segments: tuple[str, ...]) -> None:
    """The same as `campaign export`; this name will be removed in a later release.

    \b
    Example:
        segmail campaign export --segment "VIP Customers" > vip.yaml
    """
    click.echo(export_campaigns(app.shop, segments, beside=False).text, nl=False)
