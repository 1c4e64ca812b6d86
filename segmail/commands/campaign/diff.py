"""`segmail campaign diff`."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.campaigns.apply import Wish, plan_files
from segmail.campaigns.files import read_files
from segmail.commands.campaign.printing import told
from segmail.commands.options import AS_JSON
from segmail.output import print_json


@click.command()
@click.argument("files", metavar="FILE|DIR...", nargs=-1, required=True)
@AS_JSON
@click.pass_context
def diff(ctx: click.Context, *, files: tuple[str, ...], as_json: bool) -> None:
    """Show where the shop differs from campaign files: exits with 1 if it does, else with 0.

    Steps of the files' segments that the files do not list count as a difference too, unless they
    are switched off. Nothing is written.

    \b
    Example:
        segmail campaign diff campaigns/
    """
    app: App = ctx.obj
    plan = plan_files(app.shop, read_files(files), Wish(prune=False, now=app.now(), dry_run=True))
    drift = [one for one in plan if one.is_drift]
    if as_json:
        print_json(drift)
    elif drift:
        click.echo("\n".join(line for one in drift for line in told(one)))
    if drift:
        ctx.exit(1)
