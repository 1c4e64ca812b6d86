"""A code is made for one customer and traced back to exactly that one."""

from __future__ import annotations

import math
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.coupons import belongs_to, code_in_text, code_owner, made_by_automation, new_code
from segmail.coupons.codes import ALPHABET, fold
from tests.each_case import for_each

_IDS = st.integers(1, 4_294_967_295)
_PREFIXES = st.one_of(
    st.none(),
    st.text(string.ascii_letters + string.digits, max_size=10),
    st.text(max_size=50).filter(lambda text: "\0" not in text),
)


def test_a_code_is_prefix_id_and_ten_random_letters() -> None:
    code = new_code("cart", 12345, draw=lambda _below: 0)

    assert code == "CART12345BBBBBBBBBB"


def test_every_tail_comes_of_exactly_one_number() -> None:
    numbers = iter(range(20**3))
    codes = {new_code("CART", 1, draw=lambda _below: next(numbers)) for _ in range(20**3)}
    last = new_code("CART", 1, draw=lambda below: below - 1)

    assert len(codes) == 20**3
    assert all(code.endswith("B" * 7) for code in codes)
    assert last == "CART1ZZZZZZZZZZ"


@pytest.mark.parametrize("prefix", [None, "", "  "])
def test_without_a_prefix_a_code_starts_with_seq(prefix: str | None) -> None:
    assert new_code(prefix, 4).startswith("SEQ4")


def test_a_code_cannot_be_guessed() -> None:
    assert 10 * math.log2(len(set(ALPHABET))) >= 40
    assert not set(ALPHABET) & set("0123456789AEIOUL")


def test_a_prefix_that_ends_in_a_digit_is_kept_apart_from_the_id() -> None:
    code = new_code("A1", 2)

    assert code.startswith("A1-2")
    assert code_owner(code, "A1") == 2
    assert code_owner(code, "A") is None


@given(prefix=_PREFIXES, customer_id=_IDS, source=st.randoms())
def test_every_code_is_traced_to_its_customer(
    prefix: str | None, customer_id: int, source: random.Random
) -> None:
    code = new_code(prefix, customer_id, draw=source.randrange)

    assert code_owner(code, prefix) == customer_id
    assert len(code) <= 255


@given(prefixes=st.tuples(_PREFIXES, _PREFIXES), ids=st.tuples(_IDS, _IDS))
def test_no_two_customers_share_a_code_whatever_their_prefixes(
    prefixes: tuple[str | None, str | None], ids: tuple[int, int]
) -> None:
    first, second = (
        new_code(prefix, id, draw=lambda _below: 0)
        for prefix, id in zip(prefixes, ids, strict=True)
    )

    assert ids[0] == ids[1] or fold(first) != fold(second)


def test_a_code_of_mahos_module_is_traced_too() -> None:
    assert code_owner("SEQ42AB12CD", None) == 42
    assert code_owner("SEQ42123456", None) == 42
    assert belongs_to("cart42ab12cd ", "CART", 42)


def test_customer_4_does_not_own_what_was_made_for_customer_42() -> None:
    assert not belongs_to("SEQ42AB12CD", None, 4)
    assert not belongs_to("SEQ1AB42CD", None, 4)


@for_each(
    "code",
    [
        "CART10SPRING",
        "CART-AB12-CD34",
        "CART0AB12CD",
        "CARTAB12CD",
        "CART4ab12c",
        "XCART42AB12CD",
        "CART42BCDFGHJKM",
        "CART42BCDFGHJKMNP",
        "CART٤٢AB12CD",
        "",
    ],
)
def test_codes_of_the_merchants_own_are_not_taken_for_the_automations(code: str) -> None:
    assert not made_by_automation(code, "CART")


def test_case_accents_and_a_space_behind_make_no_difference() -> None:
    code = new_code("Été", 7)

    assert code_owner(f"{code.lower()} ", "ETE") == 7
    assert code_owner(f" {code}", "ETE") is None


@given(customer_id=_IDS, other_id=_IDS)
def test_a_code_is_found_in_the_text_of_its_customer_only(customer_id: int, other_id: int) -> None:
    code = new_code("CART", customer_id)
    text = f'<a href="https://shop.example.test/?code={code}&amp;x=1">{code.lower()}</a>'

    assert code_in_text(text, "cart", customer_id) == code
    assert other_id == customer_id or code_in_text(text, "cart", other_id) is None


def test_a_text_without_a_code_carries_none() -> None:
    assert code_in_text("Dear CART 42", "CART", 42) is None
