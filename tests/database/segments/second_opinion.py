"""Who matches a tree, found the plain way: customer by customer, over rows in Python.

Each attribute is a list of values a customer has; a condition holds where one of them compares.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from segmail.segments.conditions.tree import ConditionNode, Leaf
from tests.sales_builder import PRODUCT_ATTRIBUTES, SalesBuilder

Row = dict[str, Any]


class SecondOpinion:
    """The shop's rows, read once."""

    def __init__(self, sales: SalesBuilder) -> None:
        shop, tables = sales.shop, sales.sales
        self.now = shop.now
        self.customers = shop.rows(shop.tables.customer)
        self.subscribers = shop.rows(shop.tables.subscriber)
        self.firstnames = {
            row["entity_id"]: row["value"]
            for row in shop.rows(shop.tables.customer_values["varchar"], attribute_id=2)
        }
        self.orders = shop.rows(tables.order)
        self.order_items = shop.rows(tables.order_item)
        self.carts = shop.rows(tables.quote)
        self.cart_items = shop.rows(tables.quote_item)
        self.views = shop.rows(tables.viewed)
        self.wishlists = shop.rows(tables.wishlist)
        self.wishes = shop.rows(tables.wishlist_item)
        self.skus = {row["entity_id"]: row["sku"] for row in shop.rows(tables.product)}
        self.categories = shop.rows(tables.category_product)
        self.reviews = shop.rows(tables.review)
        self.review_details = shop.rows(tables.review_detail)
        self.votes = shop.rows(tables.rating_vote)
        self.websites = {row["store_id"]: row["website_id"] for row in shop.rows(shop.tables.store)}
        self.values = {
            (row["entity_id"], row["attribute_id"], row["store_id"]): row["value"]
            for type_ in ("varchar", "decimal", "datetime")
            for row in shop.rows(tables.product_values[type_])
        }

    def matching(self, tree: ConditionNode) -> set[int]:
        ids = {row["entity_id"] for row in self.customers}
        return {id for id in ids if self.holds(tree, id) is not False}

    def holds(self, node: ConditionNode, customer_id: int) -> bool | None:
        """Return None for a combination that says nothing."""
        if isinstance(node, Leaf):
            kind, values = FACTS[node.family, node.attribute]
            found = [value for value in values(self, customer_id) if value is not None]
            return any(compares(value, node, kind) for value in found)
        heard = [self.holds(child, customer_id) for child in node.children]
        votes = [vote for vote in heard if vote is not None]
        if not votes:
            return None
        return (all(votes) if node.every else any(votes)) == node.expects

    def days(self, time: datetime) -> int:
        return (self.now.date() - time.date()).days

    def of(self, rows: list[Row], customer_id: int) -> list[Row]:
        return [row for row in rows if row["customer_id"] == customer_id]

    def active_carts(self, customer_id: int) -> list[Row]:
        return [row for row in self.of(self.carts, customer_id) if row["is_active"] == 1]

    def in_carts(self, customer_id: int) -> list[tuple[Row, Row]]:
        carts = {row["entity_id"]: row for row in self.active_carts(customer_id)}
        return [(carts[i["quote_id"]], i) for i in self.cart_items if i["quote_id"] in carts]

    def bought(self, customer_id: int) -> list[Row]:
        orders = [o for o in self.of(self.orders, customer_id) if counts(o, "canceled")]
        ids = {order["entity_id"] for order in orders}
        return [item for item in self.order_items if item["order_id"] in ids]

    def wished(self, customer_id: int) -> list[Row]:
        ids = {row["wishlist_id"] for row in self.of(self.wishlists, customer_id)}
        return [row for row in self.wishes if row["wishlist_id"] in ids]

    def written(self, customer_id: int) -> list[Row]:
        """Return the approved reviews of products that a customer wrote in the own website."""
        [customer] = [c for c in self.customers if c["entity_id"] == customer_id]
        own = {
            row["review_id"]
            for row in self.of(self.review_details, customer_id)
            if not row["store_id"] or self.websites[row["store_id"]] == customer["website_id"]
        }
        approved = [r for r in self.reviews if r["status_id"] == 1 and r["entity_id"] == 1]
        return [row for row in approved if row["review_id"] in own]

    def stars(self, review: Row) -> Decimal | None:
        votes = [v["value"] for v in self.votes if v["review_id"] == review["review_id"]]
        return Decimal(sum(votes)) / len(votes) if votes else None

    def in_categories(self, items: list[Row]) -> list[int]:
        ids = {item["product_id"] for item in items}
        return [row["category_id"] for row in self.categories if row["product_id"] in ids]

    def product(self, product_id: int, code: str, store_id: int | None) -> Any:
        attribute_id = PRODUCT_ATTRIBUTES[code][0]
        default = self.values.get((product_id, attribute_id, 0))
        return self.values.get((product_id, attribute_id, store_id), default)

    def on_clearance(self, view: Row) -> int:
        price, special, until = (
            self.product(view["product_id"], code, view["store_id"])
            for code in ("price", "special_price", "special_to_date")
        )
        cheaper = special is not None and special < price
        return int(cheaper and (until is None or until.date() >= self.now.date()))


