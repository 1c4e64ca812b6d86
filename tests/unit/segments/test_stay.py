"""How long customers stay in a segment, and steps that come later."""

from __future__ import annotations

from datetime import timedelta

from segmail.segments.conditions.tree import Combine, Leaf
from segmail.segments.language.line import read_line
from segmail.segments.stay import has_ageless_cart, longest_stay, stay_oddities
from tests.each_case import for_each


def every(*lines: str, expects: bool = True, all_: bool = True) -> Combine:
    pairs = [line.split(": ", 1) for line in lines]
    leaves: list[Leaf] = [
        read_line(name, line, str(number)) for number, (name, line) in enumerate(pairs, 1)
    ]
    return Combine(every=all_, expects=expects, children=tuple(leaves), path="root")


@for_each(
    ("tree", "days"),
    [
        (every("customer: days since registration < 8", "lifetime: number of orders = 0"), 8),
        (every("customer: days since registration <= 7"), 8),
        (every("customer: days until birthday = 0"), 1),
        (
            every("activity: days since last order >= 5", "activity: days since last order <= 30"),
            26,
        ),
        (every("cart: hours since updated >= 1", "cart: hours since updated < 25"), 1),
        (every("lifetime: sales > 1000"), None),
        (every("customer: days since registration < 8", "lifetime: sales > 1", all_=False), None),
        (every("customer: days since registration < 8", expects=False), None),
    ],
)
def test_the_longest_stay_is_what_the_conditions_allow(tree: Combine, days: int | None) -> None:
    assert longest_stay(tree) == (None if days is None else timedelta(days=days))


def test_a_step_that_comes_later_is_told() -> None:
    tree = every("customer: days until birthday = 0")
    steps = [("step 1", timedelta()), ("step 2", timedelta(days=3))]

    [odd] = stay_oddities(tree, steps, stops_on_exit=True)

    assert "step 2 is sent after 3 days, but customers stay for 1 day at most" in odd
    assert stay_oddities(tree, steps, stops_on_exit=False) == []


def test_a_cart_of_any_age_is_told() -> None:
    assert has_ageless_cart(every("cart: active = yes", "cart: minutes since updated >= 60"))
    assert not has_ageless_cart(every("cart: active = yes", "cart: hours since updated <= 72"))
    assert not has_ageless_cart(every("lifetime: sales > 1000"))
