"""How commands say numbers of rows, yes and no, and warnings."""

from __future__ import annotations

from collections.abc import Iterable

import click


def rows(count: int, kind: str) -> str:
    """Return a number of rows in words: `1 scheduled row`, `1,500 due rows`."""
    return f"{count:,} {kind} row{'' if count == 1 else 's'}"


def yes_no(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def print_warnings(warnings: Iterable[str]) -> None:
    """Print warnings on stderr."""
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
