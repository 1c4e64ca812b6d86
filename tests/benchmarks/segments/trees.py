"""Twenty segments of all families, as Maho and segmail store them."""

from __future__ import annotations

from typing import Any

_TYPE = "customersegmentation/segment_condition_"


def _leaf(family: str, attribute: str, operator: str, value: Any) -> dict[str, Any]:
    return {
        "type": f"{_TYPE}{family}",
        "attribute": attribute,
        "operator": operator,
        "value": value,
    }


def _tree(*children: dict[str, Any], aggregator: str = "all", value: int = 1) -> dict[str, Any]:
    return {
        "type": f"{_TYPE}combine",
        "aggregator": aggregator,
        "value": value,
        "conditions": list(children),
    }


EVERYBODY = _tree(_leaf("customer_attributes", "email", "{}", "@"))

TREES: dict[str, dict[str, Any]] = {
    "Birthday within 7 days": _tree(_leaf("customer_attributes", "days_until_birthday", "<=", "7")),
    "First name and newcomer": _tree(
        _leaf("customer_attributes", "firstname", "==", "Ada"),
        _leaf("customer_attributes", "days_since_registration", "<=", "60"),
    ),
    "Lives in Germany or France": _tree(
        _leaf("customer_address", "country_id", "()", ["DE", "FR"])
    ),
    "City contains 42": _tree(_leaf("customer_address", "city", "{}", "42")),
    "Not subscribed": _tree(_leaf("customer_newsletter", "subscriber_status", "==", "1"), value=0),
    "No login for 180 days": _tree(
        _leaf("customer_timebased", "days_since_last_login", ">", "180")
    ),
    "Inactive for a year": _tree(_leaf("customer_timebased", "days_inactive", ">", "365")),
    "No purchase for 180 days": _tree(
        _leaf("customer_timebased", "days_without_purchase", ">", "180")
    ),
    "Orders every 30 days": _tree(_leaf("customer_timebased", "order_frequency_days", "<=", "30")),
    "Lifetime sales of 2,000": _tree(_leaf("customer_clv", "lifetime_sales", ">=", "2000")),
    "Never ordered": _tree(_leaf("customer_clv", "number_of_orders", "==", "0")),
    "Profit below 100": _tree(_leaf("customer_clv", "lifetime_profit", "<", "100")),
    "Used the coupon AUTUMN": _tree(_leaf("order_attributes", "coupon_code", "==", "AUTUMN")),
    "Bought SKU-42 or category 7": _tree(
        _leaf("order_items", "product_sku", "==", "SKU-42"),
        _leaf("order_items", "category_id", "==", "7"),
        aggregator="any",
    ),
    "Cart left 1 to 72 hours ago": _tree(
        _leaf("cart_attributes", "hours_since_updated", ">=", "1"),
        _leaf("cart_attributes", "hours_since_updated", "<", "72"),
        _leaf("cart_attributes", "base_grand_total", ">=", "50"),
    ),
    "Product 42 in the cart": _tree(_leaf("cart_items", "product_sku", "==", "SKU-42")),
    "Viewed category 7 lately": _tree(
        _leaf("product_viewed", "days_since_viewed_category", "<=", "7:30")
    ),
    "Viewed what is on clearance": _tree(_leaf("product_viewed", "on_clearance", "==", "1")),
    "Wishes three products": _tree(_leaf("product_wishlist", "wishlist_items_count", ">=", "2")),
    "Win back, all together": _tree(
        _leaf("customer_timebased", "days_since_last_order", ">", "120"),
        _leaf("customer_clv", "lifetime_sales", ">=", "500"),
        _tree(
            _leaf("cart_attributes", "items_count", ">", "0"),
            _leaf("product_wishlist", "wishlist_items_count", ">", "0"),
            aggregator="any",
        ),
        _tree(
            _leaf("customer_newsletter", "subscriber_status", "==", "3"),
            _leaf("list", "customer_id", "()", ",".join(map(str, range(1, 2000, 7)))),
            aggregator="any",
            value=0,
        ),
    ),
}
