"""Where Maho's answers differ on purpose: the tables of docs/segments.md, for `segment explain`.

Differences that depend on the database engine, or on the segment's websites and groups, are in the
docs only.
"""

from __future__ import annotations

from segmail.segments.conditions.difference_rule import (
    DifferenceRule,
    day,
    empty,
    fraction,
    matches_zero,
    no_day,
    no_number,
    numbers_only,
    question_mark,
    unknown_operator,
    wildcard,
)
from segmail.segments.conditions.tree import Leaf

_EVERY = ("*",)
_EQUAL = ("==", "!=", "()", "!()")
_DATES = (
    "*/created_at",
    "*/updated_at",
    "*/dob",
    "*/change_status_at",
    "*/last_viewed_at",
    "*/added_at",
)
_MOMENTS = (  # all dates but the account's own, which Maho compares by day as well
    "order_*/*ed_at",
    "cart_*/*ed_at",
    "product_*/*ed_at",
    "customer_newsletter/change_status_at",
)
_TOTALS = ("order_attributes/average_order_amount", "order_attributes/total_ordered_amount")
_GROUPED = ("customer_timebased/*", "customer_clv/*", *_TOTALS)
_NUMBERS = (*_GROUPED, "*/days_*", "*/*_count", "*/*qty*", "*/*total*", "*/*_amount", "*/*price")
_RETURNS = ("customer_clv/lifetime_profit", "customer_clv/lifetime_refunds")
_BIRTHDAY = ("customer_attributes/days_until_birthday",)


def _of_product(leaf: Leaf) -> bool:
    """Return whether the value may differ by store and is not copied to the order's item."""
    copied = ("product_name", "product_type") if leaf.family == "order_items" else ()
    return leaf.attribute not in ("product_sku", *copied)


def _no_number(leaf: Leaf) -> bool:
    """Return whether a number is missing; except for products' attributes and what Maho drops."""
    dropped = leaf.family == "order_items" and empty(leaf)
    return no_number(leaf) and not dropped and not leaf.attribute.startswith("product_")


UNUSABLE = DifferenceRule(
    "unknown type or attribute",
    _EVERY,
    "Maho leaves out what it does not know, which matches everybody, or its SQL fails;"
    " here it is an error.",
)

DAYS = DifferenceRule(
    "a website's time zone is not UTC: `days_…`, `…_at`, birthdays",
    ("*/days_*", "*/*_at", "customer_timebased/order_frequency_days"),
    "Maho's days begin at midnight UTC; here at midnight of the customer's website.",
)  # where the zone differs from UTC

OWN = (
    DifferenceRule(
        "cart item `product_type`",
        ("cart_items/product_type",),
        "Maho offers this condition, but leaves it out: it matches everybody.",
    ),
    DifferenceRule(
        "Conditions that only segmail has",
        _EVERY,
        "Maho does not know this condition: it would match everybody, and delete it.",
    ),
)

NEGATED = (
    DifferenceRule(
        "FALSE over a customer's own empty column",
        tuple(
            f"customer_attributes/{name}"
            for name in ("email", "created_at", "group_id", "store_id", "days_since_registration")
        ),
        "Maho never matches a customer whose value is empty; here what does not hold is FALSE.",
    ),
    DifferenceRule(
        "FALSE over an address, an address belongs to nobody",
        ("customer_address/*",),
        "Maho matches nobody as soon as the shop has an address that belongs to no customer.",
    ),
)

