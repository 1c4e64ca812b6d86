"""Prints the plan of campaign files."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from segmail.campaigns.apply import ReadFile, Wish, apply_files
from segmail.campaigns.outcome import Applied, Change
from segmail.campaigns.segment_changes import CONDITIONS
from segmail.errors import SegmailError
from segmail.maho.shop import Shop
from segmail.printable import printable

_INDENT = " " * 14


def told(one: Applied) -> Iterator[str]:
    """Yield the lines of an outcome: what it is, what changes, what this means for customers."""
    yield printable(f"{one.outcome:12}  {one.kind} '{one.name}'")
    if one.outcome == "changed":
        for change in one.changes:
            yield from (printable(_INDENT + line) for line in _changed(change))
    yield from (printable(f"{_INDENT}{effect}") for effect in one.effects)


def apply_told(shop: Shop, files: Sequence[ReadFile], wish: Wish) -> list[Applied]:
    """Apply the files after their plan was printed; if that fails, say what was applied."""
    applied: list[str] = []
    try:
        return apply_files(shop, files, wish, on_applied=applied.append)
    except SegmailError:
        left = [one.campaign.name for one in files if one.campaign.name not in applied]
        told = f"Applied: {', '.join(applied)}. " if applied else ""
        click.echo(printable(f"{told}Not applied: {', '.join(left)}."), err=True)
        raise


def in_sum(done: Sequence[Applied]) -> str:
    """Return the number of each kind of outcome, in a sentence."""
    counts = Counter(one.outcome for one in done)
    return f"Applied: {', '.join(f'{count:,} {what}' for what, count in counts.items())}."


def _changed(change: Change) -> Iterator[str]:
    before, after = change.before or "", change.after
    if change.key != CONDITIONS:
        yield f"{change.key}: {before or '(empty)'} → {after or '(empty)'}"
        return
    yield f"{change.key}:"
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if not line.startswith("?"):
            yield line
