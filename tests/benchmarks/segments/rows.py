"""The rows of a large shop, made by the database itself from MariaDB's sequences.

`{n}` is what varies: rows are numbered by `seq`, and CRC32 of that number is what chance is here,
so that the same shop comes out each time. Sizes are of the full shop and shrink with it, except
the catalog. Orders go to few customers more often than to most.
"""

from __future__ import annotations

from dataclasses import dataclass

CUSTOMERS = 1_000_000
PRODUCTS = 10_000
CATEGORIES = 100

_NOW = "'2026-11-22 12:00:00'"
_SOMEBODY = "1 + FLOOR(POW(CRC32(CONCAT('{0}', seq)) / 4294967296, 1.5) * {customers})"
_ANYBODY = "1 + CRC32(CONCAT('{0}', seq)) MOD {customers}"
_PRODUCT = f"1 + CRC32(CONCAT('{{0}}', seq)) MOD {PRODUCTS}"
_OVER_THREE_YEARS = f"{_NOW} - INTERVAL FLOOR(({{rows}} - seq) * 94608000.0 / {{rows}}) SECOND"
_FIRST = "ELT(1 + CRC32(CONCAT('f', seq)) MOD 8, {names})".format(
    names="'Ada','Grace','Alan','Edsger','Barbara','Donald','Radia','Tim'"
)


@dataclass(frozen=True)
class Filling:
    """How a table is filled: `rows` of the full shop, and each column's expression of `seq`."""

    table: str
    rows: int
    columns: dict[str, str]
    scales: bool = True

    def statement(self, scale: float) -> str:
        """Return the INSERT for a shop of `scale` times the full size."""
        rows = max(1, int(self.rows * scale)) if self.scales else self.rows
        sizes = {"rows": rows, "customers": int(CUSTOMERS * scale)}
        values = ", ".join(value.format(**sizes) for value in self.columns.values())
        return (
            f"INSERT INTO {self.table} ({', '.join(self.columns)}) SELECT {values} "
            f"FROM seq_1_to_{rows}"
        )


def _some(letter: str) -> str:
    return _SOMEBODY.replace("{0}", letter)


def _any(letter: str) -> str:
    return _ANYBODY.replace("{0}", letter)


def _product(letter: str) -> str:
    return _PRODUCT.replace("{0}", letter)


def _number(letter: str, below: int) -> str:
    return f"CRC32(CONCAT('{letter}', seq)) MOD {below}"


def _eav(table: str, rows: int, attribute: int, value: str, **columns: str) -> Filling:
    columns = {"attribute_id": str(attribute), "entity_id": "seq", "value": value, **columns}
    return Filling(table, rows, {"entity_type_id": "1", **columns})


def _catalog(table: str, attribute: int, value: str) -> Filling:
    columns = {"attribute_id": str(attribute), "entity_id": "seq", "value": value}
    return Filling(table, PRODUCTS, columns, scales=False)


_ADDRESSES = CUSTOMERS // 3

CUSTOMER = (
    Filling("customer_entity", CUSTOMERS, {
        "entity_id": "seq", "email": "CONCAT('customer', seq, '@example.test')", "website_id": "1",
        "store_id": "1 + seq MOD 2", "group_id": "1", "is_active": "1",
        "created_at": _OVER_THREE_YEARS, "updated_at": _NOW,
    }),
    _eav("customer_entity_varchar", CUSTOMERS, 2, _FIRST),
    _eav("customer_entity_varchar", CUSTOMERS, 4, "CONCAT('Lovelace ', seq)"),
    _eav("customer_entity_int", CUSTOMERS, 8, "1 + seq MOD 2"),
    _eav("customer_entity_datetime", CUSTOMERS, 9,
         f"'1950-01-01' + INTERVAL {_number('b', 20_000)} DAY"),
    Filling("newsletter_subscriber", CUSTOMERS, {
        "customer_id": "seq", "store_id": "1",
        "subscriber_email": "CONCAT('customer', seq, '@example.test')",
        "subscriber_status": f"IF({_number('n', 10)} < 8, 1, 3)",
        "change_status_at": _OVER_THREE_YEARS,
    }),
    Filling("customer_address_entity", _ADDRESSES, {"entity_id": "seq", "parent_id": "3 * seq"}),
    _eav("customer_address_entity_varchar", _ADDRESSES, 201,
         "ELT(1 + seq MOD 5, 'DE', 'FR', 'IT', 'ES', 'US')"),
    _eav("customer_address_entity_varchar", _ADDRESSES, 202, "CONCAT('City ', seq MOD 500)"),
    _eav("customer_address_entity_varchar", _ADDRESSES, 203, "LPAD(seq MOD 90000, 5, '0')"),
    _eav("customer_address_entity_int", _ADDRESSES, 204, "1 + seq MOD 50"),
    Filling("log_customer", CUSTOMERS, {
        "customer_id": _some("l"), "login_at": _OVER_THREE_YEARS,
    }),
)  # fmt: skip

