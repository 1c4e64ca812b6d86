"""Customers' newest orders, one per website, with the words and amounts that Maho stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, func, select

from segmail.maho.db.value_lists import among
from segmail.maho.sales.line import Line, Option, amounts
from segmail.maho.sales.options import bundled, labelled
from segmail.maho.sales.stored import elements, one_line, quantity, stored_mapping
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction

_Found: TypeAlias = Row[*tuple[Any, ...]]

CANCELED = "canceled"
_NOT_SHOWN = (CANCELED, "pending_payment")  # states in which an account does not list an order


@dataclass(frozen=True)
class Order:
    """An order's stored facts; `status_labels` has the merchant's words by store, 0 for all."""

    order_id: int
    number: str
    store_id: int
    created_at: datetime | None  # UTC
    currency: str
    grand_total: Decimal
    status: str
    status_labels: Mapping[int, str]
    tracking_numbers: Sequence[str]
    lines: Sequence[Line]

    def status_label(self, store_id: int) -> str:
        """Return the order's status in the words of a store view."""
        labels = self.status_labels
        return labels.get(store_id) or labels.get(0) or self.status

    @property
    def product_ids(self) -> set[int]:
        """Every product that the order shows."""
        return {id for line in self.lines for id in line.product_ids}


def load_orders(tx: Transaction, customer_ids: Collection[int]) -> dict[tuple[int, int], Order]:
    """Return the newest order by customer and website; four statements.

    Canceled orders are left out, as are those that wait for payment, which Maho does not show.
    """
    newest = {
        (row.customer_id, row.website_id): row
        for row in tx.connection.execute(_newest(tx.tables, customer_ids))
    }
    ids = [row.entity_id for row in newest.values()]
    lines = _lines(tx, ids)
    track = build_catalog_tables(tx.tables.prefix).track.c
    tracks: dict[int, list[str]] = defaultdict(list)
    query = select(track.order_id, track.track_number).where(among(track.order_id, ids))
    for order_id, number in tx.connection.execute(query.order_by(track.entity_id)):
        if number:
            tracks[order_id].append(one_line(number))
    labels = _status_labels(tx, {row.status for row in newest.values()})
    return {
        key: Order(
            row.entity_id,
            row.increment_id or "",
            row.store_id or 0,
            row.created_at,
            row.order_currency_code or "",
            row.grand_total or Decimal(0),
            row.status or "",
            labels.get(row.status or "", {}),
            tracks[row.entity_id],
            lines[row.entity_id],
        )
        for key, row in newest.items()
    }


def _newest(tables: Tables, customer_ids: Collection[int]) -> Select[Any]:
    order, store = build_sales_tables(tables.prefix).order.c, tables.store.c
    rank = func.row_number().over(
        partition_by=(order.customer_id, store.website_id),
        order_by=(order.created_at.desc(), order.entity_id.desc()),
    )
    ranked = (
        select(order.entity_id, store.website_id, rank.label("place"))
        .join_from(
            build_sales_tables(tables.prefix).order, tables.store, store.store_id == order.store_id
        )
        .where(among(order.customer_id, customer_ids), order.state.not_in(_NOT_SHOWN))
        .subquery()
    )
    return (
        select(
            order.entity_id, order.customer_id, ranked.c.website_id, order.increment_id,
            order.store_id, order.created_at, order.order_currency_code, order.grand_total,
            order.status,
        )
        .join_from(
            ranked,
            build_sales_tables(tables.prefix).order,
            order.entity_id == ranked.c.entity_id,
        )
        .where(ranked.c.place == 1)
    )  # fmt: skip


