"""`segmail template render`: prints what a template renders to."""

from __future__ import annotations

from typing import BinaryIO

import click

from segmail.app import App
from segmail.authoring.render import Opened, render_letter
from segmail.authoring.render_for import Asked
from segmail.authoring.values import MAX_BYTES, read_values
from segmail.commands.words import print_warnings
from segmail.errors import InputError
from segmail.terminal import write_exactly


@click.command()
@click.argument("template", metavar="FILE|TEMPLATE")
@click.option("--customer", metavar="CUSTOMER", help="For this customer: an id or an address.")
@click.option(
    "--step",
    metavar="STEP",
    help="With the variables of this step; its coupon is a sample, none is made.",
)
@click.option("--store", metavar="STORE", help="In this store: an id or a code.")
@click.option(
    "--vars",
    "values",
    type=click.File("rb"),
    metavar="FILE.json",
    help="With these variables, which override the shop's; - is stdin.",
)
@click.option("--subject", is_flag=True, help="Render the subject; a FILE is taken as one.")
@click.pass_obj
def render(
    app: App,
    *,
    template: str,
    customer: str | None,
    step: str | None,
    store: str | None,
    values: BinaryIO | None,
    subject: bool,
) -> None:
    """Print FILE or TEMPLATE as it would be sent.

    Without --customer or --step, their variables are empty; the store is the shop's default one. A
    FILE (- is stdin; .txt is a plain-text mail) needs no shop as long as it asks for nothing of
    one, such as {{store url}}. Objects in the JSON behave like Maho's: a.b, a.getB() and
    a.getData('b').

    \b
    Examples:
        segmail template render Welcome --customer ada@example.com > welcome.html
        segmail template render 3 --customer 42 --step VIP:enter:2 --subject
        segmail template render new.html --vars sample.json
    """
    known = {}
    if values is not None:
        name = getattr(values, "name", "<stdin>")
        try:
            data = values.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}.") from error
        known = read_values(data, name)
    asked = Asked(customer, step, store)
    done = render_letter(
        template,
        known,
        asked,
        lambda: _opened(app),
        subject=subject,
        autoescape=app.settings.templates.autoescape,
        now=app.now(),
    )
    print_warnings(done.warnings)
    write_exactly(done.text + ("\n" if subject else ""))


def _opened(app: App) -> Opened | None:
    if app.settings.database_url is None:
        return None
    return Opened(app.shop, app.config, app.settings)
