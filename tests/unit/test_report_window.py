"""Which span of time a report is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from segmail.errors import InputError
from segmail.report import Window, choose_window

NOW = datetime(2026, 3, 10, 12, 0, 0, 250_000, tzinfo=UTC)
NEXT_SECOND = datetime(2026, 3, 10, 12, 0, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def choose(
    *, hours: int | None = None, since: datetime | None = None, until: datetime | None = None
) -> Window:
    return choose_window(now=NOW, hours=hours, since=since, until=until)


def test_it_is_the_last_day_where_nothing_is_given() -> None:
    assert choose() == Window(NEXT_SECOND - DAY, NEXT_SECOND)


def test_it_is_the_last_hours_that_are_given() -> None:
    assert choose(hours=48) == Window(NEXT_SECOND - 2 * DAY, NEXT_SECOND)


def test_it_ends_with_this_second_where_only_its_beginning_is_given() -> None:
    assert choose(since=MONDAY) == Window(MONDAY, NEXT_SECOND)


def test_it_is_a_day_long_where_only_its_end_is_given() -> None:
    assert choose(until=MONDAY) == Window(MONDAY - DAY, MONDAY)


def test_hours_and_a_beginning_contradict_each_other() -> None:
    with pytest.raises(InputError, match="not both"):
        choose(hours=1, since=MONDAY)


def test_it_cannot_end_before_it_begins() -> None:
    with pytest.raises(InputError, match="Nothing lies between"):
        choose(since=NOW, until=MONDAY)
