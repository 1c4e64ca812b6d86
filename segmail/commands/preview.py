"""`segmail preview`: a mail to look at before anybody gets it."""

from __future__ import annotations

from pathlib import Path

import click

from segmail.app import App
from segmail.authoring.preview import Preview, preview_step
from segmail.authoring.preview_page import page
from segmail.commands.options import AS_JSON
from segmail.commands.write_file import write_file
from segmail.output import print_json
from segmail.printable import printable


@click.command()
@click.argument("step", metavar="STEP")
@click.option(
    "--customer", metavar="CUSTOMER", required=True, help="For whom: an id or an address."
)
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page for the browser there.",
)
@AS_JSON
@click.pass_obj
def preview(app: App, *, step: str, customer: str, file: Path | None, as_json: bool) -> None:
    """Show the mail of one step for one customer, without sending it.

    STEP is a sequence id or SEGMENT:TRIGGER:NUMBER. Nothing is written to the shop: a coupon's
    code is a sample that ends in X. Prints headers and text; --html writes a page with the HTML.
    Exits with 1 where the step could not be sent.

    \b
    Examples:
        segmail preview VIP:enter:1 --customer ada@example.com
        segmail preview 12 --customer 42 --html preview.html
    """
    mail = preview_step(app.shop, app.config, app.settings, step, customer, now=app.now())
    if file is not None:
        write_file(file, page(mail), option="--html", mode=0o600)
    if as_json:
        print_json(_as_json(mail))
    else:
        _print(mail)


def _as_json(mail: Preview) -> dict[str, object]:
    shown = {name: value for name, value in vars(mail).items() if name != "findings"}
    return {**shown, "obstacles": [str(finding) for finding in mail.findings]}


def _print(mail: Preview) -> None:
    for finding in mail.findings:
        click.echo(f"It would not be sent now: {finding}.", err=True)
    click.echo("\n".join(printable(f"{name}: {value}") for name, value in mail.headers))
    click.echo(f"\n{printable(mail.text.rstrip())}\n")
    parts = "the HTML is for --html FILE" if mail.html is not None else "plain text only"
    click.echo(f"({mail.size:,} bytes; {parts})")
