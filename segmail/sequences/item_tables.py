"""The tables from which mails show carts, orders, lists and sums, for a check beforehand.

A mail leaves out what the shop has no table for; see `Shelf.if_there`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Table

from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.mail.items.needs import ItemNeeds


def lacking(
    needs: ItemNeeds, there: Collection[str], prefix: str
) -> Iterator[tuple[str, list[str]]]:
    """Yield what a template shows, as it calls it, with the tables of it that are not `there`.

    `there` are the names of the shop's tables, of which some servers know only the lower case.
    """
    known, tables = {name.lower() for name in there}, _tables(prefix)
    shown = [name for name in ("cart", "order", "loyalty") if getattr(needs, name)]
    shown += [f"products.get{name.capitalize()}…" for name in sorted(needs.lists)]
    for name in shown:
        if missing := [it.name for it in tables[name] if it.name.lower() not in known]:
            yield name, missing


def _tables(prefix: str) -> Mapping[str, Collection[Table]]:
    sales, catalog = build_sales_tables(prefix), build_catalog_tables(prefix)
    return {
        "cart": (sales.quote, sales.quote_item, catalog.quote_address),
        "order": (sales.order, sales.order_item, catalog.track, catalog.status_label),
        "loyalty": (sales.order,),
        "products.getViewed…": (sales.viewed,),
        "products.getClearance…": (sales.viewed,),
        "products.getWishlist…": (sales.wishlist, sales.wishlist_item),
        "products.getBestsellers…": (
            catalog.bestsellers,
            sales.category_product,
            catalog.category,
            catalog.category_int,
        ),
        "products.getCrosssells…": (
            catalog.product_link,
            catalog.link_attribute,
            catalog.link_position,
        ),
    }
