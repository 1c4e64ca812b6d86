"""The products that customers viewed, wished for and bought, and that go with their last order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, func, select

from segmail.maho.db.value_lists import among
from segmail.maho.sales.orders import CANCELED
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction

# By customer and website: products and when, newest first.
Dated = Mapping[tuple[int, int], Sequence[tuple[int, datetime]]]

_MOST = 50  # products of a list from which a mail may choose
_CROSS_SELL = 5
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def load_viewed(tx: Transaction, customer_ids: Collection[int]) -> Dated:
    """Return the products that customers viewed; one statement.

    Maho keeps one row per view in some releases, one per product in others.
    """
    viewed = build_sales_tables(tx.tables.prefix).viewed
    return _newest(tx, viewed, viewed.c.customer_id, customer_ids)


def load_wished(tx: Transaction, customer_ids: Collection[int]) -> Dated:
    """Return the products on customers' wishlists; one statement."""
    sales = build_sales_tables(tx.tables.prefix)
    owner = sales.wishlist.c.customer_id
    return _newest(tx, sales.wishlist_item, owner, customer_ids)


def load_bought(tx: Transaction, customer_ids: Collection[int]) -> dict[int, dict[int, datetime]]:
    """Return when each product was last ordered, by customer and product; one statement.

    Variants and parts count, as do the products they belong to; canceled orders do not.
    """
    sales = build_sales_tables(tx.tables.prefix)
    order, item = sales.order.c, sales.order_item.c
    rows = tx.connection.execute(
        select(order.customer_id, item.product_id, func.max(order.created_at))
        .join_from(sales.order, sales.order_item, item.order_id == order.entity_id)
        .where(
            among(order.customer_id, customer_ids),
            order.state != CANCELED,
            item.product_id.is_not(None),
        )
        .group_by(order.customer_id, item.product_id)
    )
    found: dict[int, dict[int, datetime]] = defaultdict(dict)
    for customer_id, product_id, at in rows:
        found[customer_id][product_id] = at or _LONG_AGO
    return found


def load_crosssells(tx: Transaction, product_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the cross-sells of products in the merchant's order; one statement."""
    catalog = build_catalog_tables(tx.tables.prefix)
    link, kind, position = (
        catalog.product_link.c,
        catalog.link_attribute.c,
        catalog.link_position.c,
    )
    rows = tx.connection.execute(
        select(link.product_id, link.linked_product_id)
        .join_from(
            catalog.product_link,
            catalog.link_attribute,
            (kind.link_type_id == link.link_type_id)
            & (kind.product_link_attribute_code == "position"),
            isouter=True,
        )
        .join(
            catalog.link_position,
            (position.link_id == link.link_id)
            & (position.product_link_attribute_id == kind.product_link_attribute_id),
            isouter=True,
        )
        .where(among(link.product_id, product_ids), link.link_type_id == _CROSS_SELL)
        .order_by(func.coalesce(position.value, 0), link.link_id)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for product_id, linked_id in rows:
        found[product_id].append(linked_id)
    return found


def _newest(
    tx: Transaction,
    listed: Table,
    customer_id: Any,
    customer_ids: Collection[int],
) -> Dated:
    """Return a table's products by customer and website, newest first."""
    store, wishlist = tx.tables.store.c, build_sales_tables(tx.tables.prefix).wishlist
    last = func.max(listed.c.added_at)
    query = select(customer_id.label("customer_id"), store.website_id, listed.c.product_id,
                   last.label("at")).select_from(listed)  # fmt: skip
    if listed.name == build_sales_tables(tx.tables.prefix).wishlist_item.name:
        query = query.join(wishlist, wishlist.c.wishlist_id == listed.c.wishlist_id)
    by_product = (
        query.join(tx.tables.store, store.store_id == listed.c.store_id)
        .where(among(customer_id, customer_ids))
        .group_by(customer_id, store.website_id, listed.c.product_id)
        .subquery()
    )
    c = by_product.c
    place = func.row_number().over(
        partition_by=(c.customer_id, c.website_id), order_by=(c.at.desc(), c.product_id.desc())
    )
    ranked = select(by_product, place.label("place")).subquery()
    rows = tx.connection.execute(
        select(ranked.c.customer_id, ranked.c.website_id, ranked.c.product_id, ranked.c.at)
        .where(ranked.c.place <= _MOST)
        .order_by(ranked.c.customer_id, ranked.c.website_id, ranked.c.place)
    )
    found: dict[tuple[int, int], list[tuple[int, datetime]]] = defaultdict(list)
    for customer, website_id, product_id, at in rows:
        found[customer, website_id].append((product_id, at or _LONG_AGO))
    return found
