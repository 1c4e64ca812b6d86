"""Times as options name them: absolute ones, and spans from now on."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from segmail.commands.parameter_types import absolute_time, time_from
from tests.each_case import for_each

NOW = datetime(2028, 3, 31, 12, 30, 15, 250_000, tzinfo=UTC)


@for_each(
    ("value", "meant"),
    [
        ("2026-03-10", "2026-03-10 00:00"),
        ("2026-03-10 12:00", "2026-03-10 12:00"),
        ("2026-03-10T12:00:30", "2026-03-10 12:00:30"),
        ("2026-03-10T12:00Z", "2026-03-10 12:00"),
        ("2026-03-10T00:30+01:00", "2026-03-09 23:30"),
        ("2026-03-10 24:00", "2026-03-11 00:00"),
        ("20260310T1200", "2026-03-10 12:00"),
        ("2026-03", "2026-03-01 00:00"),
        ("2026", "2026-01-01 00:00"),
        ("2026-069", "2026-03-10 00:00"),
        ("2026-W11", "2026-03-09 00:00"),
    ],
)
def test_a_time_is_written_as_iso_8601_has_it(value: str, meant: str) -> None:
    expected = datetime.fromisoformat(meant).replace(tzinfo=UTC)

    assert absolute_time(value) == time_from(value, now=NOW) == expected


@for_each(
    ("value", "meant"),
    [
        ("30 minutes ago", "2028-03-31 12:00:15"),
        ("-1 hour", "2028-03-31 11:30:15"),
        ("2 hours", "2028-03-31 14:30:15"),
        ("7 days ago", "2028-03-24 12:30:15"),
        (" 1 Week Ago ", "2028-03-24 12:30:15"),
        ("-1 month", "2028-02-29 12:30:15"),
        ("13 months ago", "2027-02-28 12:30:15"),
        ("1 month", "2028-04-30 12:30:15"),
        ("-1 year", "2027-03-31 12:30:15"),
        ("0 days", "2028-03-31 12:30:15"),
    ],
)
def test_a_span_is_counted_from_now_by_the_calendar(value: str, meant: str) -> None:
    assert time_from(value, now=NOW) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


def test_a_year_before_29_february_is_the_28th() -> None:
    leap_day = datetime(2028, 2, 29, tzinfo=UTC)

    assert time_from("1 year ago", now=leap_day) == datetime(2027, 2, 28, tzinfo=UTC)


@for_each(
    "value",
    [
        "",
        "yesterday",
        "7",
        "7d",
        "7 days before",
        "-7 days ago",
        "1.5 days",
        "a month ago",
        "1 day 2 hours",
        "9999 years ago",
        "999999999 weeks",
        "999999999 years",
        "2026-13",
        "2026-02-30",
        "2026-3-1",
        "2026-366",
        "9999-12-31 24:00",
        "0001-01-01T00:00+14:00",
        "２０２６-03-10",
        "٧ days",
    ],
)
def test_what_is_no_time_is_named_beside_examples(value: str) -> None:
    with pytest.raises(click.BadParameter) as raised:
        time_from(value, now=NOW)

    assert raised.value.message == (
        f"{value!r} is not a time; it looks like 2026-03-10, '2026-03-10 12:00', 2026-03, "
        "'-1 month' or '7 days ago'."
    )


@pytest.mark.parametrize("value", ["-1 month", "7 days ago", "yesterday"])
def test_the_clock_itself_is_set_to_an_absolute_time(value: str) -> None:
    with pytest.raises(click.BadParameter, match=r"^'.*' is not a time such as '2026-03-10 12:00'"):
        absolute_time(value)
