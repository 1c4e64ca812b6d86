"""Builds the shop of the recipes: the demo's stores, products that are sold, and the cast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from segmail.demo.recipes.cast import (
    BLANKET,
    CAST,
    CATEGORIES,
    ELECTRONICS,
    KETTLE,
    LAMP,
    MUG,
    START,
    WINTER,
    Role,
)
from segmail.demo.seed import STORES
from segmail.demo.seed_rows import Rows, id_in
from segmail.demo.shop_rows import CUSTOMER_GROUP, setting_rows, store_rows
from segmail.maho.config.switch import FLAG
from segmail.maho.customers import SubscriberStatus
from segmail.maho.db.database import Database
from segmail.maho.schema.catalog_tables import CatalogTables, build_catalog_tables
from segmail.maho.schema.sales_tables import SalesTables, build_sales_tables
from segmail.maho.schema.tables import Layout, Tables, build_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

_CUSTOMER, _ADDRESS, _CATEGORY, _PRODUCT = 1, 2, 3, 4  # entity types
_ATTRIBUTES = {
    _CUSTOMER: {"firstname": "varchar", "lastname": "varchar", "dob": "datetime",
                "email": "static", "group_id": "static", "store_id": "static",
                "website_id": "static", "created_at": "static", "default_billing": "int",
                "default_shipping": "int"},
    _ADDRESS: {"country_id": "varchar"},
    _PRODUCT: {"name": "varchar", "sku": "static", "status": "int", "visibility": "int",
               "url_key": "varchar", "price": "decimal", "special_price": "decimal",
               "special_from_date": "datetime", "special_to_date": "datetime",
               "category_ids": "static"},
    _CATEGORY: {"name": "varchar"},
}  # fmt: skip
_TYPES = {
    _CUSTOMER: "customer",
    _ADDRESS: "customer_address",
    _CATEGORY: "catalog_category",
    _PRODUCT: "catalog_product",
}
_IDS = {
    (type_, code): number
    for number, (type_, code) in enumerate(
        ((type_, code) for type_, codes in _ATTRIBUTES.items() for code in codes), start=1
    )
}

# Name, category, price, special price.
_PRODUCTS = (
    (BLANKET, CATEGORIES[WINTER], 89, None),
    (KETTLE, CATEGORIES[ELECTRONICS], 129, None),
    (LAMP, CATEGORIES[ELECTRONICS] + 1, 60, 39),
    (MUG, CATEGORIES[ELECTRONICS] + 2, 18, None),
)


def build_recipes_shop(
    database: Database, cast: Sequence[Role] = CAST, layout: Layout = Layout.SHIPPED
) -> Shop:
    """Create the shop in an empty database; the cast's ids follow its order, from 1."""
    tables, sales, catalog = build_tables("", layout), build_sales_tables(), build_catalog_tables()
    shop = Shop(database, tables)

    def work(tx: Transaction) -> None:
        for part in (tables, sales, catalog):
            part.metadata.create_all(tx.connection)
        rows: Rows = [
            *store_rows(tables),
            (tables.config, [*setting_rows(), *_settings()]),
            *_attribute_rows(tables),
            *_product_rows(sales, catalog),
            *_customer_rows(tables, sales, cast),
            *_deed_rows(sales, cast),
        ]
        for table, values in rows:
            if values:
                tx.connection.execute(insert(table), values)

    shop.transact(work)
    return shop


def address_of(role: Role) -> str:
    """Return a customer's invented address, in a domain that nobody can own."""
    return f"{role.name.lower().replace(' ', '.')}@mail.example"


def _settings() -> Iterator[dict[str, Any]]:
    for path, value in (
        (FLAG, "1"),
        ("trans_email/ident_general/name", "Juniper & Finch"),
        ("trans_email/ident_general/email", "hello@juniper-finch.example"),
    ):
        yield {"scope": "default", "scope_id": 0, "path": path, "value": value}


def _attribute_rows(t: Tables) -> Rows:
    return [
        (
            t.entity_type,
            [
                {"entity_type_id": id, "entity_type_code": code, "entity_model": code}
                for id, code in _TYPES.items()
            ],
        ),
        (
            t.attribute,
            [
                {
                    "attribute_id": id,
                    "entity_type_id": type_,
                    "attribute_code": code,
                    "backend_type": _ATTRIBUTES[type_][code],
                }
                for (type_, code), id in _IDS.items()
            ],
        ),
        (
            t.customer_attribute,
            [
                {"attribute_id": id, "is_visible": 1}
                for (type_, _), id in _IDS.items()
                if type_ == _CUSTOMER
            ],
        ),
    ]


