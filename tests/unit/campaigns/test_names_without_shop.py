"""`campaign validate` on files that name what only a shop has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from segmail.campaigns.files import read_bytes
from segmail.campaigns.validate import validate_files
from segmail.errors import ConfigError
from tests.each_case import for_each

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def validate(*segments: tuple[str, str]) -> list[str]:
    """Validate a file of segments: the name of each, and its condition."""
    text = "segments:\n"
    for name, condition in segments:
        text += f"- name: {name}\n  websites: [base]\n  conditions: {{all: ['{condition}']}}\n"
    return validate_files([read_bytes(text.encode(), file="f.yaml", folder=Path())], now=NOW)


@for_each(
    "condition",
    [
        'segment: member of "Whoever"',
        "sequence: days since finished Whoever >= 2 weeks",
        "order item: category = Men/Shoes",
        "viewed: product is one of A, B",
        "customer: gender = Female",
        "customer: shoe size >= 42",
        "order item: product_color = Red",
        "review: rating >= 4",
        "today: date between 12-20 and 01-06",
    ],
)
def test_what_the_shop_may_have_is_no_fault(condition: str) -> None:
    assert validate(("A", condition)) == []


def test_a_circle_of_the_files_own_segments_is_a_fault() -> None:
    with pytest.raises(ConfigError) as caught:
        validate(("A", "segment: member of B"), ("B", 'segment: not member of "a"'))

    assert [str(fault) for fault in caught.value.faults] == [
        "f.yaml:4: The conditions go in a circle: 'A' names 'B', 'B' names 'A'.",
        "f.yaml:7: The conditions go in a circle: 'B' names 'A', 'A' names 'B'.",
    ]


def test_an_attribute_that_may_be_misspelt_is_told() -> None:
    assert validate(("A", "customer: emial contains @example.com")) == [
        "f.yaml:4: 'customer: emial' must be an attribute that the shop has made; did you mean "
        "'customer: email'?"
    ]


def test_values_are_checked_all_the_same() -> None:
    with pytest.raises(ConfigError, match=r"'02-30' in .* is no day of a year"):
        validate(("A", "today: date between 02-30 and 03-01"))