def _lines(tx: Transaction, order_ids: Collection[int]) -> Mapping[int, list[Line]]:
    item = build_sales_tables(tx.tables.prefix).order_item.c
    items = tx.connection.execute(
        select(
            item.item_id, item.order_id, item.parent_item_id, item.product_id, item.product_type,
            item.name, item.qty_ordered, item.row_total, item.row_total_incl_tax, item.tax_amount,
            item.hidden_tax_amount, item.product_options,
        ).where(among(item.order_id, order_ids)).order_by(item.item_id)
    ).all()  # fmt: skip
    children: dict[int, list[_Found]] = defaultdict(list)
    for row in items:
        if row.parent_item_id is not None:
            children[row.parent_item_id].append(row)
    lines: dict[int, list[Line]] = defaultdict(list)
    for row in items:
        if row.parent_item_id is None:
            lines[row.order_id].append(_line(row, children[row.item_id]))
    return lines


def _line(row: _Found, parts: Sequence[_Found]) -> Line:
    stored = stored_mapping(row.product_options)
    without, including = amounts(row)
    grouped = stored.get("super_product_config")
    page_id = row.product_id
    if isinstance(grouped, dict) and str(grouped.get("product_id", "")).isdecimal():
        page_id = int(grouped["product_id"])
    part_id = parts[0].product_id if row.product_type == "configurable" and parts else None
    return Line(
        row.product_id,
        page_id,
        row.product_id if page_id != row.product_id else part_id,
        row.name or "",
        row.qty_ordered or Decimal(0),
        without,
        including,
        _options(row, stored, parts),
    )


def _options(row: _Found, stored: Mapping[Any, Any], parts: Sequence[_Found]) -> list[Option]:
    found = [
        option
        for key in ("options", "additional_options", "attributes_info")
        for option in labelled(stored.get(key))
        if option.value
    ]
    if row.product_type != "bundle":
        return found
    choices = [
        (part.name or "", stored_mapping(choice))
        for part in parts
        if isinstance(
            choice := stored_mapping(part.product_options).get("bundle_selection_attributes"), str
        )
    ]
    return found + (bundled(choices) or _bundle_options(stored))


def _bundle_options(stored: Mapping[Any, Any]) -> list[Option]:
    found = []
    for option in elements(stored.get("bundle_options")):
        values = [
            f"{quantity(value.get('qty', 1))} × {one_line(value.get('title'))}"
            for value in elements(option.get("value"))
        ]
        found.append(Option(one_line(option.get("label")), ", ".join(values)))
    return found


def _status_labels(tx: Transaction, codes: Collection[str | None]) -> Mapping[str, dict[int, str]]:
    catalog = build_catalog_tables(tx.tables.prefix)
    status, of_view = catalog.status.c, catalog.status_label.c
    rows = tx.connection.execute(
        select(status.status, status.label, of_view.store_id, of_view.label.label("own"))
        .join_from(
            catalog.status, catalog.status_label, of_view.status == status.status, isouter=True
        )
        .where(among(status.status, [code for code in codes if code]))
    )
    labels: dict[str, dict[int, str]] = defaultdict(dict)
    for code, default, store_id, own in rows:
        labels[code][0] = default
        if store_id and own:
            labels[code][store_id] = own
    return labels


def load_lifetime_sales(
    tx: Transaction, customer_ids: Collection[int]
) -> dict[tuple[int, int], Decimal]:
    """Return how much customers ordered, in base currency, by customer and website.

    As in Maho's segment condition, canceled and closed (refunded) orders do not count; refunds of
    the others are subtracted.
    """
    order, store = build_sales_tables(tx.tables.prefix).order, tx.tables.store.c
    c = order.c
    rows = tx.connection.execute(
        select(
            c.customer_id,
            store.website_id,
            func.sum(c.base_grand_total - func.coalesce(c.base_total_refunded, 0)),
        )
        .join_from(order, tx.tables.store, store.store_id == c.store_id)
        .where(among(c.customer_id, customer_ids), c.state.not_in((CANCELED, "closed")))
        .group_by(c.customer_id, store.website_id)
    )
    return {
        (customer_id, website_id): Decimal(str(total or 0))
        for customer_id, website_id, total in rows
    }
