"""A small shop in which every use case of the specification has somebody, and somebody close."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.sales_builder import SalesBuilder

NAMES = (
    *("ada", "bob", "cleo", "dan", "eve", "finn", "gina", "hugo", "ida"),
    *("jon", "kim", "leo", "mia", "ned", "ola", "pia", "quinn"),
)
WINTER, ELECTRONICS = 4, 5
COUNTRY_ATTRIBUTE = 201
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def fill(sales: SalesBuilder) -> dict[str, int]:
    """Insert the customers and what they did; return their ids by name: 1, 2, 3 and so on."""
    shop = sales.shop
    born = {"ida": datetime(1990, 3, 10, tzinfo=UTC), "jon": datetime(1984, 3, 17, tzinfo=UTC)}
    ids = {
        name: shop.customer(
            f"{name}@example.test",
            subscribed=name != "cleo",
            values={"dob": born[name]} if name in born else {},
        )
        for name in NAMES
    }
    for name in ("eve", "finn"):
        shop.change(shop.tables.customer, {"entity_id": ids[name]}, created_at=shop.now - 3 * DAY)
    _fill_carts(sales, ids)
    _fill_orders(sales, ids)
    _fill_views(sales, ids)
    _fill_addresses(sales, ids)
    return ids


def _fill_carts(sales: SalesBuilder, ids: dict[str, int]) -> None:
    sales.cart(ids["ada"], ago=90 * MINUTE, base_grand_total="50")
    sales.cart(ids["bob"], ago=180 * MINUTE, base_grand_total="300")
    sales.cart(ids["cleo"], ago=180 * MINUTE, base_grand_total="300")
    sales.cart(ids["dan"], ago=10 * MINUTE, base_grand_total="300")
    sales.cart(ids["eve"], ago=180 * MINUTE, base_grand_total="0", items_count=0)


def _fill_orders(sales: SalesBuilder, ids: dict[str, int]) -> None:
    coat = sales.product("COAT", categories=[WINTER])
    tv = sales.product("TV", categories=[ELECTRONICS])
    sales.order(ids["finn"], "20")
    sales.order(ids["gina"], "1200", ago=60 * DAY)
    sales.order(ids["hugo"], "500", ago=200 * DAY)
    sales.order(ids["hugo"], "470", ago=120 * DAY)
    sales.ordered(sales.order(ids["leo"], "100", ago=60 * DAY), "COAT", product_id=coat)
    sales.ordered(sales.order(ids["mia"], "500", ago=60 * DAY), "TV", product_id=tv)
    sales.order(ids["pia"], "30", ago=1 * DAY)
    sales.order(ids["quinn"], "30", ago=40 * DAY)
    returned = sales.order(ids["quinn"], "30", ago=35 * DAY)
    sales.shop.insert(sales.sales.creditmemo, order_id=returned, grand_total="10", state=2)


def _fill_views(sales: SalesBuilder, ids: dict[str, int]) -> None:
    hat = sales.product("HAT", price="20", special_price="15")
    sales.view(ids["ned"], hat, days=2)
    sales.view(ids["mia"], sales.product("SHOE", price="20"), days=2)
    scarf = sales.product("SCARF", categories=[WINTER])
    sales.view(ids["kim"], scarf, days=5)
    sales.view(ids["leo"], scarf, days=5)


def _fill_addresses(sales: SalesBuilder, ids: dict[str, int]) -> None:
    shop = sales.shop
    shop.insert_all(
        shop.tables.entity_type,
        [{"entity_type_id": 2, "entity_type_code": "customer_address", "entity_model": "a"}],
    )
    shop.insert_all(
        shop.tables.attribute,
        [{"attribute_id": COUNTRY_ATTRIBUTE, "entity_type_id": 2, "attribute_code": "country_id",
          "backend_type": "varchar"}],
    )  # fmt: skip
    _give_address(sales, ids["gina"], "IT")
    _give_address(sales, ids["hugo"], "DE")


def _give_address(sales: SalesBuilder, customer_id: int, country: str) -> None:
    shop = sales.shop
    address_id = shop.insert(sales.sales.address, parent_id=customer_id)
    shop.insert(
        sales.sales.address_values["varchar"],
        attribute_id=COUNTRY_ATTRIBUTE,
        entity_id=address_id,
        value=country,
    )
