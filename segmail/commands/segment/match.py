"""`segmail segment match`: which customers the conditions match now."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.commands.words import yes_no
from segmail.output import print_json, print_table
from segmail.segments.customer_match import CustomerMatch, match_customer, matching_ids


@click.command()
@click.argument("segment", metavar="SEGMENT")
@click.option(
    "--customer",
    metavar="CUSTOMER",
    help="Say why this customer matches or not: an id or an address.",
)
@AS_JSON
@click.pass_obj
def match(app: App, *, segment: str, customer: str | None, as_json: bool) -> None:
    """Print the ids of the customers whom SEGMENT's conditions match now.

    Nothing is written: `refresh-segments` makes them members. With --customer, shows what each
    condition says, and which conditions decide: with the opposite answer, the result would change.

    \b
    Examples:
        segmail segment match VIP --json
        segmail segment match VIP --customer ada@example.com
    """
    if customer is not None:
        found = match_customer(app.shop, segment, customer, now=app.now())
        _print(found, as_json=as_json)
        return
    ids = matching_ids(app.shop, segment, now=app.now())
    if as_json:
        print_json(ids)
    elif ids:
        click.echo("\n".join(map(str, ids)))


def _print(found: CustomerMatch, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    told = "matches" if found.matches else "does not match"
    member = "a member" if found.is_member else "no member"
    click.echo(f"Customer {found.customer_id} {told} '{found.segment}', and is {member} now.")
    for reason in found.outside:
        click.echo(f"Not to be matched by any condition: {reason}.")
    lines = [
        (one.path, one.condition, yes_no(one.matches), "decides" if one.decides else "")
        for one in found.conditions
    ]
    if lines:
        print_table("Conditions", ("", "Condition", "Matches", ""), lines)
