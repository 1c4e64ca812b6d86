"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from segmail.commands.parameter_types import any_time
from segmail.maho.steps import Trigger

F = TypeVar("F", bound=Callable[..., Any])

METRICS_FILE = click.option(
    "--metrics-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what was done as Prometheus metrics, for node_exporter's textfile collector.",
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
TOTALS = click.option(
    "--totals",
    is_flag=True,
    help="Count finished rows even if there are very many, which takes seconds.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
TRIGGER = click.Choice([trigger.value for trigger in Trigger], case_sensitive=False)

_SCOPE = (
    click.option("--customer", metavar="C", help="Only this customer: an id or e-mail address."),
    click.option("--segment", metavar="S", help="Only this segment: an id or name."),
    click.option("--step", metavar="S", help="Only this step: an id or SEGMENT:TRIGGER:NUMBER."),
    click.option(
        "--since",
        callback=any_time,
        metavar="TIME",
        help="From this time on: 2026-03-10T08:00 (UTC, or with an offset), '7 days ago'.",
    ),
    click.option(
        "--until",
        callback=any_time,
        metavar="TIME",
        help="Before this time; 2026-04 means its start.",
    ),
)


def scope_options(command: F) -> F:
    """Give a command the options that select steps by customer, segment, step and time."""
    for option in reversed(_SCOPE):
        command = option(command)
    return command
