"""`segmail preview`: shows a mail before anybody gets it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from segmail.app import App
from segmail.authoring.preview import Preview, Previewer
from segmail.authoring.preview_page import page
from segmail.commands.options import AS_JSON
from segmail.commands.write_file import write_file
from segmail.errors import InputError
from segmail.output import print_json
from segmail.printable import printable


@click.command()
@click.argument("step", metavar="STEP")
@click.option(
    "--customer",
    metavar="CUSTOMER",
    help="For whom: an id or an address. Default: the most telling one.",
)
@click.option(
    "--customers",
    "number",
    type=click.IntRange(1, 100),
    metavar="N",
    help="For N varied customers: longest name, no first name, another store, no cart.",
)
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page for the browser to this file, which only you may read.",
)
@click.option(
    "--send-to",
    "address",
    metavar="ADDRESS",
    help="Send it to this address as a real mail, marked [Test].",
)
@AS_JSON
@click.pass_obj
def preview(
    app: App,
    *,
    step: str,
    customer: str | None,
    number: int | None,
    file: Path | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Show the mail of one step as its customers would get it.

    STEP is a sequence id or SEGMENT:TRIGGER:NUMBER. Nothing is written to the shop: a coupon's code
    is a sample that ends in X. Prints the inbox line, headers, text, links and size; --html writes
    a page that shows the mail on a phone and a desktop, in dark mode and without images. --send-to
    sends it over the shop's own transport; its unsubscribe link does nothing. Exits with 1 if the
    step could not be sent.

    \b
    Examples:
        segmail preview VIP:enter:1
        segmail preview 12 --customer 42 --html preview.html
        segmail preview 12 --customers 20 --html preview.html
        segmail preview 12 --send-to me@example.com
    """
    if customer is not None and number is not None:
        raise InputError("Give --customer or --customers, not both.")
    previewer = Previewer(app.shop, app.config, app.settings, step, now=app.now())
    if number is not None:
        mails = [previewer.show_or_tell(it.customer_id, it.why) for it in previewer.telling(number)]
    elif customer is not None:
        mails = [previewer.show(previewer.customer(customer))]
    else:
        [first] = previewer.telling(1)
        mails = [previewer.show(first.customer_id, first.why)]
    if file is not None:
        write_file(file, page(mails), option="--html", mode=0o600)
    if address is not None:
        _send(app, previewer, mails[0].customer_id, address)
    if as_json:
        print_json(_as_json(mails[0]) if number is None else [_as_json(mail) for mail in mails])
    elif number is None:
        _print(mails[0])
    else:
        _list(mails)


def _send(app: App, previewer: Previewer, customer_id: int, address: str) -> None:
    from segmail.authoring.send_test import send_test  # only this module knows mail servers
    from segmail.transport.bounce_address import bounce_address
    from segmail.transport.settings import mail_settings

    transport = mail_settings(app.settings, app.config, app.shop.crypt_key)
    bounces_to = bounce_address(transport, app.config)
    sent = send_test(previewer, customer_id, address, transport, bounces_to=bounces_to)
    click.echo(printable(f"Sent a test to {sent.address}: {sent.reply}"), err=True)


def _as_json(mail: Preview) -> dict[str, object]:
    shown = {name: value for name, value in vars(mail).items() if name != "findings"}
    return {**shown, "obstacles": [str(finding) for finding in mail.findings]}


def _print(mail: Preview) -> None:
    for finding in mail.findings:
        click.echo(f"It would not be sent now: {finding}.", err=True)
    if mail.why:
        click.echo(f"Customer {mail.customer_id}: {mail.why}.", err=True)
    click.echo("\n".join(printable(f"{name}: {value}") for name, value in mail.headers))
    click.echo(f"\n{printable(mail.text.rstrip())}\n")
    if mail.html is not None:
        click.echo("".join(f"{printable(link)}\n" for link in mail.links))
    parts = "the HTML is for --html FILE" if mail.html is not None else "plain text only"
    click.echo(f"({mail.size:,} bytes; {parts})")


def _list(mails: Sequence[Preview]) -> None:
    """Print the inbox line of each customer's mail."""
    for mail in mails:
        who = f"{mail.customer_id}" + (f" ({mail.why})" if mail.why else "")
        told = "; ".join(f"not sent: {finding}" for finding in mail.findings)
        line = f"{mail.sender}  {mail.subject} – {mail.preheader}" if mail.subject else ""
        click.echo(printable(f"{who}: {'  '.join(part for part in (line, told) if part)}"))
