"""`segmail segment enrol`."""

from __future__ import annotations

import sys

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.errors import InputError
from segmail.maho.schema.rights import REFRESHING, rights_told
from segmail.output import print_json
from segmail.segments.refresh import Enrolment, enrol_present


@click.command()
@click.argument("segment", metavar="SEGMENT")
@click.option("--dry-run", is_flag=True, help="Say who would be enrolled; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
@click.pass_obj
def enrol(app: App, /, *, segment: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Start the sequence of SEGMENT for its present members.

    A refresh enrols customers who enter. This is for members who entered before the automation, or
    a step, was switched on. Members who are not subscribed, who have had the sequence since they
    entered, or whom the segment's policies refuse are left out. Delays count from now.

    \b
    Examples:
        segmail segment enrol VIP --dry-run
        segmail segment enrol VIP --yes
    """
    with rights_told(app.shop.read, REFRESHING):  # a dry run makes temporary tables, too
        told = enrol_present(app.shop, segment, dry_run=True, now=app.now())
        if not dry_run and told.enrolled:
            if not yes:
                _confirm(told)
            told = enrol_present(
                app.shop, segment, dry_run=False, now=app.now(), chunk=app.settings.segments.chunk
            )
    if as_json:
        print_json(told)
        return
    click.echo(_told(told, dry_run=dry_run))


def _confirm(told: Enrolment) -> None:
    if not sys.stdin.isatty():
        raise InputError(f"{told.enrolled:,} members would be enrolled; confirm with --yes.")
    click.confirm(f"Enrol {told.enrolled:,} members of '{told.segment}'?", abort=True)


def _told(told: Enrolment, *, dry_run: bool) -> str:
    would = "would be enrolled" if dry_run else "enrolled"
    lines = [f"{told.enrolled:,} of {told.members:,} members of '{told.segment}' {would}."]
    lines += [f"Not enrolled: {n:,} {reason}." for reason, n in told.not_enrolled.items()]
    return "\n".join(lines)