_TOTAL = "20 + CRC32(CONCAT('t', seq)) MOD 20000 / 100"

ORDERS = (
    Filling("sales_flat_order", 5 * CUSTOMERS, {
        "entity_id": "seq",
        "state": f"ELT(1 + ({_number('s', 20)} > 0) + ({_number('s', 20)} > 1), 'canceled', "
                 "'closed', 'complete')",
        "status": "'complete'", "store_id": "1 + seq MOD 2",
        "customer_id": f"IF({_number('g', 10)} = 0, NULL, {_some('o')})",
        "coupon_code": "IF(seq MOD 50 = 0, 'AUTUMN', NULL)",
        "shipping_method": "'flatrate_flatrate'", "order_currency_code": "'EUR'",
        "base_grand_total": _TOTAL, "grand_total": _TOTAL, "subtotal": _TOTAL,
        "discount_amount": "IF(seq MOD 50 = 0, -5, 0)", "shipping_amount": "5", "tax_amount": "3",
        "total_qty_ordered": "2", "created_at": _OVER_THREE_YEARS, "updated_at": _OVER_THREE_YEARS,
    }),
    Filling("sales_flat_order_item", 2 * CUSTOMERS, {
        "item_id": "seq", "order_id": "2.5 * seq", "product_id": _product("i"), "store_id": "1",
        "product_type": "'simple'", "sku": f"CONCAT('SKU-', {_product('i')})",
        "name": f"CONCAT('Product ', {_product('i')})", "qty_ordered": "1 + seq MOD 3",
        "row_total": _TOTAL, "row_total_incl_tax": _TOTAL, "discount_amount": "0",
    }),
    Filling("sales_flat_order_payment", CUSTOMERS, {
        "parent_id": "5 * seq", "method": "IF(seq MOD 3 = 0, 'checkmo', 'paypal')",
    }),
    Filling("sales_flat_creditmemo", CUSTOMERS // 10, {
        "order_id": "50 * seq", "state": "2", "grand_total": "15",
    }),
)  # fmt: skip

CARTS = (
    Filling("sales_flat_quote", 3 * CUSTOMERS, {
        "entity_id": "seq", "store_id": "1 + seq MOD 2", "created_at": _OVER_THREE_YEARS,
        "updated_at": _OVER_THREE_YEARS, "is_active": f"{_number('a', 5)} = 0", "items_count": "2",
        "items_qty": "3", "base_subtotal": _TOTAL, "base_grand_total": _TOTAL,
        "customer_id": f"IF({_number('h', 3)} = 0, NULL, {_any('q')})",
        "applied_rule_ids": "NULL", "coupon_code": "IF(seq MOD 40 = 0, 'AUTUMN', NULL)",
    }),
    Filling("sales_flat_quote_item", CUSTOMERS, {
        "quote_id": "3 * seq", "created_at": _OVER_THREE_YEARS, "updated_at": _OVER_THREE_YEARS,
        "product_id": _product("j"), "store_id": "1", "product_type": "'simple'",
        "qty": "1 + seq MOD 4", "price": _TOTAL, "base_price": _TOTAL, "row_total": _TOTAL,
        "base_row_total": _TOTAL,
    }),
    Filling("report_viewed_product_index", CUSTOMERS, {
        "visitor_id": "seq", "customer_id": f"IF({_number('v', 2)} = 0, NULL, {_some('w')})",
        "product_id": _product("v"), "store_id": "1", "added_at": _OVER_THREE_YEARS,
    }),
    Filling("wishlist", CUSTOMERS // 10, {"customer_id": "10 * seq", "shared": "seq MOD 20 = 0"}),
    Filling("wishlist_item", CUSTOMERS // 5, {
        "wishlist_id": "1 + seq DIV 2", "product_id": _product("x"), "store_id": "1",
        "added_at": _OVER_THREE_YEARS,
    }),
    Filling("catalog_product_entity", PRODUCTS, {
        "entity_id": "seq", "sku": "CONCAT('SKU-', seq)", "created_at": _NOW, "updated_at": _NOW,
    }, scales=False),
    _catalog("catalog_product_entity_varchar", 101, "CONCAT('Product ', seq)"),
    _catalog("catalog_product_entity_decimal", 103, "20 + seq MOD 200"),
    _catalog("catalog_product_entity_decimal", 104, "IF(seq MOD 10 = 0, 9, NULL)"),
    Filling("catalog_category_product", 3 * PRODUCTS, {
        "category_id": f"1 + (seq * 37) MOD {CATEGORIES}", "product_id": "1 + seq DIV 3 MOD 10000",
    }, scales=False),
)  # fmt: skip
