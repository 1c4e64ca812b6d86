"""Customers' active carts, one per website, with the amounts that Maho stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import Row, select

from segmail.maho.db.value_lists import among
from segmail.maho.sales.line import Line, amounts
from segmail.maho.sales.options import OptionWords, Stored, bundled
from segmail.maho.sales.stored import stored_mapping
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.storefront.stores import ADMIN, Stores

_Found: TypeAlias = Row[*tuple[Any, ...]]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Cart:
    """A cart's stored facts.

    `is_current` is false if something changed since Maho calculated it; `knows_total` is true if
    the shipping method is chosen, or nothing is shipped.
    """

    cart_id: int
    currency: str
    updated_at: datetime | None  # UTC
    is_current: bool
    knows_total: bool
    subtotal: Decimal
    subtotal_with_tax: Decimal | None
    grand_total: Decimal
    rows: Sequence[_Row]

    def lines(self, words: OptionWords, store_id: int) -> list[Line]:
        """Return its lines in the words of a store view."""
        return [row.line(words, store_id) for row in self.rows]

    @property
    def stored_options(self) -> list[tuple[int | None, Stored]]:
        """What `OptionWords.load` must know about its rows."""
        return [(row.item.product_id, row.stored) for row in self.rows]

    @property
    def product_ids(self) -> set[int]:
        """Every product that the cart shows."""
        return {id for row in self.rows for id in row.product_ids}


@dataclass(frozen=True)
class _Row:
    item: _Found
    stored: Stored
    parts: Sequence[tuple[_Found, Stored]]
    grouped_id: int | None  # the grouped product from which this one was chosen

    @property
    def product_ids(self) -> set[int]:
        ids = (self.item.product_id, self.grouped_id, self.part_id)
        return {id for id in ids if id is not None}

    @property
    def part_id(self) -> int | None:
        if self.item.product_type != "configurable" or not self.parts:
            return None
        part: int | None = self.parts[0][0].product_id
        return part

    def line(self, words: OptionWords, store_id: int) -> Line:
        item = self.item
        without, including = amounts(item)
        options = words.options_of(item.product_id, self.stored, store_id) if self.stored else []
        if item.product_type == "bundle":
            options += bundled(
                [
                    (part.name, stored_mapping(stored.get("bundle_selection_attributes")))
                    for part, stored in self.parts
                ]
            )
        return Line(
            item.product_id,
            self.grouped_id or item.product_id,
            item.product_id if self.grouped_id else self.part_id,
            item.name or "",
            item.qty or Decimal(0),
            without,
            including,
            options,
        )


def load_carts(
    tx: Transaction, stores: Stores, customer_ids: Collection[int]
) -> dict[tuple[int, int], Cart]:
    """Return the active carts that are not empty, by customer and website; four statements.

    A cart is shared by the store views of a website, never across websites; the one changed last
    counts. Maho's counters may be stale, so rows are counted.
    """
    newest = _newest(tx, stores, customer_ids)
    ids = [quote.entity_id for quote in newest.values()]
    rows = _rows(tx, ids)
    address = build_catalog_tables(tx.tables.prefix).quote_address.c
    addresses: dict[int, dict[str, _Found]] = defaultdict(dict)
    query = select(
        address.quote_id, address.address_type, address.shipping_method, address.subtotal_incl_tax
    ).where(among(address.quote_id, ids))
    for row in tx.connection.execute(query):
        addresses[row.quote_id][row.address_type] = row
    return {
        key: _cart(quote, rows[quote.entity_id], addresses[quote.entity_id])
        for key, quote in newest.items()
        if rows.get(quote.entity_id)
    }


def _newest(
    tx: Transaction, stores: Stores, customer_ids: Collection[int]
) -> dict[tuple[int, int], _Found]:
    quote = build_sales_tables(tx.tables.prefix).quote.c
    query = select(
        quote.entity_id, quote.customer_id, quote.store_id, quote.updated_at,
        quote.trigger_recollect, quote.quote_currency_code, quote.subtotal, quote.grand_total,
    ).where(
        among(quote.customer_id, customer_ids), quote.is_active == 1, quote.store_id != ADMIN
    )  # fmt: skip
    newest: dict[tuple[int, int], _Found] = {}
    for row in tx.connection.execute(query):
        store = stores.by_id(row.store_id)
        if store is None:
            continue
        key = row.customer_id, store.website_id
        if key not in newest or _age(row) > _age(newest[key]):
            newest[key] = row
    return newest


def _age(quote: _Found) -> tuple[datetime, int]:
    return quote.updated_at or _LONG_AGO, quote.entity_id


def _rows(tx: Transaction, quote_ids: Collection[int]) -> Mapping[int, list[_Row]]:
    item = build_sales_tables(tx.tables.prefix).quote_item.c
    items = tx.connection.execute(
        select(
            item.item_id, item.quote_id, item.parent_item_id, item.product_id, item.product_type,
            item.name, item.is_virtual, item.qty, item.row_total, item.row_total_incl_tax,
            item.tax_amount, item.hidden_tax_amount,
        ).where(among(item.quote_id, quote_ids)).order_by(item.item_id)
    ).all()  # fmt: skip
    option = build_catalog_tables(tx.tables.prefix).quote_option.c
    stored: dict[int, dict[str, str | None]] = defaultdict(dict)
    grouped: dict[int, int] = {}
    query = select(option.item_id, option.code, option.value, option.product_id).where(
        among(option.item_id, [row.item_id for row in items]), option.code != "info_buyRequest"
    )
    for item_id, code, value, product_id in tx.connection.execute(query):
        stored[item_id][code] = value
        if (code, value) == ("product_type", "grouped"):
            grouped[item_id] = product_id
    children: dict[int, list[tuple[_Found, Stored]]] = defaultdict(list)
    for row in items:
        if row.parent_item_id is not None:
            children[row.parent_item_id].append((row, stored[row.item_id]))
    found: dict[int, list[_Row]] = defaultdict(list)
    for row in items:
        if row.parent_item_id is None:
            id = row.item_id
            found[row.quote_id].append(_Row(row, stored[id], children[id], grouped.get(id)))
    return found


def _cart(
    quote: _Found,
    rows: Sequence[_Row],
    addresses: Mapping[str, _Found],
) -> Cart:
    # The cart's own flag is not kept up to date.
    is_virtual = all(row.item.is_virtual for row in rows)
    address = addresses.get("billing" if is_virtual else "shipping")
    shipped = address is not None and bool(address.shipping_method)
    return Cart(
        quote.entity_id,
        quote.quote_currency_code or "",
        quote.updated_at,
        is_current=not quote.trigger_recollect,
        knows_total=is_virtual or shipped,
        subtotal=quote.subtotal or Decimal(0),
        subtotal_with_tax=address.subtotal_incl_tax if address is not None else None,
        grand_total=quote.grand_total or Decimal(0),
        rows=rows,
    )
