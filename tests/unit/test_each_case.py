"""`for_each`: a test of many cases fails where one of them does."""

from __future__ import annotations

import pytest

from tests.each_case import for_each


@for_each(("given", "expected"), [(1, 1), (2, 3), pytest.param(4, 5, id="four")])
@for_each("more", [0, 1])
def numbers(given: int, expected: int, more: int, told: list[int]) -> None:
    told.append(given)
    if given == 4:
        pytest.fail("it is four")
    assert given + more == expected


def test_each_case_that_fails_is_told_and_none_is_left_out() -> None:
    told: list[int] = []

    with pytest.raises(BaseExceptionGroup) as caught:
        numbers(told=told)

    assert told == [1, 1, 2, 2, 4, 4]
    assert str(caught.value).startswith("3 of 3 cases fail:\n1: 1, 1\n2: 2, 3\n3: four")
    inner = [group.exceptions for group in caught.value.exceptions]
    assert [len(cases) for cases in inner] == [1, 1, 2]
    assert inner[0][0].__notes__ == ["in the case 2: 1"]


def test_a_test_without_cases_is_none() -> None:
    with pytest.raises(AssertionError, match="there are no cases of"):
        for_each("one", [])
