"""When a step is sent again: by the calendar, counted from its first date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.maho.repeats import Repeat
from tests.each_case import for_each

ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")]
JANUARY = datetime(2026, 1, 31, 12, tzinfo=UTC)


def read(text: str) -> Repeat:
    repeat = Repeat.read(text)
    assert repeat is not None
    return repeat


@for_each(
    ("written", "kept"),
    [
        ("every month, at most 12", "every month, at most 12"),
        ("Every  1 month at most 12 times", "every month, at most 12"),
        ("every quarter", "every 3 months"),
        ("every 2 weeks", "every 2 weeks"),
        ("every 7 days", "every 7 days"),
        ("every year", "every year"),
    ],
)
def test_words_are_kept_in_one_form(written: str, kept: str) -> None:
    assert str(read(written)) == kept
    assert read(kept) == read(written)


@for_each(
    "words",
    ["", "monthly", "every", "every 0 days", "every month, at most 0", "every 6 years",
     "every 1.5 months", "at most 3", "every month, at most 1000"],
)  # fmt: skip
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=words or None):
        Repeat.read(words)


def test_none_is_no_repeat() -> None:
    assert Repeat.read("none") is None


@for_each("zone", ZONES, ids=str)
def test_months_are_counted_from_the_first_date(zone: ZoneInfo) -> None:
    repeat = read("every month")
    dates = [repeat.date(JANUARY, number, zone).astimezone(zone) for number in range(4)]

    assert [(date.month, date.day) for date in dates] == [(1, 31), (2, 28), (3, 31), (4, 30)]
    assert len({date.time() for date in dates}) == 1  # summer time moves no mail


def test_a_day_is_one_of_the_customers_website() -> None:
    """20:00 of 30 January in Los Angeles is the 31st in UTC."""
    evening = datetime(2026, 1, 31, 4, tzinfo=UTC)
    dates = [read("every month").date(evening, n, ZONES[2]).astimezone(ZONES[2]) for n in (1, 2)]

    assert [(date.month, date.day) for date in dates] == [(2, 28), (3, 30)]


def test_what_lies_in_the_past_is_left_out() -> None:
    late = datetime(2026, 5, 2, tzinfo=UTC)

    assert read("every month").next_after(JANUARY, late, ZONES[0]) == datetime(
        2026, 5, 31, 12, tzinfo=UTC
    )


moments = st.timedeltas(timedelta(), timedelta(days=3_650)).map(
    lambda later: (JANUARY - timedelta(days=2_000) + later).replace(microsecond=0)
)
repeats = st.builds(
    Repeat, st.integers(1, 40), st.sampled_from(["days", "weeks", "months"]), st.none()
)


@given(moments, st.timedeltas(timedelta(), timedelta(days=900)), repeats, st.sampled_from(ZONES))
def test_the_next_date_is_the_first_one_after_the_moment(
    first: datetime, later: timedelta, repeat: Repeat, zone: ZoneInfo
) -> None:
    moment = (first + later).replace(microsecond=0)
    dates = [repeat.date(first, number, zone) for number in range(1, 1_000)]

    assert repeat.next_after(first, moment, zone) == min(date for date in dates if date > moment)


def test_what_no_column_holds_is_no_date() -> None:
    assert read("every 5 years").next_after(JANUARY, JANUARY.replace(year=2037), ZONES[0]) is None
    assert read("every year").next_after(JANUARY.replace(year=9999), JANUARY, ZONES[0]) is None
