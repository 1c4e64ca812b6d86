"""`segmail segment automation`: the switch and the policies of a segment."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.dry_run import shop_to_change
from segmail.commands.options import AS_JSON, DRY_RUN, TRIGGER
from segmail.commands.policy_type import PolicyType
from segmail.commands.words import print_dry_run, print_warnings, rows
from segmail.maho.policies import OnExit, RefreshedBy
from segmail.maho.steps import Trigger
from segmail.output import print_json
from segmail.segments.refresh import members_without_mail
from segmail.sequences.automation import Automation, switch_automation


@click.command()
@click.argument("segment", metavar="SEGMENT")
@click.argument("state", metavar="on|off", type=click.Choice(["on", "off"], case_sensitive=False))
@click.option("--trigger", type=TRIGGER, help="What starts the sequence.")
@click.option(
    "--on-exit",
    type=click.Choice(OnExit, case_sensitive=False),
    help="Stop the pending enter steps of customers who leave, or let them go on.",
)
@click.option(
    "--goal",
    type=PolicyType("goal"),
    help="What ends a customer's sequence early: an order, 'order over 100' (base currency), or "
    "'order with this coupon'; none: nothing does.",
)
@click.option(
    "--on-reentry",
    type=PolicyType("on_reentry"),
    help=(
        "For customers who come back: once (the sequence starts again until a step is used up), "
        "never, 'each entry' or 'each entry after 7 days' (a new run each time); restart is the "
        "former word for once."
    ),
)
@click.option(
    "--group",
    type=PolicyType("group"),
    help="A customer is in one campaign of a group at a time; none: in no group.",
)
@click.option(
    "--priority",
    type=PolicyType("priority"),
    help="Within the group: a campaign with a higher priority ends the others for the customer.",
)
@click.option(
    "--holdout",
    type=PolicyType("holdout"),
    help="The share of entrants who get no mail, for comparison: '10 %', or none.",
)
@click.option(
    "--cap",
    type=PolicyType("cap"),
    help=(
        "At most this many automation mails to a customer: '2 per day, 4 per week'; none; "
        "default: segmail.toml's. The same for the next options."
    ),
)
@click.option(
    "--send-window",
    "window",
    type=PolicyType("window"),
    help="Send in these hours only, by the store's clock: 9:00-20:00.",
)
@click.option(
    "--quiet-hours",
    type=PolicyType("quiet_hours"),
    help="Send nothing in these hours: 22:00-7:00.",
)
@click.option("--weekdays", type=PolicyType("weekdays"), help="Send on these days only: mon-fri.")
@click.option(
    "--gap", type=PolicyType("gap"), help="Minimum time between two mails to a customer: '4 hours'."
)
@click.option(
    "--expiry",
    type=PolicyType("expiry"),
    help="Skip steps that would be sent later than this: '3 days'.",
)
@click.option(
    "--refresh",
    "refreshed_by",
    type=click.Choice(RefreshedBy, case_sensitive=False),
    help="Who refreshes the segment: segmail makes it manual for Maho.",
)
@DRY_RUN
@AS_JSON
@click.pass_obj
def automation(
    app: App,
    /,
    *,
    segment: str,
    state: str,
    trigger: str | None,
    dry_run: bool,
    as_json: bool,
    **policies: object,
) -> None:
    """Switch the automation of SEGMENT on or off, and set its policies.

    On requires an active step, and that all active steps can be sent: otherwise exits with 78 and
    lists every reason. Off holds what is scheduled; nothing is lost. A policy that is not given
    stays as it is.

    \b
    Examples:
        segmail segment automation VIP on
        segmail segment automation "Abandoned baskets" on --goal order --on-exit stop
        segmail segment automation VIP off
    """
    with shop_to_change(app, dry_run=dry_run) as shop:
        done = switch_automation(
            shop,
            segment,
            active=state == "on",
            trigger=None if trigger is None else Trigger(trigger),
            policies={name: value for name, value in policies.items() if value is not None},
            now=app.now(),
        )
    without = members_without_mail(app.shop, done.segment_id, now=app.now()) if done.active else 0
    if as_json:
        print_json({**vars(done), "members_without_mail": without})
        return
    print_dry_run(dry_run)
    click.echo(_told(done, app.settings.delivery.stale_days, without))
    print_warnings(done.warnings)


def _told(done: Automation, stale_days: int, without: int) -> str:
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
        lines.append(f"Skipped, having another trigger: {rows(done.other_trigger, 'scheduled')}.")
    if without:
        are = "member was" if without == 1 else "members were"
        lines.append(
            f"{without:,} present {are} never enrolled and get nothing; to enrol them: "
            f"segmail segment enrol {done.segment_id}"
        )
    if done.policy_changed:
        lines.append(f"Its policies are now: {done.policy}.")
    return "\n".join(lines)
