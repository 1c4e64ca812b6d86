"""A copy of what the plan of campaign files reads, for a database user who may only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from segmail.campaigns.entry import CampaignFile
from segmail.campaigns.named import leaves_of, products_named
from segmail.maho.db.scratch import open_scratch
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import load_segments
from segmail.maho.table_copy import TableCopy
from segmail.segments.conditions.tree import Leaf, leaves
from segmail.segments.stored.state import load_states
from segmail.throw_away import throw_away_folder


@contextmanager
def copied_for_plan(shop: Shop, files: Sequence[CampaignFile]) -> Iterator[Shop]:
    """Yield a copy of the shop in which the files can be applied, in an SQLite file.

    It has what is not about a customer, the steps under way of the segments that the files name,
    and the products that conditions mention. The shop only gets SELECTs; raises what its database
    raises.
    """
    with (
        throw_away_folder() as folder,
        closing(open_scratch(folder / "shop.sqlite", foreign_keys=False)) as target,
    ):
        with shop.read() as tx:
            copy = TableCopy(tx, target)
            copy.create()
            copy.whole_tables()
            names = {one.name.casefold() for file in files for one in file.segments}
            ids = [one.segment_id for one in load_segments(tx) if one.name.casefold() in names]
            for id in ids:
                copy.pages(tx.tables.progress, tx.tables.progress.c.segment_id == id)
            products = sorted(products_named(tx, [*leaves_of(files), *_stored(tx, ids)]))
            product, called = copy.sales.product, copy.sales.product_values["varchar"]
            copy.copy(product, product.c.entity_id, products)
            copy.copy(called, called.c.entity_id, products)
        yield Shop(target, copy.tables)


def _stored(tx: Transaction, segment_ids: Sequence[int]) -> Iterator[Leaf]:
    """Yield the conditions that segments have in the shop."""
    for state in load_states(tx, segment_ids).values() if segment_ids else ():
        if state.tree is not None:
            yield from leaves(state.tree)
