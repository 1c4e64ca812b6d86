"""Sending rules: what keeps a mail back, and until when, in every zone and across summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmail.sending_rules import RULES, Cap, Hours, SendingRules, Span, Weekdays
from tests.each_case import for_each

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/Los_Angeles",
                                     "Asia/Kathmandu", "Australia/Lord_Howe")]  # fmt: skip


def rules(**words: str) -> SendingRules:
    return SendingRules().with_chosen(words)


def until(found: SendingRules, moment: datetime, *recent: datetime, zone: ZoneInfo = BERLIN) -> str:
    kept = found.postponed(moment, zone, recent)
    if kept is None or kept.until is None:
        return "now" if kept is None else "never"
    return f"{kept.until.astimezone(zone):%d %b %H:%M}"


@for_each(
    ("name", "written", "kept"),
    [
        ("cap", "4 per week, 2 per day", "2 per day, 4 per week"),
        ("cap", "1 a day", "1 per day"),
        ("window", "9-20:30", "9:00-20:30"),
        ("quiet_hours", "22:00 – 7:00", "22:00-7:00"),
        ("weekdays", "Monday, Wed-Fri", "mon, wed-fri"),
        ("weekdays", "sat-mon", "mon, sat-sun"),
        ("gap", "4 hours", "4 h"),
        ("expiry", "3 days", "3 days"),
        ("expiry", "None", "none"),
        ("cap", "default", "default"),
    ],
)
def test_words_are_kept_in_one_form(name: str, written: str, kept: str) -> None:
    assert RULES[name].plain(written) == kept
    assert RULES[name].plain(kept) == kept


@for_each(
    ("name", "words"),
    [("cap", "2"), ("cap", "0 per day"), ("cap", "2 per day, 3 per day"), ("cap", "2 ever"),
     ("window", "9:00"), ("window", "9:00-9:00"), ("window", "25:00-9:00"),
     ("window", "9:60-10:00"),
     ("quiet_hours", ""), ("weekdays", "someday"), ("weekdays", ""), ("gap", "4"), ("gap", "0 h"),
     ("expiry", "soon")],
)  # fmt: skip
def test_other_words_are_refused(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words or None):
        RULES[name].plain(words)


def test_a_window_is_one_of_the_stores_clock() -> None:
    office = rules(window="9:00-20:00")

    assert until(office, datetime(2026, 3, 27, 7, 59, tzinfo=UTC)) == "27 Mar 09:00"
    assert until(office, datetime(2026, 3, 27, 18, 59, tzinfo=UTC)) == "now"
    # Clocks go forward in the night.
    assert until(office, datetime(2026, 3, 28, 19, tzinfo=UTC)) == "29 Mar 09:00"
    assert office.postponed(datetime(2026, 3, 28, 19, tzinfo=UTC), BERLIN, ()).until == datetime(  # type: ignore[union-attr]
        2026, 3, 29, 7, tzinfo=UTC
    )


def test_a_window_may_be_across_midnight() -> None:
    night = rules(window="22:00-2:00")

    assert until(night, datetime(2026, 6, 1, 23, 30, tzinfo=UTC)) == "now"
    assert until(night, datetime(2026, 6, 2, 0, 0, tzinfo=UTC)) == "02 Jun 22:00"


def test_a_window_in_the_hour_that_clocks_leave_out_opens_the_next_day() -> None:
    lost = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half an hour before clocks go forward

    assert until(rules(window="2:00-3:00"), lost) == "30 Mar 02:00"
    assert until(rules(window="2:30-4:00"), lost) == "29 Mar 03:00"


def test_a_window_opens_again_in_the_hour_that_comes_twice() -> None:
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 2:45 in summer time, 1:45 in winter's

    assert until(rules(window="1:30-2:30"), between) == "25 Oct 02:00"


def test_quiet_hours_and_weekdays_go_together() -> None:
    both = rules(quiet_hours="22:00-7:00", weekdays="mon-fri")

    assert until(both, datetime(2026, 6, 5, 20, 30, tzinfo=UTC)) == "08 Jun 07:00"


def test_a_cap_counts_spans_of_time_and_a_gap_the_last_mail() -> None:
    now = datetime(2026, 6, 5, 10, tzinfo=UTC)
    ago = [now - timedelta(hours=hours) for hours in (100, 23, 2)]

    assert until(rules(cap="2 per day"), now, *ago) == "05 Jun 13:00"
    assert until(rules(cap="3 per day"), now, *ago) == "now"
    assert until(rules(cap="3 per day, 3 per week"), now, *ago) == "08 Jun 08:00"
    assert until(rules(gap="4 hours"), now, *ago) == "05 Jun 14:00"
    assert until(rules(gap="4 hours", window="15:00-16:00"), now, *ago) == "05 Jun 15:00"
    assert rules(cap="2 per day", gap="4 hours").postponed(now, BERLIN, ago).rules == (  # type: ignore[union-attr]
        "the cap of 2 per day and the gap of 4 h between two mails"
    )


def test_rules_that_never_allow_a_mail_are_known() -> None:
    never = rules(window="9:00-20:00", quiet_hours="8:00-21:00")

    assert not never.allows_hours()
    assert until(never, datetime(2026, 6, 5, tzinfo=UTC)) == "never"


hours = st.builds(
    Hours, st.integers(0, 1439), st.integers(0, 1439)
).filter(lambda found: found.start != found.end)  # fmt: skip
some_rules = st.builds(
    SendingRules,
    cap=st.none() | st.sampled_from(["1 per day", "2 per day, 3 per week"]).map(Cap.read),
    window=st.none() | hours,
    quiet_hours=st.none() | hours,
    weekdays=st.none() | st.sets(st.integers(0, 6), min_size=1).map(frozenset).map(Weekdays),
    gap=st.none() | st.sampled_from(["4 hours", "2 days"]).map(Span.read),
)
START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 366 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@given(some_rules, moments, st.lists(moments, max_size=6), st.sampled_from(ZONES))
def test_a_mail_may_go_when_the_rules_say_so_and_not_before(
    found: SendingRules, moment: datetime, sent: list[datetime], zone: ZoneInfo
) -> None:
    recent = sorted(at for at in sent if at <= moment)
    kept = found.postponed(moment, zone, recent)
    if kept is None:
        return
    if kept.until is None:
        assert not found.allows_hours()
        return
    assert kept.until > moment
    assert found.postponed(kept.until, zone, recent) is None
    step = (kept.until - moment) / 20
    for number in range(20):
        assert found.postponed(moment + number * step, zone, recent) is not None