LEAVES = (
    DifferenceRule(
        "unknown operator (`[]`, `like`, `IS NOT`)",
        _EVERY,
        "Maho writes the operator into its SQL as it is; here it is an error.",
        when=unknown_operator,
    ),
    DifferenceRule(
        "a number is expected, `abc` is given",
        _NUMBERS,
        "Maho takes a value that is not a number as 0; here it is an error.",
        when=_no_number,
    ),
    DifferenceRule(
        "`1.5` days",
        ("customer_timebased/*",),
        "Maho cuts the fraction off the days.",
        when=fraction,
    ),
    DifferenceRule(
        '"is one of" with days, averages or sums',
        _GROUPED,
        "Maho's SQL fails, or it crashes, though its form offers the operator.",
        ("()", "!()"),
    ),
    DifferenceRule(
        "`created_at == 2026-11-01` and other dates",
        _MOMENTS,
        "Maho compares with 00:00:00 of the day; here a date is the whole day.",
        _EQUAL,
        day,
    ),
    DifferenceRule(
        "`<= D`, `> D`",
        _MOMENTS,
        "For Maho the limit is 00:00:00 of the day; here it is the end of the day.",
        ("<=", ">"),
        day,
    ),
    DifferenceRule(
        "relative date (`7 days ago`)",
        _DATES,
        "Maho turns a relative date into a fixed one at the first save; here it is an error.",
        when=no_day,
    ),
    DifferenceRule(
        "date left empty, combination without TRUE or FALSE",
        _DATES,
        "Maho takes an empty date as today; here it is an error.",
        when=empty,
    ),
    DifferenceRule(
        "`?` in a value",
        _EVERY,
        "Maho turns the question mark in the value into a quotation mark.",
        when=question_mark,
    ),
    DifferenceRule(
        '`%` and `_` in "contains"',
        _EVERY,
        "For Maho the % and _ in the value stand for any characters.",
        ("{}", "!{}"),
        wildcard,
    ),
    DifferenceRule(
        "birthday, one of the years a leap year",
        _BIRTHDAY,
        "Maho is a day off from March on if the year of birth or the present year is a leap year.",
    ),
    DifferenceRule(
        "birthday on 29 February",
        _BIRTHDAY,
        "For Maho, customers born on 29 February have a birthday in leap years only.",
    ),
    DifferenceRule(
        "region chosen in the form",
        ("customer_address/region",),
        "Maho compares the region's id with names, which never are the same.",
        _EQUAL,
        numbers_only,
    ),
    DifferenceRule(
        "`lifetime_profit`",
        ("customer_clv/lifetime_profit",),
        "Maho subtracts the refunds of closed orders, which it did not add.",
    ),
    DifferenceRule(
        "`lifetime_profit`, `lifetime_refunds` of who has none",
        _RETURNS,
        "Maho leaves out customers who have none; here they have 0.",
        when=matches_zero,
    ),
    DifferenceRule("canceled refunds", _RETURNS, "Maho counts canceled refunds."),
    DifferenceRule(
        "amounts in several currencies",
        ("customer_clv/lifetime_*", "customer_clv/average_order_value"),
        "Maho adds up amounts in the orders' currencies; here they are in the base currency.",
    ),
    DifferenceRule(
        "`days_without_purchase != 30` of who never bought",
        ("customer_timebased/days_without_purchase",),
        "Maho leaves out customers who never bought.",
        ("!=", "!()"),
    ),
    DifferenceRule(
        "order `average_order_amount`, `total_ordered_amount`",
        _TOTALS,
        "Maho adds up amounts in the orders' currencies; here they are in the base currency.",
    ),
    DifferenceRule(
        "order `discount_amount`",
        ("order_attributes/discount_amount",),
        "Maho compares the discount as a negative amount.",
    ),
    DifferenceRule(
        "order item `product_<attribute>`",
        ("order_items/product_*",),
        "Maho knows only the value for all stores, and leaves out orders by their status; here it"
        " is the value in the order's store, and the orders' state.",
        when=_of_product,
    ),
    DifferenceRule(
        "cart item, viewed, wishlist `product_name` and other attributes",
        ("cart_items/product_*", "product_viewed/product_name", "product_wishlist/product_name"),
        "Maho matches the product's value in any store view; here the one that was seen.",
        when=_of_product,
    ),
    DifferenceRule(
        "multiselect attributes (`product_<attribute>`)",
        ("order_items/product_*", "cart_items/product_*"),
        "Maho compares several choices as one text, if the attribute has several.",
        when=lambda leaf: _of_product(leaf) and leaf.attribute != "product_name",
    ),
    DifferenceRule(
        "order item with an empty value",
        ("order_items/*",),
        "Maho leaves out a condition without a value, which matches everybody; here it is an"
        " error.",
        when=empty,
    ),
)
