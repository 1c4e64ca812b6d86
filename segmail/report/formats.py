"""A report as the log's line, as text for people and as JSON for scripts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from segmail.report.activity import Activity, Counts, SegmentActivity, StepActivity
from segmail.report.html import as_html
from segmail.report.revenue import Income, Revenue, conversion_interval, money_text


def log_line(activity: Activity) -> str:
    """Return SPEC's line, for `grep "Daily automation report"`."""
    counts = activity.counts
    return (
        f"Daily automation report: {counts.sent:,} sent, {counts.failed:,} failed, "
        f"{counts.scheduled:,} scheduled, {counts.total_active:,} total active"
    )


def as_text(activity: Activity) -> str:
    """Return the report for people: the totals, then a line for each step."""
    counts = activity.counts
    since, until = (f"{t:%Y-%m-%d %H:%M}" for t in (activity.window.since, activity.window.until))
    head = [
        f"E-mail automation from {since} to {until} UTC",
        "",
        f"Sent          {counts.sent:>11,}",
        f"Failed        {counts.failed:>11,}  "
        f"({counts.interrupted:,} interrupted: may have arrived)",
        f"Skipped       {counts.skipped:>11,}",
        f"Scheduled     {counts.scheduled:>11,}  "
        f"({counts.held:,} held: segment switched off; {counts.overdue:,} overdue)",
        f"Total active  {counts.total_active:>11,}",
        f"Coupons       {activity.coupons.generated:>11,}  "
        f"({activity.coupons.used:,} used so far, {activity.coupons.expired:,} expired unused)",
        *_revenue_lines(activity.revenue),
        "",
    ]
    tail = [*_step_lines(activity), *_reason_lines(activity), *_day_lines(activity), ""]
    return "\n".join([*head, *tail])


def as_json(activity: Activity) -> str:
    """Return the report as a JSON object; times are ISO 8601 in UTC."""
    value = {
        "since": activity.window.since.isoformat(),
        "until": activity.window.until.isoformat(),
        **_counts(activity.counts),
        "coupons_generated": activity.coupons.generated,
        "coupons_used": activity.coupons.used,
        "coupons_expired": activity.coupons.expired,
        "segments": [_segment(segment, activity.revenue) for segment in activity.segments],
        "reasons": [
            {"status": one.status, "reason": one.reason, "rows": one.rows} for one in activity.ended
        ],
        "days": [
            {"day": one.day.isoformat(), "sent": sum(one.sent.values())} for one in activity.days
        ],
        "revenue": _revenue(activity.revenue),
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def as_csv(activity: Activity) -> str:
    """Return a line for each step, under a line of headings; sums have a column a currency."""
    revenue = activity.revenue
    currencies = sorted(revenue.by_mail.sums) if revenue else []
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    counts = [field.name for field in fields(Counts)]
    sums = [f"revenue_{currency}" for currency in currencies]
    writer.writerow(
        ["segment_id", "segment", "trigger", "step_number", "sequence_id", *counts, "orders", *sums,
         "unsubscribed"]
    )  # fmt: skip
    for segment in activity.segments:
        for step in segment.steps:
            income, left = _of_step(revenue, step.step.sequence_id)
            writer.writerow(
                [
                    segment.segment.segment_id,
                    segment.segment.name,
                    step.step.trigger.value,
                    step.step.step_number,
                    step.step.sequence_id,
                    *asdict(step.counts).values(),
                    income.orders,
                    *(income.sums.get(currency, 0) for currency in currencies),
                    left,
                ]
            )
    return out.getvalue()


FORMATS: dict[str, Callable[[Activity], str]] = {
    "text": as_text,
    "json": as_json,
    "csv": as_csv,
    "html": as_html,
}

_HEADINGS = (
    "Segment",
    "Trigger",
    "Step",
    "Sent",
    "Failed",
    "Interrupted",
    "Skipped",
    "Scheduled",
    "Held",
    "Overdue",
)


def _step_lines(activity: Activity) -> Iterator[str]:
    rows = [
        _HEADINGS,
        *(_cells(segment, step) for segment in activity.segments for step in segment.steps),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(_aligned(row, widths)).rstrip()


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield names flush left and numbers flush right."""
    for position, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if position < 2 else cell.rjust(width)


def _cells(segment: SegmentActivity, step: StepActivity) -> tuple[str, ...]:
    name = " ".join(segment.segment.name.split())
    numbers = (step.step.step_number, *asdict(step.counts).values())
    return (name, step.step.trigger.value, *(f"{number:,}" for number in numbers))


def _of_step(revenue: Revenue | None, sequence_id: int) -> tuple[Income, int]:
    """Return what a step's mails brought in, and how many unsubscribed after one."""
    if revenue is None:
        return Income(), 0
    return (
        revenue.by_step.get(sequence_id, Income()),
        revenue.unsubscribed.get(sequence_id, 0),
    )


def _revenue_lines(revenue: Revenue | None) -> Iterator[str]:
    if revenue is None:
        return
    yield f"Revenue       {money_text(revenue.by_coupon.sums):>11}  " + (
        f"by coupon, {revenue.by_coupon.orders:,} orders"
    )
    yield f"              {money_text(revenue.by_mail.sums):>11}  " + (
        f"by last mail within {revenue.within_days} days, {revenue.by_mail.orders:,} orders"
    )
    yield f"Unsubscribed  {sum(revenue.unsubscribed.values()):>11,}  (within these days)"


def _reason_lines(activity: Activity) -> Iterator[str]:
    if activity.ended:
        yield ""
        yield "Ended without a mail"
        for one in activity.ended:
            yield f"{one.rows:>11,}  {one.status}: {one.reason}"


def _day_lines(activity: Activity) -> Iterator[str]:
    if len(activity.days) > 1:
        yield ""
        yield "Sent by day (UTC)"
        for one in activity.days:
            yield f"{sum(one.sent.values()):>11,}  {one.day}"


def _revenue(revenue: Revenue | None) -> dict[str, Any] | None:
    if revenue is None:
        return None
    return {
        "within_days": revenue.within_days,
        "by_coupon": _income(revenue.by_coupon),
        "by_mail": _income(revenue.by_mail),
        "unsubscribed": sum(revenue.unsubscribed.values()),
    }


def _income(income: Income) -> dict[str, Any]:
    sums = {currency: str(total) for currency, total in income.sums.items()}
    return {"orders": income.orders, "sums": sums}


def _segment(activity: SegmentActivity, revenue: Revenue | None) -> dict[str, Any]:
    return {
        "segment_id": activity.segment.segment_id,
        "name": activity.segment.name,
        "sends": activity.segment.sends,
        **_counts(activity.counts),
        "steps": [
            {
                "sequence_id": each.step.sequence_id,
                "trigger": each.step.trigger.value,
                "step_number": each.step.step_number,
                **_counts(each.counts),
                **_step_income(revenue, each),
            }
            for each in activity.steps
        ],
    }


def _step_income(revenue: Revenue | None, step: StepActivity) -> dict[str, Any]:
    if revenue is None:
        return {}
    income, left = _of_step(revenue, step.step.sequence_id)
    low, high = conversion_interval(income.orders, step.counts.sent)
    return {
        **_income(income),
        "conversion": income.orders / step.counts.sent if step.counts.sent else None,
        "conversion_95": [round(low, 6), round(high, 6)] if step.counts.sent else None,
        "unsubscribed": left,
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {**asdict(counts), "total_active": counts.total_active}
