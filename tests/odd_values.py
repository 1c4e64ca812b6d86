"""A shop in which each value of one customer after the other is odd, and one customer's none.

Every customer has a row in each table that the jobs read: an account, a cart, an order, a due step
and so on, all with the customer's own number as their id. Where a step, its template or its rule is
to be odd, the customer has one of their own; where a store view is, their own website too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, text

from tests.catalog_builder import Catalog
from tests.shop_builder import ShopBuilder

NUMBERS = (-1, 2**32 - 1)  # the last one stands for the most that a column holds
MOMENTS = ("0000-00-00 00:00:00", "1970-01-01 00:00:01")
DATES = (MOMENTS[0], "2025-00-10 00:00:00", "9999-12-31 23:59:59")
HALF = ('{"type":{{var', "a:1:{i:0;s:9:")  # JSON, a directive, and what PHP serializes
TEXTS = ("", "\x00\U0001f600", b"\xff\xfe\xc3", *HALF)
ODD: dict[str, tuple[Any, ...]] = {
    "date": DATES,
    "datetime": DATES,
    "timestamp": (*MOMENTS, "2038-01-19 03:14:07"),
    **dict.fromkeys(("int", "smallint", "tinyint", "bigint", "decimal"), NUMBERS),
    **dict.fromkeys(("varchar", "char", "enum", "text", "mediumtext", "longtext"), TEXTS),
}
_COLUMNS = text(
    "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE "
    "table_schema = DATABASE() AND table_name = :table ORDER BY ordinal_position"
)
_FIRST = 1_000  # the number of the first customer
_EVEN = range(_FIRST, _FIRST + 3)  # those without an odd value
_EARLIER = 100_000  # is added to it for what is over

# What is set wrong in Maho's configuration is told, with every fault, before anything is sent.
_SETTINGS = ("core_config_data", "value")
_OF_STEPS = ("segment", "sequence", "template", "rule", "rule_website", "rule_group")
_OF_STORES = ("website", "store_group", "store", "config")
_TRIED = ("queue", "problem", "queue_link", "coupon")  # what an earlier try left
_SEGMENT = "customersegmentation/segment_condition_"
_LEAVES = (
    ("customer_attributes", "created_at", ">=", "2020-01-01"),
    ("customer_attributes", "dob", ">=", "1970-01-01"),
    ("customer_attributes", "days_until_birthday", "<=", "300"),
    ("customer_attributes", "firstname", "{}", "A"),
    ("customer_attributes", "gender", "==", "1"),
    ("customer_address", "country_id", "==", "IT"),
    ("customer_newsletter", "change_status_at", ">=", "2020-01-01"),
    ("customer_clv", "lifetime_sales", ">", "10"),
    ("customer_clv", "lifetime_profit", "<", "100"),
    ("customer_timebased", "days_since_last_login", "<", "7"),
    ("customer_timebased", "order_frequency_days", "<=", "60"),
    ("order_attributes", "created_at", ">=", "2020-01-01"),
    ("order_attributes", "payment_method", "==", "checkmo"),
    ("order_attributes", "average_order_amount", ">", "1"),
    ("order_items", "product_name", "{}", "Lamp"),
    ("cart_attributes", "hours_since_updated", ">=", "1"),
    ("cart_items", "product_sku", "{}", "P"),
    ("product_viewed", "days_since_last_view", "<=", "7"),
    ("product_viewed", "on_clearance", "==", "1"),
    ("product_wishlist", "days_since_added", ">", "0"),
    ("customer_attributes", "store_id", ">=", "0"),
)


def _conditions(segment_id: int) -> str:
    """Return what everybody meets and every table is read for; of an own segment its customer."""
    own = ("customer_attributes", "email", "==", f"customer{segment_id}@example.test")
    conditions = [
        {"type": _SEGMENT + family, "attribute": attribute, "operator": operator, "value": value}
        for family, attribute, operator, value in ((own,) if segment_id >= _FIRST else _LEAVES)
    ]
    root = {"type": f"{_SEGMENT}combine", "aggregator": "any", "value": "1"}
    return json.dumps({**root, "conditions": conditions})


_TEXT = """\
{{var customer_firstname}} {{var customer_name}} {{var customer.dob}} {{var customer.notes}}
{{var coupon_code}} {{var coupon_expires_date}} {{store url=""}} {{config path="general/x"}}"""
_BOUGHT = """\
{{if cart}}{{var cart.getItemsHtml(3)}}{{var cart.subtotal}}{{/if}}
{{if order}}{{var order.getItemsHtml()}}{{var order.created_at}}{{var order.status_label}}{{/if}}
{{var products.getViewedHtml(4)}}{{var products.getClearanceHtml(4)}}
{{var products.getBestsellersHtml(4)}}{{var products.getCrosssellsHtml(4)}}
{{var products.getWishlistHtml(4)}} {{var customer_name}}"""


@dataclass(frozen=True)
class Odd:
    """One odd value, and the customer who has it."""

    table: str
    column: str
    value: Any
    number: int


@dataclass(frozen=True)
class OddShop:
    """What was put into it; who has no odd value is `even`, and every table has rows of theirs."""

    odd: list[Odd]
    even: list[int]  # customers without an odd value
    tables: frozenset[str]


class OddShopBuilder:
    """Fills an empty shop."""

    def __init__(self, shop: ShopBuilder) -> None:
        self.shop = shop
        self.catalog = Catalog(shop)
        self.metadata = (
            shop.tables.metadata,
            self.catalog.sales.metadata,
            self.catalog.catalog.metadata,
        )
        self.tables = {t.name: t for m in self.metadata for t in m.tables.values()}
        self._bought = {t.name for m in self.metadata[1:] for t in m.tables.values()}
        t = shop.tables
        entity = {"entity_type_code": "customer_address", "entity_model": "a"}
        shop.insert_all(t.entity_type, [{"entity_type_id": 2, **entity}])
        shop.insert_all(
            t.attribute,
            [
                {"attribute_id": 401, "entity_type_id": 2, "attribute_code": "country_id",
                 "backend_type": "varchar"},
                {"attribute_id": 301, "entity_type_id": 1, "attribute_code": "notes",
                 "backend_type": "text"},
                {"attribute_id": 302, "entity_type_id": 1, "attribute_code": "score",
                 "backend_type": "decimal"},
            ],
        )  # fmt: skip

    def build(self) -> OddShop:
        odd = [
            Odd(*found, number) for number, found in enumerate(self._values(), _FIRST + len(_EVEN))
        ]
        people = [*((number, None) for number in _EVEN), *((one.number, one) for one in odd)]
        rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        defaults = {
            name: {c.name: c.server_default.arg for c in table.columns if c.server_default}  # type: ignore[attr-defined]
            for name, table in self.tables.items()
        }
        for number, one in people:
            for name, some in self._rows_of(number, one.table if one else "").items():
                if one is not None and one.table == name:
                    some = [row | {one.column: one.value} for row in some]
                rows[name] += [defaults[name] | row for row in some]
        self.shop.database.transact(lambda connection: _write(connection, rows))
        return OddShop(odd, list(_EVEN), frozenset(rows))

    def _values(self) -> Iterator[tuple[str, str, Any]]:
        """Yield each odd value that might stand in a column, keys apart."""
        with self.shop.database.read() as connection:
            for name in (*self._rows_of(_FIRST, ""), *(t.name for t in self._store_rows(1))):
                keys = self.tables[name].primary_key.columns.keys()
                for column, kind, nullable in connection.execute(_COLUMNS, {"table": name}):
                    if column in keys or (name, column) == _SETTINGS:
                        continue
                    for value in (*([None] if nullable == "YES" else []), *ODD[kind]):
                        yield name, str(column), value

    def _rows_of(self, k: int, odd: str) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of a customer by table; those of `odd` are nobody else's."""
        t, s, c = self.shop.tables, self.catalog.sales, self.catalog.catalog
        now, day = self.shop.now, timedelta(days=1)
        of = {name: table for name, table in vars(t).items() if isinstance(table, Table)}
        role = next((role for role, table in of.items() if table.name == odd), "")
        step = k if role in _OF_STEPS else 3 if odd in self._bought or not odd else 1
        place = k if role in _OF_STORES else 1
        email = f"customer{k}@example.test"
        times = {"created_at": now - 2 * day, "updated_at": now - 2 * day}
        found: dict[Table, list[dict[str, Any]]] = {
            t.customer: [
                {"entity_id": k, "entity_type_id": 1, "website_id": place, "store_id": place,
                 "email": email, "group_id": 1, "increment_id": str(k), **times}
            ],
            t.customer_values["varchar"]: [
                {"entity_id": k, "attribute_id": 2, "value": "Ada"},
                {"entity_id": k, "attribute_id": 4, "value": "Lovelace"},
            ],
            t.customer_values["int"]: [{"entity_id": k, "attribute_id": 8, "value": 1}],
            t.customer_values["datetime"]: [
                {"entity_id": k, "attribute_id": 9, "value": datetime(1980, 3, 10)}  # noqa: DTZ001
            ],
            t.customer_values["text"]: [{"entity_id": k, "attribute_id": 301, "value": "a"}],
            t.customer_values["decimal"]: [{"entity_id": k, "attribute_id": 302, "value": 1}],
            t.subscriber: [
                {"subscriber_id": k, "customer_id": k, "store_id": place, "subscriber_email": email,
                 "subscriber_status": 1, "subscriber_confirm_code": f"code{k}",
                 "change_status_at": now - day}
            ],
            t.member: [
                {"segment_id": step, "customer_id": k, "website_id": place,
                 "added_at": now - day, "updated_at": now - day}
            ],
            t.progress: [
                {"progress_id": k, "customer_id": k, "segment_id": step, "sequence_id": step,
                 "queue_id": k if role in _TRIED else None, "step_number": 1,
                 "trigger_type": "enter", "status": "scheduled", "created_at": now - day / 24,
                 "scheduled_at": now - day / 24, "sent_at": None},
                {"progress_id": _EARLIER + k, "customer_id": k, "segment_id": 2, "sequence_id": 2,
                 "queue_id": _EARLIER + k, "step_number": 1, "trigger_type": "enter",
                 "status": "sent", "created_at": now - day, "scheduled_at": now - day,
                 "sent_at": now - day},
            ],
            t.queue: [
                self._queue_row(k, template_id=step, queue_status=5),
                self._queue_row(_EARLIER + k, template_id=2, queue_status=3),
            ],
            t.problem: [
                {"queue_id": k, "subscriber_id": k, "problem_error_code": 451,
                 "problem_error_text": "later"}
            ],
            t.queue_link: [
                {"queue_id": _EARLIER + k, "subscriber_id": k, "letter_sent_at": now - day}
            ],
            t.coupon: [
                {"coupon_id": k, "rule_id": step, "code": f"WB{k}ABCDEFGH", "type": 1,
                 "times_used": 0, "usage_limit": 1, "usage_per_customer": 1,
                 "expiration_date": (now - 300 * day).replace(tzinfo=None),
                 "created_at": now - 330 * day}
            ],
            t.coupon_usage: [{"coupon_id": k, "customer_id": k, "times_used": 0}],
            t.rule_customer: [
                {"rule_customer_id": k, "rule_id": step, "customer_id": k, "times_used": 1}
            ],
            s.order: [
                {"entity_id": k, "customer_id": k, "store_id": place, "state": "complete",
                 "status": "complete", "increment_id": str(k), "customer_email": email,
                 "order_currency_code": "USD", "base_currency_code": "USD", "coupon_code": f"C{k}",
                 "grand_total": 20, "base_grand_total": 20, "subtotal": 20, "tax_amount": 0,
                 "total_qty_ordered": 1, "shipping_amount": 0, "discount_amount": 0,
                 "base_total_refunded": 0, **times}
            ],
            s.order_item: [
                {"item_id": k, "order_id": k, "product_id": k, "sku": f"P{k}", "name": "Lamp",
                 "product_type": "simple", "store_id": place, "qty_ordered": 1, "row_total": 20,
                 "row_total_incl_tax": 20, "product_options": "a:0:{}"}
            ],
            s.order_payment: [{"entity_id": k, "parent_id": k, "method": "checkmo"}],
            s.creditmemo: [{"entity_id": k, "order_id": k, "state": 2, "grand_total": 5}],
            s.quote: [
                {"entity_id": k, "customer_id": k, "store_id": place, "is_active": 1,
                 "items_count": 1, "items_qty": 1, "quote_currency_code": "USD", "subtotal": 20,
                 "grand_total": 20, "base_subtotal": 20, "base_grand_total": 20, **times}
            ],
            s.quote_item: [
                {"item_id": k, "quote_id": k, "product_id": k, "store_id": place, "name": "Lamp",
                 "product_type": "simple", "qty": 1, "price": 20, "row_total": 20,
                 "row_total_incl_tax": 20, **times}
            ],
            c.quote_option: [
                {"option_id": k, "item_id": k, "product_id": k, "code": "info_buyRequest",
                 "value": "a:0:{}"}
            ],
            c.quote_address: [
                {"address_id": k, "quote_id": k, "address_type": "shipping",
                 "subtotal_incl_tax": 20}
            ],
            s.viewed: [
                {"index_id": k, "customer_id": k, "product_id": k, "store_id": place,
                 "added_at": now - day}
            ],
            s.wishlist: [{"wishlist_id": k, "customer_id": k, "shared": 0}],
            s.wishlist_item: [
                {"wishlist_item_id": k, "wishlist_id": k, "product_id": k, "store_id": place,
                 "added_at": now - day, "qty": 1}
            ],
            s.login: [{"log_id": k, "customer_id": k, "login_at": now - day, "store_id": place}],
            s.product: [{"entity_id": k, "sku": f"P{k}", "type_id": "simple", **times}],
            s.product_values["varchar"]: [{"entity_id": k, "attribute_id": 101, "value": "Lamp"}],
            s.product_values["decimal"]: [{"entity_id": k, "attribute_id": 104, "value": 15}],
            s.product_values["datetime"]: [
                {"entity_id": k, "attribute_id": 105, "value": now - day}
            ],
            s.product_values["int"]: [
                {"entity_id": k, "attribute_id": 201, "value": 1},
                {"entity_id": k, "attribute_id": 202, "value": 4},
            ],
            s.category_product: [{"category_id": k, "product_id": k}],
            c.category: [{"entity_id": k, "path": f"1/2/{k}", "level": 2}],
            c.product_website: [{"product_id": k, "website_id": place}],
            c.product_relation: [{"parent_id": k, "child_id": k}],
            c.product_link: [
                {"link_id": k, "product_id": k, "linked_product_id": k, "link_type_id": 5}
            ],
            c.stock_status: [
                {"product_id": k, "website_id": 1, "stock_id": 1, "stock_status": 1}
            ],
            c.price_index: [
                {"entity_id": k, "customer_group_id": 1, "website_id": place, "tax_class_id": 0,
                 "price": 20, "final_price": 20, "min_price": 20}
            ],
            c.rule_price: [
                {"rule_product_price_id": k, "rule_date": now.date(), "customer_group_id": 1,
                 "product_id": k, "rule_price": 18, "website_id": place}
            ],
            c.rewrite: [
                {"url_rewrite_id": k, "store_id": place, "id_path": f"product/{k}",
                 "request_path": f"lamp-{k}.html", "product_id": k}
            ],
            c.bestsellers: [
                {"id": k, "period": now.date().replace(day=1), "store_id": place, "product_id": k,
                 "qty_ordered": 1}
            ],
            c.category_int: [{"value_id": k, "attribute_id": 501, "entity_id": k, "value": 1}],
            c.link_position: [
                {"value_id": k, "product_link_attribute_id": 1, "link_id": k, "value": 1}
            ],
            c.option_title: [
                {"option_title_id": k, "option_id": k, "store_id": 0, "title": "Engraving"}
            ],
            c.option_value_title: [
                {"option_type_title_id": k, "option_type_id": k, "store_id": 0, "title": "Gold"}
            ],
            c.super_attribute: [
                {"product_super_attribute_id": k, "product_id": k, "attribute_id": 107,
                 "position": 1}
            ],
            c.super_label: [
                {"value_id": k, "product_super_attribute_id": k, "store_id": 0, "value": "Color"}
            ],
            s.product_values["text"]: [{"entity_id": k, "attribute_id": 108, "value": "1"}],
            c.track: [{"entity_id": k, "order_id": k, "track_number": "1Z"}],
            s.address: [{"entity_id": k, "parent_id": k}],
            s.address_values["varchar"]: [{"entity_id": k, "attribute_id": 401, "value": "IT"}],
        }  # fmt: skip
        if (
            odd and odd not in self._bought and role not in _OF_STORES
        ):  # what is bought is of no importance then
            found = {table: some for table, some in found.items() if table.name not in self._bought}
        for id in (1, 2, 3) if k == _FIRST else (k,) if step == k else ():
            for table, rows in self._step_rows(id, refreshed=role in _OF_STEPS[:2]).items():
                found[table] = found.get(table, []) + rows
        if place == k:
            found |= self._store_rows(k)
        return {table.name: rows for table, rows in found.items()}

    def _queue_row(self, queue_id: int, **columns: Any) -> dict[str, Any]:
        began = self.shop.now - timedelta(hours=2)
        return {
            "queue_id": queue_id,
            "newsletter_text": "WB",
            "newsletter_subject": "Hello",
            "queue_start_at": began,
            "queue_finish_at": began,
            "automation_source": "customer_segmentation",
            "automation_source_id": 1,
            **columns,
        }

    def _step_rows(self, id: int, *, refreshed: bool) -> dict[Table, list[dict[str, Any]]]:
        t, now = self.shop.tables, self.shop.now
        times = {"created_at": now, "updated_at": now}
        return {
            t.segment: [
                {"segment_id": id, "name": f"Segment {id}", "is_active": 1, "website_ids": "1",
                 "refresh_mode": "auto" if refreshed or id in (1, 3) else "manual",
                 "auto_email_active": 1, "conditions_serialized": _conditions(id), **times}
            ],
            t.sequence: [
                {"sequence_id": id, "segment_id": id, "template_id": id, "step_number": 1,
                 "trigger_event": "enter", "delay_minutes": 0, "is_active": 1, "max_sends": 1,
                 "generate_coupon": 1, "coupon_sales_rule_id": id, "coupon_prefix": "WB",
                 "coupon_expires_days": 30, **times}
            ],
            t.template: [
                {"template_id": id, "template_code": f"template {id}",
                 "template_text": _BOUGHT if id == 3 else _TEXT,
                 "template_subject": "Hello {{var customer_firstname}}", "template_type": 2,
                 "template_styles": "p{color:red}", "template_sender_name": "Shop",
                 "template_sender_email": "shop@example.test", "template_actual": 1,
                 "added_at": now, "modified_at": now}
            ],
            t.rule: [
                {"rule_id": id, "name": "15% off", "description": "", "is_active": 1,
                 "coupon_type": 2, "use_auto_generation": 1, "simple_action": "by_percent",
                 "discount_amount": 15, "discount_step": 0}
            ],
            t.rule_website: [{"rule_id": id, "website_id": 1}],
            t.rule_group: [{"rule_id": id, "customer_group_id": 1}],
        }  # fmt: skip

    def _store_rows(self, id: int) -> dict[Table, list[dict[str, Any]]]:
        t = self.shop.tables
        return {
            t.website: [
                {"website_id": id, "code": f"site{id}", "name": "Site", "sort_order": 1,
                 "default_group_id": id, "is_default": 0}
            ],
            t.store_group: [
                {"group_id": id, "website_id": id, "name": "Group", "root_category_id": 2,
                 "default_store_id": id}
            ],
            t.store: [
                {"store_id": id, "code": f"store{id}", "website_id": id, "group_id": id,
                 "name": "Store", "sort_order": 1, "is_active": 1}
            ],
            t.config: [
                {"scope": "stores", "scope_id": id, "path": path, "value": value}
                for path, value in (
                    ("general/locale/code", "de_DE"),
                    ("general/locale/timezone", "Europe/Berlin"),
                    ("currency/options/default", "EUR"),
                    ("web/seo/use_rewrites", "1"),
                    ("system/smtp/port", "25"),
                )
            ],
        }  # fmt: skip


def _write(connection: Connection, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Insert the rows as a server takes them that minds neither values nor references."""
    connection.execute(text("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', FOREIGN_KEY_CHECKS = 0"))
    for name, some in rows.items():
        columns = sorted({column for row in some for column in row})
        places = ", ".join(["%s"] * len(columns))
        connection.exec_driver_sql(
            f"INSERT IGNORE INTO {name} ({', '.join(columns)}) VALUES ({places})",
            [tuple(_plain(row.get(column)) for column in columns) for row in some],
        )
    connection.execute(text("SET sql_mode = DEFAULT, FOREIGN_KEY_CHECKS = 1"))


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
