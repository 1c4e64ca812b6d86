"""The options that describe a step, the same for `add` and `edit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from segmail.commands.options import TRIGGER
from segmail.maho.steps import Trigger
from segmail.sequences.numbers import MAX_NUMBER
from segmail.sequences.wanted_step import StepOptions

F = TypeVar("F", bound=Callable[..., Any])

_MAX_SENDS = 2_147_483_647  # the most that the column of both layouts can hold

_OPTIONS = (
    click.option(
        "--trigger", type=TRIGGER, help="Send after customers enter, or exit, the segment."
    ),
    click.option(
        "--step",
        "step_number",
        type=click.IntRange(1, MAX_NUMBER),
        metavar="N",
        help="The step's number in its sequence.",
    ),
    click.option(
        "--delay",
        metavar="DELAY",
        help="Time from entering or leaving until the mail: 90 (minutes), 30m, 1h, '3 days'.",
    ),
    click.option(
        "--max-sends",
        type=click.IntRange(0, _MAX_SENDS),
        metavar="N",
        help="How often a customer may receive this step; 0: without limit.",
    ),
    click.option(
        "--repeat",
        metavar="REPEAT",
        help="Send it again for as long as a customer stays: 'every month, at most 12', "
        "'every 2 weeks', or none. Its 'at most' replaces --max-sends.",
    ),
    click.option(
        "--expiry",
        metavar="TIME",
        help=(
            "Skip it if sending rules or an outage make it later than this: '3 days', none, or "
            "default (the campaign's or the shop's)."
        ),
    ),
    click.option(
        "--coupon", metavar="RULE", help="Make a coupon of this sales rule for each customer."
    ),
    click.option("--prefix", metavar="TEXT", help="The text with which coupon codes begin."),
    click.option(
        "--expires-days",
        type=click.IntRange(1, 36_500),
        metavar="N",
        help="How many days the coupons are valid.",
    ),
)


def step_options(command: F) -> F:
    """Give a command the options of a step."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def as_step_options(trigger: str | None, **given: Any) -> StepOptions:
    """Return what Click parsed, by the names of a step's options."""
    return StepOptions(trigger=None if trigger is None else Trigger(trigger), **given)
