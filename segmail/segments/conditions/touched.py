"""The sources of a condition's rows, and how changes to those rows are noticed.

Each family says, next to its SQL, which of these sources its conditions read. A table that no
source of a condition covers is never assumed to be unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    String,
    Table,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from segmail.maho.db.column_types import UtcDateTime
from segmail.segments.conditions.scope import Scope


@dataclass(frozen=True)
class Marked:
    """Rows in which Maho writes the time of a change; `lately` selects those since a moment.

    The same times also show changes in the other `tables`.
    """

    name: str
    tables: frozenset[str]
    rows: FromClause
    owner: ColumnElement[Any]
    lately: Callable[[datetime], ColumnElement[bool]]


@dataclass(frozen=True)
class Crossing:
    """Rows whose age has crossed a bound, so that the clock may have changed an answer."""

    owner: Column[Any]
    crossed: ColumnElement[bool]


@dataclass(frozen=True)
class Kept:
    """Rows whose owner never changes without a mark; a deletion shows only in their number.

    `table` has a key of one column, which grows; `owner` is compared, too, if it is set later.
    """

    name: str
    table: Table
    owner: Column[Any] | None = None


@dataclass(frozen=True)
class Summed:
    """Rows that change without a mark; `digest` is a number that differs once any has changed."""

    name: str
    tables: frozenset[str]
    digest: Select[Any]


@dataclass(frozen=True)
class Unmarked:
    """Rows that change all the time, so that everybody is asked."""

    name: str


Source: TypeAlias = Marked | Kept | Summed | Unmarked


def customers(scope: Scope) -> list[Source]:
    """Accounts with the values of their attributes; they belong to every segment's sources."""
    customer = scope.tables.customer
    values = scope.tables.customer_values.values()
    return [_marked("accounts", customer.c.entity_id, customer, *values, of=customer)]


def addresses(scope: Scope) -> list[Source]:
    """Address books; the directory of regions, which only an upgrade writes, counts as kept."""
    address, sales = scope.sales.address, scope.sales
    read = (address, *sales.address_values.values(), sales.region)
    return [
        _marked("addresses", address.c.parent_id, *read, of=address),
        Kept("addresses", address),
    ]


def orders(scope: Scope) -> list[Source]:
    """Orders, their items and payments: Maho saves the order with them, and deletes none."""
    order, sales = scope.sales.order, scope.sales
    read = (order, sales.order_item, sales.order_payment)
    return [_marked("orders", order.c.customer_id, *read, of=order)]


def refunds(scope: Scope) -> list[Source]:
    """Credit memos."""
    memo, order = scope.sales.creditmemo, scope.sales.order
    rows = memo.join(order, order.c.entity_id == memo.c.order_id)
    return [_marked("credit memos", order.c.customer_id, memo, of=memo, rows=rows)]


def carts(scope: Scope) -> list[Source]:
    """Carts without their items; Maho deletes old ones at night, and guests' carts once merged."""
    cart = scope.sales.quote
    return [_marked("carts", cart.c.customer_id, cart, of=cart), Kept("carts", cart)]


def cart_items(scope: Scope) -> list[Source]:
    """Items of carts: the cart is saved with them, except when their product is deleted."""
    cart, item = scope.sales.quote, scope.sales.quote_item
    found = _marked("carts", cart.c.customer_id, cart, item, of=cart)
    return [found, Kept("carts", cart), Kept("items of carts", item)]


def logins(scope: Scope) -> list[Source]:
    """Logins; Maho keeps each customer's newest."""
    login = scope.sales.login
    return [_marked("logins", login.c.customer_id, login, of=login)]


def views(scope: Scope) -> list[Source]:
    """Views; a guest's views become the customer's at the login, with their times unchanged."""
    viewed = scope.sales.viewed
    marked = _marked("views", viewed.c.customer_id, viewed, of=viewed)
    return [marked, Kept("views", viewed, owner=viewed.c.customer_id)]


def wishlists(scope: Scope) -> list[Source]:
    """Wishlists and their items, which vanish without a mark when their product does."""
    wishlist, item = scope.sales.wishlist, scope.sales.wishlist_item
    rows = item.join(wishlist, wishlist.c.wishlist_id == item.c.wishlist_id)
    return [
        _marked("wishlists", wishlist.c.customer_id, wishlist, of=wishlist),
        _marked("wishes", wishlist.c.customer_id, item, of=item, rows=rows),
        Kept("wishlists", wishlist),
        Kept("wishes", item),
    ]


def products(scope: Scope, code: str) -> list[Source]:
    """The values of an attribute of products or, for `category_id`, the products' categories.

    Nothing marks a change of many products at once, or of a category's list.
    """
    if code == "category_id":
        link = scope.sales.category_product
        return [summed("categories", link, link.c.category_id, link.c.product_id)]
    product, attribute = scope.sales.product, scope.eav.find("catalog_product", code)
    if attribute is None or attribute.backend_type == "static":
        return [summed("products", product, *product.c)]
    value = scope.sales.product_values[attribute.backend_type]
    row = value.c
    of = row.attribute_id == attribute.attribute_id
    named = f"products' {code}"
    return [summed(named, value, row.value_id, row.entity_id, row.store_id, row.value, where=of)]


def summed(
    name: str, table: Table, *columns: Column[Any], where: ColumnElement[bool] | None = None
) -> Summed:
    """Return the source of rows whose changes only a digest of these columns shows."""
    told = select(func.count(), digest_of(*columns)).select_from(table)
    return Summed(name, frozenset({table.name}), told if where is None else told.where(where))


def _marked(
    name: str,
    owner: ColumnElement[Any],
    *read: Table,
    of: Table,
    rows: FromClause | None = None,
) -> Marked:
    """Return the source of the tables `read`, whose changes the times in `of` show."""
    times = [of.c[column] for column in _TIMES if column in of.c]

    def lately(since: datetime) -> ColumnElement[bool]:
        start = literal(since, UtcDateTime())
        return or_(*(time >= start for time in times))

    names = frozenset(table.name for table in read)
    return Marked(name, names, of if rows is None else rows, owner, lately)


# A row that was never changed may have a zero date as `updated_at`.
_TIMES = ("updated_at", "created_at", "login_at", "added_at")


def digest_of(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number for all rows that differs once a value of `columns` has changed."""
    said: ColumnElement[Any] = literal("", String())
    for column in columns:
        said = said.concat(func.coalesce(type_coerce(column, String), "~")).concat("|")
    return func.sum(func.crc32(said))
