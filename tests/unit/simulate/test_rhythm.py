"""Jobs begin when cron starts them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from segmail.simulate.rhythm import Rhythm


@pytest.mark.parametrize(
    ("at", "refresh", "send"),
    [
        ("12:00", "12:00", "12:00"),
        ("12:01", "12:15", "12:05"),
        ("12:44", "12:45", "12:45"),
    ],
)
def test_a_job_begins_at_the_next_minute_that_its_pace_divides(
    at: str, refresh: str, send: str
) -> None:
    def moment(told: str) -> datetime:
        return datetime.fromisoformat(f"2026-03-10 {told}").replace(tzinfo=UTC)

    assert Rhythm().refresh_at(moment(at)) == moment(refresh)
    assert Rhythm().send_at(moment(at)) == moment(send)


def test_a_cleanup_runs_once_a_day() -> None:
    two = datetime(2026, 3, 10, 2, tzinfo=UTC)

    assert Rhythm().cleanup_after(two.replace(hour=1), 2) == two
    assert Rhythm().cleanup_after(two, 2) == two.replace(day=11)
