"""How a report reads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from xml.etree import ElementTree

from segmail.maho.steps import Segment, Step, Trigger
from segmail.report import (
    FORMATS,
    Activity,
    Counts,
    Coupons,
    SegmentActivity,
    StepActivity,
    Window,
    as_text,
    log_line,
)
from segmail.report.activity import Day

SEGMENT = Segment(7, "Cart\nabandoned, città", True, True, None, False)
STEP = Step(31, SEGMENT, Trigger.ENTER, 1, 5, 60, True, 1, False, None, None, None)
COUNTS = Counts(
    sent=3_421,
    failed=12,
    interrupted=2,
    skipped=4,
    scheduled=156,
    held=6,
    overdue=2,
    postponed=5,
    deferred=3,
)
ACTIVITY = Activity(
    Window(datetime(2026, 3, 9, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, tzinfo=UTC)),
    COUNTS,
    coupons=Coupons(generated=1_210, used=14, expired=3),
    segments=(SegmentActivity(SEGMENT, COUNTS, (StepActivity(STEP, COUNTS),)),),
)

TEXT = """\
E-mail automation from 2026-03-09 12:00 to 2026-03-10 12:00 UTC

Sent                3,421
Failed                 12  (2 interrupted: may have arrived)
Skipped                 4
Scheduled             156  (6 held: segment switched off; 2 overdue)
                           (5 postponed, 3 to be tried again)
Total active        3,589
Coupons             1,210  (14 used so far, 3 expired unused)

Segment                Trigger  Step   Sent  Failed  Interrupted  Skipped  Scheduled  Held  Overdue
Cart abandoned, città  enter       1  3,421      12            2        4        156     6        2
"""


def test_the_log_line_is_the_specifications() -> None:
    assert log_line(ACTIVITY) == (
        "Daily automation report: 3,421 sent, 12 failed, 156 scheduled, 3,589 total active"
    )


def test_text_is_aligned_and_one_line_a_step() -> None:
    assert FORMATS["text"](ACTIVITY) == TEXT


def test_json_has_totals_segments_and_steps() -> None:
    counts = {
        "sent": 3421,
        "failed": 12,
        "interrupted": 2,
        "skipped": 4,
        "scheduled": 156,
        "held": 6,
        "overdue": 2,
        "postponed": 5,
        "deferred": 3,
        "total_active": 3589,
    }
    assert json.loads(FORMATS["json"](ACTIVITY)) == {
        "since": "2026-03-09T12:00:00+00:00",
        "until": "2026-03-10T12:00:00+00:00",
        **counts,
        "coupons_generated": 1210,
        "coupons_used": 14,
        "coupons_expired": 3,
        "segments": [
            {
                "segment_id": 7,
                "name": "Cart\nabandoned, città",
                "sends": True,
                **counts,
                "steps": [{"sequence_id": 31, "trigger": "enter", "step_number": 1, **counts}],
            }
        ],
        "reasons": [],
        "time_zone": "UTC",
        "days": [],
        "revenue": None,
        "lift": [],
    }


def test_in_a_narrow_terminal_each_step_tells_its_numbers_in_words() -> None:
    lines = as_text(ACTIVITY, width=60).splitlines()

    assert max(map(len, lines)) <= 60
    assert lines[-3:] == [
        "Cart abandoned, città",
        "  enter 1: 3,421 sent, 12 failed, 2 interrupted, 4 skipped,",
        "    156 scheduled, 6 held, 2 overdue",
    ]
    assert "Scheduled             156  (6 held: segment switched off; 2" in lines
    assert f"{'':27}overdue)" in lines
    assert f"{'':27}again)" in lines
    assert as_text(ACTIVITY, width=120) == TEXT


def test_a_long_name_with_a_number_is_wrapped_like_any_other() -> None:
    segment = replace(SEGMENT, name="Customers without an order in the last 90 days, of all stores")
    activity = replace(ACTIVITY, segments=(replace(ACTIVITY.segments[0], segment=segment),))

    assert "Customers without an order in the last 90\n    days, of all stores\n" in as_text(
        activity, width=44
    )


def days_of_page(*days: date, until: date) -> list[tuple[str, str]]:
    """Return the dates and numbers of a page's chart, of 5 mails on each of these days."""
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), end)
    page = FORMATS["html"](
        replace(ACTIVITY, window=window, days=tuple(Day(day, {31: 5}) for day in days))
    )
    [drawn] = re.findall('<svg .* class="chart".*</svg>', page)
    chart = ElementTree.fromstring(drawn)  # noqa: S314 - the page is our own
    bars = list(chart.iter("rect"))
    heights = [bar.get("height") for bar in bars]
    told = [tuple((bar.findtext("title") or "").split(": ")) for bar in bars]
    assert [height for _, height in told] == heights
    assert (chart.get("role"), chart.findtext("title", "")[:10]) == ("img", "Mails sent")
    numbers = re.findall(r"<li>(\S+) <b>(\d+)</b></li>", page)
    assert told == numbers
    return numbers


def test_a_page_draws_a_bar_for_each_day_also_without_a_mail() -> None:
    found = days_of_page(date(2026, 3, 3), date(2026, 3, 5), until=date(2026, 3, 8))

    assert found == [(f"2026-03-0{day}", "5" if day in (3, 5) else "0") for day in range(3, 8)]


def test_a_page_of_half_a_year_draws_weeks_from_monday() -> None:
    found = days_of_page(
        date(2026, 3, 4), date(2026, 3, 8), date(2026, 3, 9), until=date(2026, 9, 1)
    )

    assert found[:3] == [("2026-03-02", "10"), ("2026-03-09", "5"), ("2026-03-16", "0")]
    assert found[-1] == ("2026-08-31", "0")
