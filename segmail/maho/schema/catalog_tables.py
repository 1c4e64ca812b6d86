"""The tables of products, carts and orders that mails show and segmail never writes.

They have only the columns that are read and that `sales_tables` lacks, with Maho's types and
indexes. Foreign keys are left out, so that the tables can be created on their own in the tests, on
every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Date,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from segmail.maho.db.column_types import UInt, USmallInt


@dataclass(frozen=True)
class CatalogTables:
    """Prices, stock, page addresses, options, taxes and links of products, by their role."""

    metadata: MetaData
    product_website: Table
    product_relation: Table
    product_link: Table
    link_attribute: Table
    link_position: Table
    price_index: Table
    rule_price: Table
    stock_status: Table
    rewrite: Table
    category: Table
    category_int: Table
    category_varchar: Table
    bestsellers: Table
    quote_option: Table
    quote_address: Table
    option_title: Table
    option_value_title: Table
    super_attribute: Table
    super_label: Table
    attribute_label: Table
    option: Table
    attribute_option: Table
    track: Table
    status: Table
    status_label: Table
    tax: Table
    tax_rate: Table
    tax_rule: Table


@cache
def build_catalog_tables(prefix: str = "") -> CatalogTables:
    """Return the tables with `prefix` before each name, in a MetaData of their own.

    They are built once and shared, so nobody may change them.
    """
    m = MetaData()

    def table(name: str, *parts: Any) -> Table:
        return Table(prefix + name, m, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb3")

    return CatalogTables(
        metadata=m,
        product_website=table(
            "catalog_product_website", _part("product_id"), _part("website_id", USmallInt)
        ),
        product_relation=table(
            "catalog_product_relation", _part("parent_id"), _part("child_id", index=True)
        ),
        product_link=table(
            "catalog_product_link",
            _key("link_id"),
            *map(_id, ("product_id", "linked_product_id")),
            Column("link_type_id", USmallInt, nullable=False, server_default="0"),
        ),
        link_attribute=table(
            "catalog_product_link_attribute",
            _key("product_link_attribute_id", USmallInt),
            Column("link_type_id", USmallInt, nullable=False, server_default="0"),
            Column("product_link_attribute_code", String(32)),
        ),
        link_position=table(
            "catalog_product_link_attribute_int",
            _key("value_id"),
            Column("product_link_attribute_id", USmallInt),
            _id("link_id"),
            Column("value", Integer, nullable=False, server_default="0"),
        ),
        price_index=table(
            "catalog_product_index_price",
            _part("entity_id"),
            _part("customer_group_id", USmallInt, index=True),
            _part("website_id", USmallInt),
            Column("tax_class_id", USmallInt, server_default="0"),
            *map(_money, ("price", "final_price", "min_price", "max_price")),
            *map(_money, ("tier_price", "group_price")),
        ),
        rule_price=table(
            "catalogrule_product_price",
            _key("rule_product_price_id"),
            Column("rule_date", Date, nullable=False),
            Column("customer_group_id", USmallInt),
            _id("product_id"),
            Column("rule_price", Numeric(12, 4), nullable=False, server_default="0"),
            Column("website_id", USmallInt, nullable=False),
        ),
        stock_status=table(
            "cataloginventory_stock_status",
            _part("product_id"),
            _part("website_id", USmallInt),
            _part("stock_id", USmallInt),
            Column("stock_status", USmallInt, nullable=False, server_default="0"),
        ),
        rewrite=table(
            "core_url_rewrite",
            _key("url_rewrite_id"),
            Column("store_id", USmallInt, nullable=False, server_default="0"),
            Column("id_path", String(255)),
            Column("request_path", String(255)),
            Column("is_system", USmallInt, server_default="1"),
            Column("category_id", UInt),
            Column("product_id", UInt, index=True),
        ),
        category=table(
            "catalog_category_entity",
            _key("entity_id"),
            Column("path", String(255), nullable=False),
            Column("level", Integer, nullable=False, server_default="0"),
        ),
        category_int=table(
            "catalog_category_entity_int",
            _key("value_id", Integer),
            Column("attribute_id", USmallInt, nullable=False),
            Column("store_id", USmallInt, nullable=False, server_default="0"),
            _id("entity_id"),
            Column("value", Integer),
        ),
        category_varchar=table(
            "catalog_category_entity_varchar",
            _key("value_id", Integer),
            Column("attribute_id", USmallInt, nullable=False),
            Column("store_id", USmallInt, nullable=False, server_default="0"),
            _id("entity_id"),
            Column("value", String(255)),
        ),
        bestsellers=table(
            "sales_bestsellers_aggregated_monthly",
            _key("id"),
            Column("period", Date),
            Column("store_id", USmallInt, index=True),
            Column("product_id", UInt, index=True),
            _money("qty_ordered"),
        ),
        quote_option=table(
            "sales_flat_quote_item_option",
            _key("option_id"),
            _id("item_id"),
            Column("product_id", UInt, nullable=False),
            Column("code", String(255), nullable=False),
            Column("value", Text),
        ),
        quote_address=table(
            "sales_flat_quote_address",
            _key("address_id"),
            _id("quote_id"),
            Column("address_type", String(255)),
            Column("shipping_method", String(255)),
            _money("subtotal_incl_tax"),
        ),
        option_title=table("catalog_product_option_title", *_titles("option_id", "title")),
        option_value_title=table(
            "catalog_product_option_type_title", *_titles("option_type_id", "title")
        ),
        super_attribute=table(
            "catalog_product_super_attribute",
            _key("product_super_attribute_id"),
            _id("product_id"),
            Column("attribute_id", USmallInt, nullable=False, server_default="0"),
            Column("position", USmallInt, nullable=False, server_default="0"),
        ),
        super_label=table(
            "catalog_product_super_attribute_label",
            _key("value_id"),
            _id("product_super_attribute_id"),
            Column("store_id", USmallInt, nullable=False, server_default="0"),
            Column("use_default", USmallInt, server_default="0"),
            Column("value", String(255)),
        ),
        attribute_label=table(
            "eav_attribute_label",
            _key("attribute_label_id"),
            Column("attribute_id", USmallInt, nullable=False, index=True),
            Column("store_id", USmallInt, nullable=False),
            Column("value", String(255)),
        ),
        option=table(
            "eav_attribute_option",
            _key("option_id"),
            Column("attribute_id", USmallInt, nullable=False, server_default="0", index=True),
        ),
        attribute_option=table("eav_attribute_option_value", *_titles("option_id", "value")),
        track=table(
            "sales_flat_shipment_track",
            _key("entity_id"),
            _id("order_id"),
            Column("track_number", Text),
        ),
        status=table(
            "sales_order_status",
            Column("status", String(32), primary_key=True),
            Column("label", String(128), nullable=False),
        ),
        status_label=table(
            "sales_order_status_label",
            Column("status", String(32), primary_key=True),
            _part("store_id", USmallInt),
            Column("label", String(128), nullable=False),
        ),
        tax=table(
            "tax_calculation",
            _key("tax_calculation_id", Integer),
            *(
                Column(name, Integer, nullable=False)
                for name in ("tax_calculation_rate_id", "tax_calculation_rule_id")
            ),
            Column("customer_tax_class_id", SmallInteger, nullable=False),
            Column("product_tax_class_id", SmallInteger, nullable=False),
        ),
        tax_rate=table(
            "tax_calculation_rate",
            _key("tax_calculation_rate_id", Integer),
            Column("tax_country_id", String(2), nullable=False),
            Column("tax_region_id", Integer, nullable=False),
            Column("tax_postcode", String(21)),
            Column("rate", Numeric(12, 4), nullable=False),
            Column("zip_is_range", SmallInteger),
        ),
        tax_rule=table(
            "tax_calculation_rule",
            _key("tax_calculation_rule_id", Integer),
            Column("priority", Integer, nullable=False),
        ),
    )


def _titles(of: str, text: str) -> tuple[Any, ...]:
    return (
        _key(f"{of.removesuffix('_id')}_{text}_id" if text == "title" else "value_id"),
        _id(of),
        Column("store_id", USmallInt, nullable=False, server_default="0"),
        Column(text, String(255)),
        *([UniqueConstraint(of, "store_id")] if text == "title" else []),
    )


def _key(name: str, type_: Any = UInt) -> Column[Any]:
    return Column(name, type_, primary_key=True, autoincrement=True)


def _part(name: str, type_: Any = UInt, *, index: bool = False) -> Column[Any]:
    """Return a column of a composite primary key."""
    return Column(name, type_, primary_key=True, autoincrement=False, index=index)


def _id(name: str) -> Column[Any]:
    return Column(name, UInt, nullable=False, server_default="0", index=True)


def _money(name: str) -> Column[Any]:
    return Column(name, Numeric(12, 4))
