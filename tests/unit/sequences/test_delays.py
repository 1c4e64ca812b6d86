"""Delays as people write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.errors import InputError
from segmail.sequences.delays import MAX_MINUTES, format_delay, parse_delay
from tests.each_case import for_each


@for_each(
    ("text", "minutes"),
    [
        ("0", 0),
        ("immediately", 0),
        ("90", 90),
        ("30m", 30),
        ("30 min", 30),
        ("1h", 60),
        ("1 Hour", 60),
        ("3 days", 3 * 1440),
        ("1 day 2 hours", 1560),
        ("1d2h30m", 1590),
        (" 2w ", 20160),
        ("72 hours", 4320),
        ("2147483647", MAX_MINUTES),
    ],
)
def test_a_delay_is_read(text: str, minutes: int) -> None:
    assert parse_delay(text) == minutes


@for_each(
    "text",
    ["", "soon", "-5", "1.5h", "1 month", "1h 1h", "1h 30", "30 1h", "1h!", "٣ days", "9" * 5000],
)
def test_what_is_no_delay_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InputError, match="1 day 2 hours"):
        parse_delay(text)


@pytest.mark.parametrize("text", ["2147483648", "213045w"])
def test_a_delay_longer_than_the_column_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="2147483647 minutes"):
        parse_delay(text)


@for_each(
    ("minutes", "text"),
    [
        (0, "immediately"),
        (1, "1 min"),
        (60, "1 h"),
        (1440, "1 day"),
        (1560, "1 day 2 h"),
        (20190, "14 days 30 min"),
    ],
)
def test_a_delay_is_shown_in_days_hours_and_minutes(minutes: int, text: str) -> None:
    assert format_delay(minutes) == text


@given(st.integers(min_value=0, max_value=MAX_MINUTES))
def test_what_is_shown_can_be_read_again(minutes: int) -> None:
    assert parse_delay(format_delay(minutes)) == minutes
