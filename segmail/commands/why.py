"""`segmail why`: why a customer did, did not or will receive a mail."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.delivery.job import Job
from segmail.history.why import Answer, explain
from segmail.output import print_json
from segmail.printable import printable


@click.command()
@click.argument("customer", metavar="CUSTOMER")
@click.option("--segment", metavar="S", help="Only the steps of this segment: an id or name.")
@click.option("--step", metavar="S", help="Only this step: an id or SEGMENT:TRIGGER:NUMBER.")
@AS_JSON
@click.pass_obj
def why(app: App, *, customer: str, segment: str | None, step: str | None, as_json: bool) -> None:
    """Say why a customer did, did not or will receive a step's mail.

    CUSTOMER is an id or e-mail address. Shows, for every step of the segments that the customer is
    in or was scheduled for, what happened and what a run would do now. Nothing is changed.

    \b
    Examples:
        segmail why ada@example.com
        segmail why 42 --step VIP:enter:2
    """
    job = Job(app.shop, app.config, app.settings, app.clock)
    answers = explain(job, customer, segment=segment, step=step)
    if as_json:
        print_json(answers)
    elif not answers:
        click.echo("There are no steps: that segment has none, or the customer is in no segment.")
    else:
        click.echo("\n\n".join(_told(answer) for answer in answers))


def _told(answer: Answer) -> str:
    lines = (f"{answer.step} (sequence {answer.sequence_id})", *answer.sentences)
    return "\n  ".join(map(printable, lines))
