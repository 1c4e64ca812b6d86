"""`segmail segment import`: fills a segment's list of customers from a file."""

from __future__ import annotations

from datetime import timedelta
from typing import BinaryIO

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.maho.schema.rights import IMPORTING, rights_told
from segmail.output import print_json
from segmail.segments.import_file import LARGEST
from segmail.segments.import_list import Import, import_list
from segmail.sequences.delays import parse_delay

_SHOWN = 20


@click.command("import")
@click.argument("segment", metavar="SEGMENT")
@click.argument("file", metavar="FILE", type=click.File("rb"))
@click.option(
    "--expire",
    metavar="TIME",
    help="Take each customer of FILE off the list again after this: 7d, '12 hours'.",
)
@click.option("--add", is_flag=True, help="Keep the customers who are on the list already.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@AS_JSON
@click.pass_obj
def import_(
    app: App,
    *,
    segment: str,
    file: BinaryIO,
    expire: str | None,
    add: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the customers in FILE the list of SEGMENT; - is stdin.

    FILE has one customer id or e-mail address per line, or is a CSV whose header has a customer_id,
    entity_id or email column. The ids are stored in the segment's `list` condition; a segment
    without conditions gets one. Ids and addresses that belong to no customer of the segment's
    websites are listed and left out; an empty FILE empties the list. A column `expires` says when a
    customer is taken off the list again; with --expire, the time counts from a column `date`, else
    from now.

    \b
    Examples:
        segmail segment import "Tickets resolved" tickets.csv --dry-run
        segmail segment import Referrals - --add < referrals.txt && segmail refresh-segments
    """
    after = None if expire is None else timedelta(minutes=parse_delay(expire))
    what = Import(file.read(LARGEST + 1), getattr(file, "name", "<stdin>"), add, after)
    with rights_told(app.shop.read, IMPORTING):
        done = import_list(app.shop, segment, what, dry_run=dry_run, now=app.now())
    if as_json:
        print_json(done)
        return
    counts = f"{done.listed:,} listed, {done.added:,} added, {done.removed:,} removed"
    click.echo(f"{done.outcome:9}  '{done.segment}': {counts}")
    if done.unknown:
        shown = ", ".join(map(repr, done.unknown[:_SHOWN]))
        more = ", …" if len(done.unknown) > _SHOWN else ""
        click.echo(f"{'unknown':9}  {len(done.unknown):,}: {shown}{more}")
