"""The specification's own words, as people copy them into a file."""

from __future__ import annotations

import pytest

from segmail.segments.language.line import read_line, write_line
from segmail.segments.language.spec_words import of_family, prose_hint
from tests.each_case import for_each

SAID = [
    ("Shopping Cart", 'Cart Status equals "Active"', "cart: active = yes"),
    (
        "Shopping Cart",
        "Cart Updated Date was 1 or more hours ago",
        "cart: hours since updated >= 1",
    ),
    ("Shopping Cart", "Grand Total is greater than $200", "cart: base grand total > 200"),
    ("Newsletter", 'Subscription Status equals "Subscribed"', "newsletter: status = subscribed"),
    ("Customer", "Days Since Registration is less than 8", "customer: days since registration < 8"),
    ("Customer", "Number of Orders equals 0", "lifetime: number of orders = 0"),
    ("Customer", "Lifetime Sales Amount is greater than $1000", "lifetime: sales > 1000"),
    ("Customer", "Days Until Birthday equals 7", "customer: days until birthday = 7"),
    ("Order", "Days Since Last Order is greater than 90", "order: days since last order > 90"),
    ("Order", "Total Orders is greater than 1", "lifetime: number of orders > 1"),
    ("order", "Total Orders > 1", "lifetime: number of orders > 1"),
    ("Order History", "Lifetime Sales Amount is at least $1,000", "lifetime: sales >= 1000"),
    ("Customer", "Customer Group equals 2", "customer: group id = 2"),
    (
        "Customer Time-based",
        "Days Inactive (No Login or Order) > 60",
        "activity: days inactive > 60",
    ),
    (
        "Newsletter",
        "Subscription Status is one of Subscribed, Unconfirmed",
        "newsletter: status is one of subscribed, unconfirmed",
    ),
    ("Newsletter", 'Subscription Status is "Subscribed"', "newsletter: status = subscribed"),
    ("Cart Items", "Quantity in Cart is more than 2", "cart item: quantity > 2"),
    ("Viewed Products", "Last Viewed Date >= 2026-01-31", "viewed: last viewed >= 2026-01-31"),
    ("Wishlist", "Wishlist Shared equals Yes", "wishlist: shared = yes"),
    ("Customer Address", "State/Province equals Bern", "address: region = Bern"),
]
WITHOUT_FAMILY = [
    ('Newsletter subscription status is "Subscribed"', "newsletter: status = subscribed"),
    ("Number of orders equals 0", "lifetime: number of orders = 0"),
]
PROSE = [
    ("Customers registered in last 7 days", "customer: days since registration <= 7"),
    ("Customers who purchased in last 30 days", "activity: days since last order <= 30"),
    ("Customers with >$1000 lifetime value", "lifetime: sales > 1000"),
    ("Customers close to next loyalty tier", "lifetime: sales close to = 1000:50"),
]


@for_each(("family", "line", "meant"), SAID)
def test_the_specifications_words_are_understood(family: str, line: str, meant: str) -> None:
    name, written = write_line(read_line(family, line, "1"))

    assert f"{name}: {written}" == meant


@pytest.mark.parametrize(("text", "meant"), WITHOUT_FAMILY)
def test_a_line_without_a_family_is_understood_where_its_words_name_one(
    text: str, meant: str
) -> None:
    said = of_family(text)
    assert said is not None
    name, written = write_line(read_line(*said, "1"))

    assert f"{name}: {written}" == meant


@for_each(("text", "meant"), PROSE)
def test_prose_is_answered_with_the_key(text: str, meant: str) -> None:
    assert of_family(text) is None
    assert prose_hint(text) == meant


@for_each(
    "line",
    [
        "product name contains is greater than 3",
        "product name contains a=b",
        "product name = x was 2 or more hours ago",
        'product name = "$100"',
    ],
)
def test_words_in_a_value_stay_as_they_are(line: str) -> None:
    assert write_line(read_line("order item", line, "1")) == ("order item", line)
