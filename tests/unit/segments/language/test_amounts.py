"""Lengths of time as values, in the unit of their attribute."""

from __future__ import annotations

import pytest

from segmail.errors import ConditionError
from segmail.segments.conditions.tree import Leaf
from segmail.segments.language.line import read_line, write_line
from tests.each_case import for_each

READ = [
    ("cart", "minutes since updated >= 1h", "60"),
    ("cart", "minutes since updated >= 90 minutes", "90"),
    ("cart", "minutes since updated is one of 1 h, 30", "60,30"),
    ("cart", "hours since updated >= 1 day 2 hours", "26"),
    ("activity", "days since last order > 3 Weeks", "21"),
    ("activity", "average days between orders < 2w", "14"),
    ("viewed", "days since viewed category <= 4:2 weeks", "4:14"),
    ("cart", "items count > 1", "1"),
]


@for_each(("name", "line", "value"), READ)
def test_a_time_becomes_the_unit_of_the_attribute(name: str, line: str, value: str) -> None:
    assert read_line(name, line, "1").value == value


@for_each(
    ("name", "line", "message"),
    [
        ("cart", "hours since updated >= 90 minutes", "no whole number of hours"),
        ("activity", "days since last order > 36 hours", "no whole number of days"),
        ("activity", "days since last order > 2 months", "no length of time"),
        ("activity", "days since last order > 1.5 days", "no length of time"),
    ],
)
def test_a_time_that_does_not_fit_is_refused(name: str, line: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        read_line(name, line, "1")


def test_a_stored_text_that_looks_like_a_time_is_not_read_as_one() -> None:
    leaf = Leaf("customer_timebased", "days_inactive", ">", "3 weeks", "1")
    name, line = write_line(leaf)

    assert line == 'days inactive > "3 weeks"'
    assert read_line(name, line, "1") == leaf
