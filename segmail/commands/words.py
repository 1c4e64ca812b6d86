"""Numbers of rows, yes and no, and warnings, in the words of all commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from segmail.output import print_json


def rows(count: int, kind: str) -> str:
    """Return a number of rows in words: `1 scheduled row`, `1,500 due rows`."""
    return f"{count:,} {kind} row{'' if count == 1 else 's'}"


def yes_no(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def print_deleted(
    count: int | None, what: str, *, days: int | None, dry_run: bool, as_json: bool
) -> None:
    """Print what a cleanup deleted or would delete; `count` is None if it is switched off.

    Under cron, which prints neither JSON nor a dry run, nothing is printed.
    """
    if as_json:
        deleted = {"deleted": count or 0, "days": days, "dry_run": dry_run}
        print_json({"enabled": count is not None, **deleted})
    elif count is None:
        return
    elif dry_run:
        click.echo(f"Would delete {count:,} {what} (older than {days} days).")
    elif sys.stdout.isatty():
        click.echo(f"{count:,} {what} deleted.")


def print_dry_run(dry_run: bool) -> None:
    """Print that the following was not done, in a dry run."""
    if dry_run:
        click.echo("Dry run: nothing was changed. What would have been done:")


def print_warnings(warnings: Iterable[str]) -> None:
    """Print warnings on stderr."""
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
