"""`segmail template list` and `show`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from segmail.app import App
from segmail.authoring.needs import LetterNeeds
from segmail.authoring.overview import (
    TemplateDetails,
    Use,
    list_templates,
    show_template,
    template_source,
)
from segmail.commands.options import AS_JSON
from segmail.commands.words import yes_no
from segmail.output import print_json, print_table
from segmail.terminal import write_exactly


@click.command("list")
@AS_JSON
@click.pass_obj
def list_(app: App, *, as_json: bool) -> None:
    """List the newsletter templates and the steps that send them.

    \b
    Example:
        segmail template list
    """
    templates = list_templates(app.shop)
    if as_json:
        print_json(templates)
        return
    columns = ("Id", "Template", "Subject", "Type", "Size", "Sent by")
    rows = [
        (one.template_id, one.code, one.subject, one.type, f"{one.size:,}", _uses(one.used_by))
        for one in templates
    ]
    print_table("Templates", columns, rows)


@click.command()
@click.argument("template", metavar="TEMPLATE")
@click.option("--source", is_flag=True, help="Print its text as it is stored, and nothing else.")
@AS_JSON
@click.pass_obj
def show(app: App, *, template: str, source: bool, as_json: bool) -> None:
    """Show a TEMPLATE: which steps send it, and what it needs.

    That is every variable, customers' attribute, setting, file, template and block that its subject
    and text name, or what they include.

    \b
    Examples:
        segmail template show Welcome
        segmail template show 3 --source > welcome.html
    """
    if source:
        write_exactly(template_source(app.shop, template))
        return
    found = show_template(app.shop, template)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: TemplateDetails) -> None:
    shown = {
        "Template id": found.template_id,
        "Current": yes_no(found.is_actual),
        "Type": found.type,
        "Subject": found.subject,
        "Sender": f"{found.sender_name} <{found.sender_email}>",
        "Size": f"{found.size:,} characters, {found.styles:,} of styles",
        "Modified": found.modified_at and f"{found.modified_at:%Y-%m-%d %H:%M} UTC",
        "Sent by": _uses(found.used_by) or "no step",
        **(_needs(found.needs) if found.needs else {"Cannot be used": found.fault}),
    }
    print_table(found.code, ("", ""), shown.items())


def _needs(needs: LetterNeeds) -> dict[str, str]:
    lists = {
        "Variables": needs.variables,
        "Customer's attributes": needs.attributes,
        "Of other objects": needs.others,
        "Includes": needs.includes,
        "E-mail templates": needs.emails,
        "Blocks": needs.blocks,
        "Settings": needs.settings,
        "Custom variables": needs.custom_variables,
        "Files": needs.files,
    }
    shown = {title: ", ".join(names) for title, names in lists.items() if names}
    more = {} if needs.is_complete else {"And": "what only a rendering can tell"}
    return {**shown, **more}


def _uses(uses: Sequence[Use]) -> str:
    return ", ".join(use.step if use.is_active else f"{use.step} (off)" for use in uses)
