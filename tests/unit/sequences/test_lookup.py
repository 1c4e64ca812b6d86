"""Segments, templates and sales rules by id or name."""

from __future__ import annotations

import pytest

from segmail.errors import InputError
from segmail.maho.lookup import Named, find_named
from tests.each_case import for_each

SEGMENTS = [Named(1, "VIP"), Named(2, "Cart abandoned"), Named(3, "Twice"), Named(4, "twice")]


@for_each(("given", "id"), [("VIP", 1), ("vip", 1), (" Vip ", 1), ("2", 2), ("CART ABANDONED", 2)])
def test_something_is_found_by_id_or_by_name_in_any_case(given: str, id: int) -> None:
    assert find_named("segment", SEGMENTS, given).id == id


def test_a_number_is_an_id_first_and_then_a_name() -> None:
    segments = [Named(1, "VIP"), Named(7, "1"), Named(8, "42")]

    assert find_named("segment", segments, "1").name == "VIP"
    assert find_named("segment", segments, "42").id == 8


def test_a_name_that_several_have_lists_them_with_their_ids() -> None:
    with pytest.raises(InputError, match=r"2 segments named 'TWICE'.*id 3.*id 4"):
        find_named("segment", SEGMENTS, "TWICE")


@pytest.mark.parametrize("given", ["cart abandond", "abandoned"])
def test_an_unknown_name_brings_those_that_come_close(given: str) -> None:
    with pytest.raises(InputError, match=r"no segment.*Did you mean 'Cart abandoned' \(id 2\)"):
        find_named("segment", SEGMENTS, given)


@for_each("given", ["", "nothing like it", "99", "9" * 5000, "²"])
def test_what_names_nothing_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="There is no segment"):
        find_named("segment", SEGMENTS, given)


def test_a_former_version_is_found_by_its_id_only() -> None:
    former = [Named(9, "VIP")]

    assert find_named("newsletter template", SEGMENTS, "9", only_by_id=former).id == 9
    assert find_named("newsletter template", SEGMENTS, "VIP", only_by_id=former).id == 1
