"""`segmail segment list` and `show`: the segments as they are."""

from __future__ import annotations

import dataclasses

import click

from segmail.app import App
from segmail.commands.options import AS_JSON, TOTALS
from segmail.commands.sequence.printing import print_steps
from segmail.commands.words import yes_no
from segmail.maho.policies import KINDS
from segmail.output import print_json, print_table
from segmail.segments.overview import SegmentSummary, list_segments, show_segment
from segmail.sequences.overview import list_steps


@click.command("list")
@TOTALS
@AS_JSON
@click.pass_obj
def list_(app: App, *, totals: bool, as_json: bool) -> None:
    """List the segments, their members and their automation.

    JSON has the numbers of sent, failed and skipped steps, too; in a history of a million rows they
    are null.

    \b
    Example:
        segmail segment list
    """
    segments = list_segments(app.shop, now=app.now(), totals=totals)
    if as_json:
        print_json(segments)
        return
    columns = (
        "Id",
        "Name",
        "Active",
        "Automation",
        "Trigger",
        "Members",
        "Steps",
        "Pending",
        "Held",
    )
    print_table("Segments", columns, [_row(one) for one in segments])


@click.command()
@click.argument("segment", metavar="SEGMENT")
@TOTALS
@AS_JSON
@click.pass_obj
def show(app: App, *, segment: str, totals: bool, as_json: bool) -> None:
    """Show a segment, its steps and what became of its mails.

    \b
    Example:
        segmail segment show "VIP Customers"
    """
    found = show_segment(app.shop, segment, now=app.now(), totals=totals)
    steps = list_steps(app.shop, segment=segment, totals=totals)
    if as_json:
        print_json({**_fields(found), "sequence": steps})
        return
    _print_segment(found)
    print_steps(steps)


def _print_segment(found: SegmentSummary) -> None:
    shown = {
        "Segment id": found.segment_id,
        "Active": yes_no(found.is_active),
        "Automation": "on" if found.automation else "off",
        "Trigger": found.trigger.value if found.trigger else "each step's own",
        **_overlap(found),
        **_policy(found),
        "Members": f"{found.members:,}",
        "Refreshed": found.refreshed_at and f"{found.refreshed_at:%Y-%m-%d %H:%M} UTC",
        "Steps": f"{found.steps}, {found.active_steps} active",
        **_repeats(found),
        "Pending": f"{found.pending:,}, {found.held:,} held",
        "Sent": _count(found.sent),
        "Failed": _count(found.failed),
        "Skipped": _count(found.skipped),
    }
    print_table(found.name, ("", ""), shown.items())


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _overlap(found: SegmentSummary) -> dict[str, str]:
    """Return a dash in SPEC's layout, which has no such setting."""
    if found.allows_overlap is None:
        return {}
    return {"Overlapping sequences": yes_no(found.allows_overlap)}


def _repeats(found: SegmentSummary) -> dict[str, str]:
    told = [f"step {step} {often}" for step, often in found.repeats.items()]
    return {"Repeats": "; ".join(told)} if told else {}


def _policy(found: SegmentSummary) -> dict[str, str]:
    told = found.policy.told()
    refreshed_by = told.pop("refreshed_by")
    shown = {KINDS[name].key.capitalize(): value for name, value in told.items()}
    return {**shown, "Refreshed by": refreshed_by}


def _row(one: SegmentSummary) -> tuple[object, ...]:
    return (
        one.segment_id,
        one.name,
        yes_no(one.is_active),
        "on" if one.automation else "off",
        one.trigger.value if one.trigger else "",
        f"{one.members:,}",
        f"{one.active_steps} of {one.steps}",
        f"{one.pending:,}",
        f"{one.held:,}",
    )


def _fields(found: SegmentSummary) -> dict[str, object]:
    return {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
