"""`segmail segment apply` and `export`: segments as YAML files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import BinaryIO

import click

from segmail.app import App
from segmail.campaigns.apply import Applied, apply_file
from segmail.campaigns.changes import CONDITIONS, SegmentChange
from segmail.campaigns.export import export_segments
from segmail.campaigns.markup import LONGEST
from segmail.commands.options import AS_JSON
from segmail.output import print_json


@click.command()
@click.argument("file", metavar="FILE", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@AS_JSON
@click.pass_obj
def apply(app: App, *, file: BinaryIO, dry_run: bool, as_json: bool) -> None:
    """Create or update the segments that FILE describes; - is stdin.

    Segments are known by their names; what FILE does not say about one stays as it is, and
    segments that are not in FILE are left alone. All of FILE is applied or nothing: exits with 78
    and every fault, each with its line, where it cannot be. See docs/segments.md for the format,
    and `segmail segment export` for examples.

    \b
    Examples:
        segmail segment apply segments.yaml --dry-run
        segmail segment apply segments.yaml && segmail refresh-segments
    """
    data = file.read(LONGEST + 1)
    done = apply_file(
        app.shop, data, file=getattr(file, "name", "<stdin>"), dry_run=dry_run, now=app.now()
    )
    if as_json:
        print_json(done)
        return
    click.echo("\n".join(line for one in done for line in _told(one)))


@click.command()
@click.argument("segments", metavar="[SEGMENT]...", nargs=-1)
@click.pass_obj
def export(app: App, *, segments: tuple[str, ...]) -> None:
    """Print segments as YAML that `segment apply` reads, by default all.

    \b
    Example:
        segmail segment export "VIP Customers" > vip.yaml
    """
    click.echo(export_segments(app.shop, segments), nl=False)


def _told(one: Applied) -> Iterator[str]:
    yield f"{one.outcome:9}  '{one.segment}'"
    if one.outcome == "changed":
        for change in one.changes:
            yield from _changed(change)


def _changed(change: SegmentChange) -> Iterator[str]:
    before, after = change.before or "", change.after
    if change.key != CONDITIONS:
        yield f"           {change.key}: {before or '(empty)'} → {after or '(empty)'}"
        return
    yield f"           {change.key}:"
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if not line.startswith("?"):
            yield f"           {line}"
