"""The tables of a Maho shop that segment conditions and mails read and segmail never writes.

They have only the columns that are used, with Maho's types and indexes. Foreign keys are left out,
so that the tables can be created on their own in the tests, on every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from segmail.maho.db.column_types import BigUInt, UInt, USmallInt, UtcDateTime
from segmail.maho.schema.tables import EAV_TYPES


@dataclass(frozen=True)
class SalesTables:
    """Orders, carts, products, views, wishlists, reviews, logins and addresses by their role."""

    metadata: MetaData
    order: Table
    order_item: Table
    order_payment: Table
    creditmemo: Table
    quote: Table
    quote_item: Table
    viewed: Table
    wishlist: Table
    wishlist_item: Table
    review: Table
    review_detail: Table
    rating_vote: Table
    login: Table
    product: Table
    product_values: dict[str, Table]
    category_product: Table
    address: Table
    address_values: dict[str, Table]
    region: Table


@cache
def build_sales_tables(prefix: str = "") -> SalesTables:
    """Return the tables with `prefix` before each name, in a MetaData of their own.

    They are built once and shared, so nobody may change them.
    """
    m = MetaData()

    def table(name: str, *parts: Any) -> Table:
        return Table(prefix + name, m, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb3")

    return SalesTables(
        metadata=m,
        order=table("sales_flat_order", *_order()),
        order_item=table("sales_flat_order_item", *_order_item()),
        order_payment=table(
            "sales_flat_order_payment",
            _key("entity_id"),
            Column("parent_id", UInt, nullable=False, index=True),
            Column("method", String(255)),
        ),
        creditmemo=table(
            "sales_flat_creditmemo",
            _key("entity_id"),
            Column("order_id", UInt, nullable=False, index=True),
            Column("state", Integer, index=True),
            _money("grand_total"),
            Column("created_at", UtcDateTime, index=True),
            Column("updated_at", UtcDateTime),
        ),
        quote=table("sales_flat_quote", *_quote()),
        quote_item=table("sales_flat_quote_item", *_quote_item()),
        viewed=table(
            "report_viewed_product_index",
            _key("index_id"),
            Column("visitor_id", UInt),
            Column("customer_id", UInt, index=True),
            Column("product_id", UInt, nullable=False, index=True),
            Column("store_id", USmallInt),
            Column("added_at", UtcDateTime, nullable=False, index=True),
        ),
        wishlist=table(
            "wishlist",
            _key("wishlist_id"),
            Column("customer_id", UInt, nullable=False, unique=True),
            Column("shared", USmallInt, nullable=False, server_default="0", index=True),
            Column("updated_at", UtcDateTime),
        ),
        wishlist_item=table(
            "wishlist_item",
            _key("wishlist_item_id"),
            Column("wishlist_id", UInt, nullable=False, index=True),
            Column("product_id", UInt, nullable=False, index=True),
            Column("store_id", USmallInt),
            Column("added_at", UtcDateTime),
            Column("qty", Numeric(12, 4), nullable=False, server_default="1"),
        ),
        review=table(
            "review",
            _key("review_id", BigUInt),
            Column("created_at", UtcDateTime, nullable=False),
            Column("entity_id", USmallInt, nullable=False, server_default="0", index=True),
            Column("entity_pk_value", UInt, nullable=False, server_default="0", index=True),
            Column("status_id", USmallInt, nullable=False, server_default="0", index=True),
        ),
        review_detail=table(
            "review_detail",
            _key("detail_id", BigUInt),
            Column("review_id", BigUInt, nullable=False, server_default="0", index=True),
            Column("store_id", USmallInt, server_default="0", index=True),
            Column("customer_id", UInt, index=True),
        ),
        rating_vote=table(
            "rating_option_vote",
            _key("vote_id", BigUInt),
            Column("rating_id", USmallInt, nullable=False, server_default="0"),
            Column("review_id", BigUInt, index=True),
            Column("percent", SmallInteger, nullable=False, server_default="0"),
            Column("value", SmallInteger, nullable=False, server_default="0"),
        ),
        login=table(
            "log_customer",
            _key("log_id", Integer),
            Column("visitor_id", UInt, index=True),
            Column("customer_id", Integer, nullable=False),
            Column("login_at", UtcDateTime, nullable=False),
            Column("store_id", USmallInt, nullable=False, server_default="1"),
        ),
        product=table(
            "catalog_product_entity",
            _key("entity_id"),
            Column("entity_type_id", USmallInt, nullable=False, server_default="0"),
            Column("attribute_set_id", USmallInt, nullable=False, server_default="0"),
            Column("type_id", String(32), nullable=False, server_default="simple"),
            Column("sku", String(64), index=True),
            Column("created_at", UtcDateTime),
            Column("updated_at", UtcDateTime),
        ),
        product_values={
            type_: table(f"catalog_product_entity_{type_}", *_product_value(type_))
            for type_ in EAV_TYPES
        },
        category_product=table(
            "catalog_category_product",
            Column("category_id", UInt, primary_key=True, autoincrement=False),
            Column("product_id", UInt, primary_key=True, autoincrement=False, index=True),
        ),
        address=table(
            "customer_address_entity",
            _key("entity_id"),
            Column("parent_id", UInt, index=True),
            Column("created_at", UtcDateTime),
            Column("updated_at", UtcDateTime),
        ),
        address_values={
            type_: table(f"customer_address_entity_{type_}", *_address_value(type_))
            for type_ in EAV_TYPES
        },
        region=table(
            "directory_country_region",
            _key("region_id"),
            Column("country_id", String(4), nullable=False, server_default="0", index=True),
            Column("code", String(32)),
            Column("default_name", String(255)),
        ),
    )


def _order() -> tuple[Any, ...]:
    return (
        _key("entity_id"),
        Column("state", String(32), index=True),
        Column("status", String(32), index=True),
        Column("coupon_code", String(255)),
        Column("shipping_method", String(255)),
        Column("store_id", USmallInt, index=True),
        Column("customer_id", UInt, index=True),
        Column("customer_email", String(255)),
        Column("order_currency_code", String(255)),
        Column("base_currency_code", String(3)),
        *map(_money, ("base_grand_total", "discount_amount", "grand_total", "shipping_amount")),
        *map(_money, ("subtotal", "tax_amount", "total_qty_ordered", "base_total_refunded")),
        Column("increment_id", String(50)),
        Column("created_at", UtcDateTime, index=True),
        Column("updated_at", UtcDateTime, index=True),
    )


def _order_item() -> tuple[Any, ...]:
    return (
        _key("item_id"),
        Column("order_id", UInt, nullable=False, index=True),
        Column("parent_item_id", UInt),
        Column("store_id", USmallInt, index=True),
        Column("product_id", UInt, index=True),
        Column("product_type", String(255)),
        Column("sku", String(255)),
        Column("name", String(255)),
        *map(_money, ("qty_ordered", "row_total", "row_total_incl_tax", "discount_amount")),
        *map(_money, ("tax_amount", "hidden_tax_amount")),
        Column("product_options", Text),
    )


def _quote() -> tuple[Any, ...]:
    return (
        _key("entity_id"),
        Column("store_id", USmallInt, nullable=False, server_default="0", index=True),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
        Column("is_active", USmallInt, server_default="1"),
        Column("items_count", UInt, server_default="0"),
        Column("trigger_recollect", SmallInteger, nullable=False, server_default="0"),
        Column("quote_currency_code", String(255)),
        *map(_money, ("subtotal", "grand_total")),
        *map(_money, ("items_qty", "base_subtotal", "base_grand_total")),
        Column("customer_id", UInt, server_default="0"),
        Column("applied_rule_ids", String(255)),
        Column("coupon_code", String(255)),
        Index(None, "customer_id", "store_id", "is_active"),
    )


def _quote_item() -> tuple[Any, ...]:
    return (
        _key("item_id"),
        Column("quote_id", UInt, nullable=False, index=True),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
        Column("product_id", UInt, index=True),
        Column("store_id", USmallInt, index=True),
        Column("parent_item_id", UInt, index=True),
        Column("product_type", String(255)),
        Column("name", String(255)),
        Column("is_virtual", USmallInt),
        *map(_money, ("qty", "price", "base_price", "row_total", "base_row_total")),
        *map(_money, ("row_total_incl_tax", "tax_amount", "hidden_tax_amount")),
    )


def _product_value(type_: str) -> tuple[Any, ...]:
    return (
        _key("value_id", Integer),
        Column("entity_type_id", UInt, nullable=False, server_default="0"),
        Column("attribute_id", USmallInt, nullable=False, index=True),
        Column("store_id", USmallInt, nullable=False, server_default="0", index=True),
        Column("entity_id", UInt, nullable=False, index=True),
        Column("value", _VALUE[type_]),
        UniqueConstraint("entity_id", "attribute_id", "store_id"),
    )


def _address_value(type_: str) -> tuple[Any, ...]:
    return (
        _key("value_id", Integer),
        Column("entity_type_id", USmallInt, nullable=False, server_default="0"),
        Column("attribute_id", USmallInt, nullable=False, index=True),
        Column("entity_id", UInt, nullable=False, index=True),
        Column("value", _VALUE[type_]),
        UniqueConstraint("entity_id", "attribute_id"),
    )


_VALUE: dict[str, TypeEngine[Any]] = {
    "varchar": String(255),
    "int": Integer(),
    "datetime": UtcDateTime(),
    "decimal": Numeric(12, 4),
    "text": Text(),
}


def _key(name: str, type_: Any = UInt) -> Column[Any]:
    return Column(name, type_, primary_key=True, autoincrement=True)


def _money(name: str) -> Column[Any]:
    return Column(name, Numeric(12, 4))