def _product_rows(s: SalesTables, c: CatalogTables) -> Rows:
    products = list(enumerate(_PRODUCTS, start=1))
    websites = range(1, len(STORES) + 1)

    def values(*codes_and_values: tuple[str, Any], id: int) -> list[dict[str, Any]]:
        return [
            {"attribute_id": _IDS[_PRODUCT, code], "entity_id": id, "value": value}
            for code, value in codes_and_values
            if value is not None
        ]

    return [
        (
            s.product,
            [{"entity_id": id, "sku": f"JF-{id}", "created_at": START} for id, _ in products],
        ),
        (
            c.category,
            [{"entity_id": id, "path": f"1/{id}", "level": 1} for id in CATEGORIES.values()],
        ),
        (
            c.category_varchar,
            [
                {"attribute_id": _IDS[_CATEGORY, "name"], "entity_id": id, "value": name}
                for name, id in CATEGORIES.items()
            ],
        ),
        (s.category_product, [{"category_id": it[1], "product_id": id} for id, it in products]),
        (
            s.product_values["varchar"],
            [
                row
                for id, (name, *_) in products
                for row in values(
                    ("name", name), ("url_key", name.lower().replace(" ", "-")), id=id
                )
            ],
        ),
        (
            s.product_values["int"],
            [row for id, _ in products for row in values(("status", 1), ("visibility", 4), id=id)],
        ),
        (
            s.product_values["decimal"],
            [
                {**row, "value": Decimal(row["value"])}
                for id, (_, _, price, special) in products
                for row in values(("price", price), ("special_price", special), id=id)
            ],
        ),
        (
            c.product_website,
            [{"product_id": id, "website_id": site} for id, _ in products for site in websites],
        ),
        (
            c.stock_status,
            [
                {"product_id": id, "website_id": site, "stock_id": 1, "stock_status": 1}
                for id, _ in products
                for site in websites
            ],
        ),
        (
            c.price_index,
            [
                {
                    "entity_id": id,
                    "customer_group_id": CUSTOMER_GROUP,
                    "website_id": site,
                    "price": price,
                    "final_price": special or price,
                    "min_price": special or price,
                    "max_price": price,
                }
                for id, (_, _, price, special) in products
                for site in websites
            ],
        ),
    ]  # fmt: skip


def _customer_rows(t: Tables, s: SalesTables, roles: Sequence[Role]) -> Rows:
    cast = list(enumerate(roles, start=1))

    def value(type_: int, code: str, id: int, value: Any) -> dict[str, Any]:
        return {
            "entity_type_id": type_,
            "attribute_id": _IDS[type_, code],
            "entity_id": id,
            "value": value,
        }

    return [
        (t.customer, [_customer(id, role) for id, role in cast]),
        (
            t.customer_values["varchar"],
            [
                value(_CUSTOMER, code, id, part)
                for id, role in cast
                for code, part in zip(
                    ("firstname", "lastname"), role.name.split(" ", 1), strict=True
                )
            ],
        ),
        (
            t.customer_values["datetime"],
            [
                value(_CUSTOMER, "dob", id, datetime.combine(role.born, datetime.min.time()))
                for id, role in cast
                if role.born
            ],
        ),
        (
            t.subscriber,
            [
                {
                    "customer_id": id,
                    "store_id": id_in(STORES, role.store),
                    "subscriber_email": address_of(role),
                    "subscriber_status": (
                        SubscriberStatus.SUBSCRIBED
                        if role.is_subscribed
                        else SubscriberStatus.UNSUBSCRIBED
                    ),
                    "subscriber_confirm_code": f"demo{id:04d}",
                    "change_status_at": START - timedelta(days=1),
                }
                for id, role in cast
            ],
        ),
        (s.address, [{"entity_id": id, "parent_id": id} for id, _ in cast]),
        (
            s.address_values["varchar"],
            [value(_ADDRESS, "country_id", id, role.country) for id, role in cast],
        ),
    ]


def _customer(id: int, role: Role) -> dict[str, Any]:
    at = START - timedelta(days=role.registered_days, minutes=20)
    store = id_in(STORES, role.store)
    return {
        "entity_id": id,
        "entity_type_id": _CUSTOMER,
        "website_id": store,
        "store_id": store,
        "group_id": CUSTOMER_GROUP,
        "email": address_of(role),
        "is_active": 1,
        "created_at": at,
        "updated_at": at,
    }


def _deed_rows(s: SalesTables, cast: Sequence[Role]) -> Rows:
    carts: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    ordered: list[dict[str, Any]] = []
    views: list[dict[str, Any]] = []
    names = [name for name, *_ in _PRODUCTS]
    for id, role in enumerate(cast, start=1):
        store, currency = id_in(STORES, role.store), role.store.currency
        product = id_in(names, role.product)
        line = {"store_id": store, "product_id": product, "product_type": "simple"}
        if role.cart:
            total, hours = Decimal(role.cart[0]), role.cart[1]
            times = dict.fromkeys(("created_at", "updated_at"), START - timedelta(hours=hours))
            sums = ("grand_total", "base_grand_total", "subtotal", "base_subtotal")
            carts.append(
                {
                    "entity_id": id,
                    "customer_id": id,
                    "store_id": store,
                    "is_active": 1,
                    "items_count": 1,
                    "items_qty": 1,
                    "quote_currency_code": currency,
                    **times,
                    **dict.fromkeys(sums, total),
                }
            )
            lines.append(
                {
                    **line,
                    **times,
                    "quote_id": id,
                    "name": role.product,
                    "qty": 1,
                    "row_total": total,
                    "row_total_incl_tax": total,
                }
            )
        for amount, days in role.orders:
            at = START - timedelta(days=days, hours=2)
            order_id = len(orders) + 1
            orders.append(
                {
                    "entity_id": order_id,
                    "increment_id": f"1000{order_id:04d}",
                    "customer_id": id,
                    "customer_email": address_of(role),
                    "store_id": store,
                    "state": "complete",
                    "status": "complete",
                    "order_currency_code": currency,
                    "base_currency_code": currency,
                    "created_at": at,
                    "updated_at": at,
                    **dict.fromkeys(("grand_total", "base_grand_total", "subtotal"), amount),
                }
            )
            ordered.append(
                {
                    **line,
                    "order_id": order_id,
                    "name": role.product,
                    "qty_ordered": 1,
                    "row_total": amount,
                }
            )
        if role.viewed:
            views.append(
                {
                    "customer_id": id,
                    "product_id": id_in(names, role.viewed),
                    "store_id": store,
                    "added_at": START - timedelta(days=2),
                }
            )
    return [
        (s.quote, carts),
        (s.quote_item, lines),
        (s.order, orders),
        (s.order_item, ordered),
        (s.viewed, views),
    ]
