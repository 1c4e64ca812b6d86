"""Puts orders, carts, products, views and wishlists into a test shop, and asks who matches."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from segmail.maho.schema.catalog_tables import CatalogTables, build_catalog_tables
from segmail.maho.schema.sales_tables import SalesTables
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.scope import open_scope
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

PRODUCT_ATTRIBUTES = {
    "name": (101, "varchar", "text"),
    "sku": (102, "static", "text"),
    "price": (103, "decimal", "price"),
    "special_price": (104, "decimal", "price"),
    "special_from_date": (105, "datetime", "date"),
    "special_to_date": (106, "datetime", "date"),
    "color": (107, "int", "select"),
    "materials": (108, "varchar", "multiselect"),
    "category_ids": (109, "static", "text"),
}


_CATEGORY_NAME = 41


def leaf(family: str, attribute: str, operator: str, value: Any, path: str = "1") -> Leaf:
    """A condition; a list stands for several values."""
    values = tuple(value) if isinstance(value, list) else value
    return Leaf(family, attribute, operator, values, path)


def every(*children: ConditionNode, expects: bool = True) -> Combine:
    return Combine(every=True, expects=expects, children=children, path="")


def some(*children: ConditionNode, expects: bool = True) -> Combine:
    return Combine(every=False, expects=expects, children=children, path="")


class SalesBuilder:
    """What customers did in a shop; times are `ago` before the shop's `now`."""

    def __init__(self, shop: ShopBuilder) -> None:
        self.shop = shop
        self.sales: SalesTables = create_sales_tables(shop)
        shop.config("general/locale/timezone", "UTC")
        shop.insert_all(
            shop.tables.entity_type,
            [
                {"entity_type_id": 3, "entity_type_code": "catalog_category", "entity_model": "c"},
                {"entity_type_id": 4, "entity_type_code": "catalog_product", "entity_model": "p"},
            ],
        )
        shop.insert_all(
            shop.tables.attribute,
            [
                {"attribute_id": id, "entity_type_id": 4, "attribute_code": code,
                 "backend_type": backend, "frontend_input": frontend}
                for code, (id, backend, frontend) in PRODUCT_ATTRIBUTES.items()
            ],
        )  # fmt: skip
        self._categories = itertools.count(11)
        self.catalog: CatalogTables = build_catalog_tables(shop.tables.prefix)
        shop.insert(
            shop.tables.attribute,
            attribute_id=_CATEGORY_NAME,
            entity_type_id=3,
            attribute_code="name",
            backend_type="varchar",
        )

    def category(self, name: str, path: str = "1/2") -> int:
        """Insert a category below others (their ids), with its name for all stores."""
        id = next(self._categories)
        self.shop.insert(
            self.catalog.category, entity_id=id, path=f"{path}/{id}", level=path.count("/") + 1
        )
        self.shop.insert(
            self.catalog.category_varchar,
            attribute_id=_CATEGORY_NAME,
            store_id=0,
            entity_id=id,
            value=name,
        )
        return id

    def choices(self, attribute_id: int, *labels: str) -> list[int]:
        """Insert the choices of an attribute, and return their ids."""
        ids = []
        for label in labels:
            ids.append(self.shop.insert(self.catalog.option, attribute_id=attribute_id))
            labelled = {"option_id": ids[-1], "store_id": 0, "value": label}
            self.shop.insert(self.catalog.attribute_option, **labelled)
        return ids

    def order(
        self, customer_id: int | None, total: str = "100", *, ago: timedelta = timedelta(), **c: Any
    ) -> int:
        """Insert a complete order in store 1 and return its id."""
        at = self.shop.now - ago
        amounts = {"grand_total": total, "base_grand_total": total}
        standard = {"state": "complete", "status": "complete", "store_id": 1, **amounts}
        times = {"created_at": at, "updated_at": at}
        return self.shop.insert(
            self.sales.order, customer_id=customer_id, **{**standard, **times, **c}
        )

    def ordered(self, order_id: int, sku: str | None = "A", **c: Any) -> int:
        standard = {"sku": sku, "name": sku, "product_type": "simple", "store_id": 1}
        return self.shop.insert(self.sales.order_item, order_id=order_id, **{**standard, **c})

    def cart(self, customer_id: int | None, *, ago: timedelta = timedelta(), **c: Any) -> int:
        """Insert an active cart with one item in store 1, made and changed `ago`."""
        at = self.shop.now - ago
        standard = {"store_id": 1, "is_active": 1, "items_count": 1}
        times = {"created_at": at, "updated_at": at}
        return self.shop.insert(
            self.sales.quote, customer_id=customer_id, **{**standard, **times, **c}
        )

    def in_cart(self, quote_id: int, product_id: int | None = None, **c: Any) -> int:
        now = self.shop.now
        times = {"created_at": now, "updated_at": now}
        return self.shop.insert(
            self.sales.quote_item, quote_id=quote_id, product_id=product_id, **{**times, **c}
        )

    def product(self, sku: str = "A", *, categories: Collection[int] = (), **values: Any) -> int:
        """Insert a product with `values` by attribute code, for all stores."""
        product_id = self.shop.insert(self.sales.product, sku=sku)
        for category_id in categories:
            self.shop.insert_all(
                self.sales.category_product,
                [{"category_id": category_id, "product_id": product_id}],
            )
        for code, value in values.items():
            self.product_value(product_id, code, value)
        return product_id

    def product_value(self, product_id: int, code: str, value: Any, *, store_id: int = 0) -> None:
        attribute_id, backend, _ = PRODUCT_ATTRIBUTES[code]
        self.shop.insert(
            self.sales.product_values[backend],
            attribute_id=attribute_id,
            entity_id=product_id,
            store_id=store_id,
            value=value,
        )

    def view(self, customer_id: int | None, product_id: int, *, days: int = 0, **c: Any) -> int:
        at = self.shop.now - timedelta(days=days)
        values = {"store_id": 1, "added_at": at, **c}
        return self.shop.insert(
            self.sales.viewed, customer_id=customer_id, product_id=product_id, **values
        )

    def review(
        self,
        customer_id: int | None,
        stars: Sequence[int] = (5, 5, 5),
        *,
        days: int = 0,
        **c: Any,
    ) -> int:
        """Insert an approved review of a product in store 1, with its ratings; return its id."""
        standard: dict[str, Any] = {"entity_id": 1, "entity_pk_value": 1, "status_id": 1}
        at = self.shop.now - timedelta(days=days)
        detail = {"store_id": c.pop("store_id", 1), "customer_id": customer_id}
        standard["created_at"] = at
        review_id = self.shop.insert(self.sales.review, **{**standard, **c})
        self.shop.insert(self.sales.review_detail, review_id=review_id, **detail)
        for rating_id, value in enumerate(stars, start=1):
            vote = {"rating_id": rating_id, "percent": 20 * value, "value": value}
            self.shop.insert(self.sales.rating_vote, review_id=review_id, **vote)
        return review_id

    def wishlist(self, customer_id: int, *, shared: int = 0) -> int:
        return self.shop.insert(self.sales.wishlist, customer_id=customer_id, shared=shared)

    def wish(self, wishlist_id: int, product_id: int, *, days: int = 0, **c: Any) -> int:
        values = {"store_id": 1, "added_at": self.shop.now - timedelta(days=days), **c}
        return self.shop.insert(
            self.sales.wishlist_item, wishlist_id=wishlist_id, product_id=product_id, **values
        )

    def matching(self, tree: ConditionNode, *, group_ids: Collection[int] = ()) -> set[int]:
        """Return the ids of the customers of website 1 that the tree matches.

        Asking about a few customers must give the same answer about these.
        """
        root = tree if isinstance(tree, Combine) else every(tree)
        with self.shop.read() as tx:
            scope = open_scope(tx, self.sales, now=self.shop.now)
            query = matching_customers(root, scope, website_ids=(1,), group_ids=group_ids)
            found: set[int] = set(tx.connection.scalars(query))
            few = set(tx.connection.scalars(select(self.shop.tables.customer.c.entity_id))) - {
                1,
                4,
                5,
            }
            query = matching_customers(
                root, scope, website_ids=(1,), group_ids=group_ids, among=few
            )
            of_few: set[int] = set(tx.connection.scalars(query))
            assert of_few == found & few
        return found

    def who(self, family: str, attribute: str, operator: str, value: Any) -> set[int]:
        """Return the ids of the customers that one condition matches."""
        return self.matching(leaf(family, attribute, operator, value))
