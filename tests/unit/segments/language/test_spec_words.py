"""The specification's own words, as people copy them into a file."""

from __future__ import annotations

import pytest

from segmail.segments.language.line import read_line, write_line

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
]


@pytest.mark.parametrize(("family", "line", "meant"), SAID)
def test_the_specifications_words_are_understood(family: str, line: str, meant: str) -> None:
    name, written = write_line(read_line(family, line, "1"))

    assert f"{name}: {written}" == meant
