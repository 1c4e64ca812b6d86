"""`segmail segment explain`: the conditions in words, and their effect."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.commands.words import print_warnings
from segmail.errors import ConditionError, Fault
from segmail.output import print_json, print_table
from segmail.segments.explain import ExplainedNode, Explanation, explain_segment


@click.command()
@click.argument("segment", metavar="SEGMENT")
@AS_JSON
@click.pass_obj
def explain(app: App, *, segment: str, as_json: bool) -> None:
    """Explain SEGMENT: its conditions in words, their SQL, and how many each matches alone.

    A condition that cannot be used is listed with the reason (exit code 78): such a segment is not
    refreshed, and keeps its members. Also shows where Maho's own answer differs, and whether a
    refresh evaluates all customers or only those with changes.

    \b
    Example:
        segmail segment explain VIP
    """
    found = explain_segment(app.shop, segment, now=app.now())
    if as_json:
        print_json(found)
    else:
        _print(found)
        print_warnings(found.warnings)
    if faults := [Fault(line.fault) for line in found.lines if line.fault]:
        raise ConditionError(faults)


def _print(found: Explanation) -> None:
    lines = [(line.path, "  " * line.depth + line.words, *_result(line)) for line in found.lines]
    print_table(found.segment, ("", "Condition", "Customers", ""), lines)
    if found.differs_from_maho:
        told = [(one.path, one.sentence) for one in found.differs_from_maho]
        print_table("Different from Maho", ("", "What differs"), told)
    if found.sql is None or found.customers is None:
        return
    click.echo(
        f"{found.customers:,} of {found.candidates:,} active customers of its websites and groups "
        f"match; {found.members:,} are members since the last refresh."
    )
    click.echo(f"It is refreshed {found.refreshed}.")
    click.echo(f"\n{found.sql};")


def _result(line: ExplainedNode) -> tuple[str, str]:
    count = "" if line.customers is None else f"{line.customers:,}"
    return count, line.fault or ""
