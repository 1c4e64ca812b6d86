"""Puts products that are on sale, and carts of them, into a test shop."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

STATUS, VISIBILITY = 201, 202  # the ids of the attributes
SOLD = {STATUS: 1, VISIBILITY: 4}


class Catalog(SalesBuilder):
    """Products that the shop sells."""

    def __init__(self, shop: ShopBuilder) -> None:
        super().__init__(shop)
        shop.database.transact(lambda connection: self._open(connection))

    def _open(self, connection: Connection) -> None:
        self.catalog.metadata.create_all(connection)
        known = {STATUS: "status", VISIBILITY: "visibility"}
        connection.execute(
            insert(self.shop.tables.attribute),
            [
                {"attribute_id": id, "entity_type_id": 4, "attribute_code": code,
                 "backend_type": "int"}
                for id, code in known.items()
            ],
        )  # fmt: skip

    def sold(self, name: str, price: str = "20") -> int:
        """Insert a product that is on sale in website 1 for group 1."""
        product_id = self.product(name.upper(), name=name)
        ints = self.sales.product_values["int"]
        self.shop.insert_all(
            ints,
            [
                {"attribute_id": attribute, "entity_id": product_id, "value": value}
                for attribute, value in SOLD.items()
            ],
        )
        self.shop.insert_all(
            self.catalog.product_website, [{"product_id": product_id, "website_id": 1}]
        )
        self.shop.insert_all(
            self.catalog.stock_status,
            [{"product_id": product_id, "website_id": 1, "stock_id": 1, "stock_status": 1}],
        )
        self.shop.insert_all(
            self.catalog.price_index,
            [
                {"entity_id": product_id, "customer_group_id": 1, "website_id": 1,
                 "tax_class_id": 0, "price": price, "final_price": price, "min_price": price}
            ],
        )  # fmt: skip
        return product_id

    def filled_cart(self, customer_id: int, *names: str) -> None:
        """Give a customer a cart with one of each product."""
        cart = self.cart(customer_id, quote_currency_code="USD", subtotal="20")
        for name in names:
            self.in_cart(
                cart, self.sold(name), product_type="simple", name=name, qty=1,
                row_total="20", row_total_incl_tax="20",
            )  # fmt: skip