def counts(order: Row, *left_out: str) -> bool:
    return order["state"] is not None and order["state"] not in left_out


def compares(value: Any, leaf: Leaf, kind: str) -> bool:
    texts = leaf.value if isinstance(leaf.value, tuple) else (leaf.value or "",)
    given: list[Any] = [_PARSE[kind](text) for text in texts]
    value = _VALUE[kind](value)
    match leaf.operator:
        case "==" | "()":
            return value in given
        case "!=" | "!()":
            return value not in given
        case "{}":
            return given[0] in value
        case "!{}":
            return given[0] not in value
    return bool(_ORDER[leaf.operator](value, given[0]))


_ORDER = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_PARSE: dict[str, Callable[[Any], Any]] = {
    "text": str.casefold,
    "number": Decimal,
    "date": date.fromisoformat,
}
_VALUE: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: str(value).casefold(),
    "number": lambda value: round(Decimal(str(value)), 4),
    "date": lambda value: value.date(),
}


def _orders(column: str) -> Callable[[SecondOpinion, int], list[Any]]:
    return lambda shop, id: [row[column] for row in shop.of(shop.orders, id)]


def _carts(column: str) -> Callable[[SecondOpinion, int], list[Any]]:
    return lambda shop, id: [row[column] for row in shop.active_carts(id)]


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _last(times: list[datetime]) -> list[datetime]:
    return [max(times)] if times else []


def _total(shop: SecondOpinion, customer_id: int) -> list[Any]:
    orders = [o for o in shop.of(shop.orders, customer_id) if counts(o, "canceled")]
    return [_sum([order["base_grand_total"] for order in orders])]


def _lifetime(shop: SecondOpinion, customer_id: int) -> list[Row]:
    return [o for o in shop.of(shop.orders, customer_id) if counts(o, "canceled", "closed")]


def _sales(shop: SecondOpinion, customer_id: int) -> list[Any]:
    orders = _lifetime(shop, customer_id)
    return [_sum([order["base_grand_total"] for order in orders]) or 0]


