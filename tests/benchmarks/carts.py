"""Carts of five items, of five hundred products that a shop sells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.catalog_builder import SOLD, Catalog
from tests.sales_builder import PRODUCT_ATTRIBUTES
from tests.shop_builder import ShopBuilder

ITEMS = 5
PRODUCTS = 500

_PICTURE = 203  # the id of its attribute
_CHUNK = 500


class Carts:
    """The carts of the first customers; filled when first asked for."""

    def __init__(self, shop: ShopBuilder) -> None:
        self._catalog = Catalog(shop)
        self._filled = 0
        self._products: list[int] = []

    def fill(self, customers: int) -> None:
        """Give each of so many customers a cart."""
        if not self._products:
            self._products = self._sold()
        for first in range(self._filled + 1, customers + 1, _CHUNK):
            self._fill(range(first, min(first + _CHUNK, customers + 1)))
        self._filled = max(self._filled, customers)

    def _fill(self, ids: range) -> None:
        shop, sales = self._catalog.shop, self._catalog.sales
        now = datetime.now(UTC).replace(microsecond=0)
        times = {"created_at": now - timedelta(hours=2), "updated_at": now - timedelta(hours=1)}
        shop.insert_all(
            sales.quote,
            [
                {"entity_id": id, "customer_id": id, "store_id": 1, "is_active": 1, **times,
                 "items_count": ITEMS, "quote_currency_code": "USD", "subtotal": "100",
                 "grand_total": "100"}
                for id in ids
            ],
        )  # fmt: skip
        shop.insert_all(sales.quote_item, [row | times for id in ids for row in self._rows(id)])

    def _rows(self, customer_id: int) -> list[dict[str, Any]]:
        rows = []
        for number in range(ITEMS):
            index = (customer_id * 37 + number * 101) % PRODUCTS
            quantity = 1 + (customer_id + number) % 3
            rows.append(
                {"quote_id": customer_id, "product_id": self._products[index],
                 "product_type": "simple", "name": f"Product {index}", "qty": quantity,
                 "row_total": 20 * quantity, "row_total_incl_tax": 20 * quantity}
            )  # fmt: skip
        return rows

    def _sold(self) -> list[int]:
        """Insert products with a name, a picture, a page and a price; return their ids."""
        shop, catalog, sales = self._catalog.shop, self._catalog.catalog, self._catalog.sales
        ids = list(range(1, PRODUCTS + 1))
        insert, values = shop.insert_all, sales.product_values
        insert(
            shop.tables.attribute,
            [{"attribute_id": _PICTURE, "entity_type_id": 4, "attribute_code": "small_image",
              "backend_type": "varchar"}],
        )  # fmt: skip
        insert(sales.product, [{"entity_id": id, "sku": f"L{id}"} for id in ids])
        name = PRODUCT_ATTRIBUTES["name"][0]
        told = ((name, "Lamp & shade no. {}"), (_PICTURE, "/l/a/lamp-{}.jpg"))
        insert(
            values["varchar"],
            [
                {"attribute_id": attribute, "entity_id": id, "value": text.format(id)}
                for id in ids
                for attribute, text in told
            ],
        )
        insert(
            values["int"],
            [
                {"attribute_id": attribute, "entity_id": id, "value": value}
                for id in ids
                for attribute, value in SOLD.items()
            ],
        )
        insert(catalog.product_website, [{"product_id": id, "website_id": 1} for id in ids])
        insert(
            catalog.stock_status,
            [{"product_id": id, "website_id": 1, "stock_id": 1, "stock_status": 1} for id in ids],
        )
        prices = dict.fromkeys(("price", "final_price", "min_price"), "20")
        insert(
            catalog.price_index,
            [{"entity_id": id, "customer_group_id": 1, "website_id": 1, **prices} for id in ids],
        )
        insert(
            catalog.rewrite,
            [
                {"product_id": id, "store_id": 1, "is_system": 1, "id_path": f"product/{id}",
                 "request_path": f"lamp-{id}.html"}
                for id in ids
            ],
        )  # fmt: skip
        return ids
