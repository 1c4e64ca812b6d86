"""`segmail segment`: the segments, and the switch of their automation."""

from __future__ import annotations

import dataclasses

import click

from segmail.app import App
from segmail.commands.sequence.options import AS_JSON, TRIGGER
from segmail.commands.sequence.printing import print_steps, print_warnings, rows, yes_no
from segmail.maho.steps import Trigger
from segmail.output import print_json, print_table
from segmail.segments.overview import SegmentSummary, list_segments, show_segment
from segmail.sequences.automation import Automation, switch_automation
from segmail.sequences.overview import list_steps


@click.group()
def segment() -> None:
    """List segments and switch their automation on or off.

    A SEGMENT is named by its id or its exact name.
    """


@segment.command("list")
@AS_JSON
@click.pass_obj
def list_(app: App, *, as_json: bool) -> None:
    """List the segments, their members and their automation.

    \b
    Example:
        segmail segment list
    """
    segments = list_segments(app.shop, now=app.now())
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


@segment.command()
@click.argument("segment", metavar="SEGMENT")
@AS_JSON
@click.pass_obj
def show(app: App, *, segment: str, as_json: bool) -> None:
    """Show a segment, its steps and what became of its mails.

    \b
    Example:
        segmail segment show "VIP Customers"
    """
    found = show_segment(app.shop, segment, now=app.now())
    steps = list_steps(app.shop, segment=segment)
    if as_json:
        print_json({**_fields(found), "sequence": steps})
        return
    _print_segment(found)
    print_steps(steps)


@segment.command()
@click.argument("segment", metavar="SEGMENT")
@click.argument("state", metavar="on|off", type=click.Choice(["on", "off"], case_sensitive=False))
@click.option("--trigger", type=TRIGGER, help="What starts the sequence.")
@AS_JSON
@click.pass_obj
def automation(app: App, *, segment: str, state: str, trigger: str | None, as_json: bool) -> None:
    """Switch the automation of SEGMENT on or off.

    On asks for an active step, and that all active steps can be sent: exits with 78 and every
    reason where they cannot. Off holds what is scheduled; nothing is lost.

    \b
    Examples:
        segmail segment automation VIP on
        segmail segment automation VIP off
    """
    done = switch_automation(
        app.shop,
        segment,
        active=state == "on",
        trigger=None if trigger is None else Trigger(trigger),
        now=app.now(),
    )
    if as_json:
        print_json(done)
        return
    click.echo(_told(done, app.settings.delivery.stale_days))
    print_warnings(done.warnings)


def _told(done: Automation, stale_days: int) -> str:
    state = "on" if done.active else "off"
    switched = f"is {state} now" if done.changed else f"was {state} already"
    trigger = f", with the trigger '{done.trigger}'" if done.trigger and done.active else ""
    lines = [f"The automation of '{done.segment}' {switched}{trigger}."]
    if done.due and done.active:
        lines.append(
            f"To go out with the next process-emails: {rows(done.due, 'due')}, except those held "
            f"back for more than {stale_days} days."
        )
    elif done.scheduled and not done.active:
        lines.append(f"Held: {rows(done.scheduled, 'scheduled')}, {done.due:,} of them due.")
    if done.other_trigger:
        lines.append(
            f"To be skipped, having another trigger: {rows(done.other_trigger, 'scheduled')}."
        )
    return "\n".join(lines)


def _print_segment(found: SegmentSummary) -> None:
    shown = {
        "Segment id": found.segment_id,
        "Active": yes_no(found.is_active),
        "Automation": "on" if found.automation else "off",
        "Trigger": found.trigger.value if found.trigger else "each step's own",
        **_overlap(found),
        "Members": f"{found.members:,}",
        "Refreshed": found.refreshed_at and f"{found.refreshed_at:%Y-%m-%d %H:%M} UTC",
        "Steps": f"{found.steps}, {found.active_steps} active",
        "Pending": f"{found.pending:,}, {found.held:,} held",
        "Sent": f"{found.sent:,}",
        "Failed": f"{found.failed:,}",
        "Skipped": f"{found.skipped:,}",
    }
    print_table(found.name, ("", ""), shown.items())


def _overlap(found: SegmentSummary) -> dict[str, str]:
    """The specification's layout has no such setting."""
    if found.allows_overlap is None:
        return {}
    return {"Overlapping sequences": yes_no(found.allows_overlap)}


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