def _hours(shop: SecondOpinion, customer_id: int) -> list[Any]:
    ages = [shop.now - cart["updated_at"] for cart in shop.active_carts(customer_id)]
    return [age // timedelta(hours=1) for age in ages]


def _days(pick: Callable[..., datetime], *, never: int | None = None) -> Callable[..., list[Any]]:
    """The days since the first or last order that counts; `never` without one."""

    def facts(shop: SecondOpinion, customer_id: int) -> list[Any]:
        orders = [o for o in shop.of(shop.orders, customer_id) if counts(o, "canceled")]
        return [shop.days(pick(o["created_at"] for o in orders)) if orders else never]

    return facts


def _days_between(shop: SecondOpinion, customer_id: int) -> list[Any]:
    orders = [o for o in shop.of(shop.orders, customer_id) if counts(o, "canceled")]
    days = sorted(shop.days(order["created_at"]) for order in orders)
    return [Decimal(days[-1] - days[0]) / (len(days) - 1)] if len(days) > 1 else []


def _days_inactive(shop: SecondOpinion, customer_id: int) -> list[Any]:
    [customer] = [c for c in shop.customers if c["entity_id"] == customer_id]
    registered = shop.days(customer["created_at"])  # nobody of this shop ever logged in
    [ordered] = _days(max, never=registered)(shop, customer_id)
    return [min(registered, ordered)]


FACTS: dict[tuple[str, str], tuple[str, Callable[[SecondOpinion, int], list[Any]]]] = {
    ("customer_attributes", "firstname"): ("text", lambda s, id: [s.firstnames.get(id)]),
    ("customer_attributes", "group_id"): (
        "number",
        lambda s, id: [c["group_id"] for c in s.customers if c["entity_id"] == id],
    ),
    ("customer_attributes", "days_since_registration"): (
        "number",
        lambda s, id: [s.days(c["created_at"]) for c in s.customers if c["entity_id"] == id],
    ),
    ("customer_newsletter", "subscriber_status"): (
        "number",
        lambda s, id: [row["subscriber_status"] for row in s.of(s.subscribers, id)],
    ),
    ("customer_timebased", "days_since_last_order"): ("number", _days(max)),
    ("customer_timebased", "days_since_first_order"): ("number", _days(min)),
    ("customer_timebased", "days_without_purchase"): ("number", _days(max, never=1_000_000)),
    ("customer_timebased", "order_frequency_days"): ("number", _days_between),
    ("customer_timebased", "days_inactive"): ("number", _days_inactive),
    ("customer_clv", "number_of_orders"): ("number", lambda s, id: [len(_lifetime(s, id))]),
    ("customer_clv", "lifetime_sales"): ("number", _sales),
    ("order_attributes", "grand_total"): ("number", _orders("grand_total")),
    ("order_attributes", "coupon_code"): ("text", _orders("coupon_code")),
    ("order_attributes", "status"): ("text", _orders("status")),
    ("order_attributes", "store_id"): ("number", _orders("store_id")),
    ("order_attributes", "created_at"): ("date", _orders("created_at")),
    ("order_attributes", "discount_amount"): (
        "number",
        lambda s, id: [v and abs(v) for v in _orders("discount_amount")(s, id)],
    ),
    ("order_attributes", "days_since_last_order"): (
        "number",
        lambda s, id: [s.days(t) for t in _last(_orders("created_at")(s, id))],
    ),
    ("order_attributes", "total_ordered_amount"): ("number", _total),
    ("order_items", "product_sku"): ("text", lambda s, id: [i["sku"] for i in s.bought(id)]),
    ("order_items", "qty_ordered"): (
        "number",
        lambda s, id: [i["qty_ordered"] for i in s.bought(id)],
    ),
    ("order_items", "category_id"): ("number", lambda s, id: s.in_categories(s.bought(id))),
    ("cart_attributes", "items_count"): ("number", _carts("items_count")),
    ("cart_attributes", "base_grand_total"): ("number", _carts("base_grand_total")),
    ("cart_attributes", "coupon_code"): ("text", _carts("coupon_code")),
    ("cart_attributes", "hours_since_updated"): ("number", _hours),
    ("cart_attributes", "is_active"): (
        "number",
        lambda s, id: [cart["is_active"] for cart in s.of(s.carts, id)],
    ),
    ("cart_items", "product_name"): (
        "text",
        lambda s, id: [
            s.product(item["product_id"], "name", cart["store_id"]) for cart, item in s.in_carts(id)
        ],
    ),
    ("product_viewed", "view_count"): (
        "number",
        lambda s, id: [len(views)] if (views := s.of(s.views, id)) else [],
    ),
    ("product_viewed", "category_id"): (
        "number",
        lambda s, id: s.in_categories(s.of(s.views, id)),
    ),
    ("product_viewed", "days_since_last_view"): (
        "number",
        lambda s, id: [s.days(t) for t in _last([v["added_at"] for v in s.of(s.views, id)])],
    ),
    ("product_viewed", "on_clearance"): (
        "number",
        lambda s, id: [s.on_clearance(view) for view in s.of(s.views, id)],
    ),
    ("product_wishlist", "wishlist_items_count"): (
        "number",
        lambda s, id: [len(wishes)] if (wishes := s.wished(id)) else [],
    ),
    ("product_wishlist", "wishlist_shared"): (
        "number",
        lambda s, id: [row["shared"] for row in s.of(s.wishlists, id)],
    ),
    ("review", "rating"): ("number", lambda s, id: [s.stars(r) for r in s.written(id)]),
    ("review", "count"): ("number", lambda s, id: [len(s.written(id))]),
    ("review", "days_since"): (
        "number",
        lambda s, id: [s.days(t) for t in _last([r["created_at"] for r in s.written(id)])],
    ),
    ("product_wishlist", "product_sku"): (
        "text",
        lambda s, id: [s.skus[wish["product_id"]] for wish in s.wished(id)],
    ),
}
