"""A report as a log line, as text for people and as JSON for scripts."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from segmail.report.activity import Activity, Counts, SegmentActivity, StepActivity
from segmail.report.intervals import GroupDifference, wilson
from segmail.report.lift import NOT_ENOUGH, Group, Lift
from segmail.report.lift_words import COLUMNS, compared, groups
from segmail.report.revenue import Income, Revenue, money_text


def log_line(activity: Activity) -> str:
    """Return SPEC's line, for `grep "Daily automation report"`."""
    counts = activity.counts
    return (
        f"Daily automation report: {counts.sent:,} sent, {counts.failed:,} failed, "
        f"{counts.scheduled:,} scheduled, {counts.total_active:,} total active"
    )


def as_text(activity: Activity, width: int | None = None) -> str:
    """Return the report for people: the totals, then a line for each step.

    Where a terminal of `width` columns is too narrow for the table of the steps, each tells its
    numbers in words; None: as wide as it needs to be.
    """
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
        f"{'':27}({counts.postponed:,} postponed, {counts.deferred:,} to be tried again)",
        f"Total active  {counts.total_active:>11,}",
        f"Coupons       {activity.coupons.generated:>11,}  "
        f"({activity.coupons.used:,} used so far, {activity.coupons.expired:,} expired unused)",
        *_revenue_lines(activity.revenue),
        "",
    ]
    tail = [
        *_step_lines(activity, width),
        *_lift_lines(activity, width),
        *_reason_lines(activity),
        *_day_lines(activity),
        "",
    ]
    return "\n".join(_wrapped([*head, *tail], width))


def as_json(activity: Activity) -> str:
    """Return the report as a JSON object; times are ISO 8601 in UTC, days the shop's."""
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
        "time_zone": str(activity.zone),
        "days": [
            {"day": one.day.isoformat(), "sent": sum(one.sent.values())} for one in activity.days
        ],
        "revenue": _revenue(activity.revenue),
        "lift": [_lift(one) for one in activity.lift],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def as_csv(activity: Activity) -> str:
    """Return a line per step, below a line of headings; sums have one column per currency.

    Values of a whole sequence, such as the groups of a holdout, are in the line of its first step.
    """
    revenue = activity.revenue
    currencies = sorted(revenue.by_mail.sums) if revenue else []
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    compared_in = sorted({currency for lift in activity.lift for currency in lift.revenue})
    lifts = {(lift.segment_id, lift.trigger): lift for lift in activity.lift}
    counts = [field.name for field in fields(Counts)]
    sums = [f"revenue_{currency}" for currency in currencies]
    writer.writerow(
        ["segment_id", "segment", "trigger", "step_number", "sequence_id", *counts, "orders", *sums,
         "unsubscribed", *_lift_headings(compared_in)]
    )  # fmt: skip
    for segment in activity.segments:
        for step in segment.steps:
            income, left = _of_step(revenue, step.step.sequence_id)
            trigger = step.step.trigger.value
            lift = lifts.pop((segment.segment.segment_id, trigger), None)
            writer.writerow(
                [
                    segment.segment.segment_id,
                    segment.segment.name,
                    trigger,
                    step.step.step_number,
                    step.step.sequence_id,
                    *asdict(step.counts).values(),
                    income.orders,
                    *(income.sums.get(currency, 0) for currency in currencies),
                    left,
                    *_lift_cells(lift, compared_in),
                ]
            )
    return out.getvalue()


def as_html(activity: Activity) -> str:
    """Return the report as a page; only here the charts are needed."""
    from segmail.report.html import as_html

    return as_html(activity)


def _lift_headings(currencies: Sequence[str]) -> Iterator[str]:
    yield from ("mailed", "held_out")
    for name in ("ordered", "orders_a_customer", *(f"revenue_a_customer_{c}" for c in currencies)):
        yield from (f"{name}_difference", f"{name}_low", f"{name}_high")


def _lift_cells(lift: Lift | None, currencies: Sequence[str]) -> list[object]:
    nothing = [""] * 3 * (2 + len(currencies))
    if lift is None:
        return ["", "", *nothing]
    sizes = [lift.mailed.customers, lift.held_out.customers]
    if not lift.is_enough:
        return [*sizes, *nothing]
    revenue = [lift.revenue.get(currency) for currency in currencies]
    return [*sizes, *(cell for one in (lift.ordered, lift.orders, *revenue) for cell in _ends(one))]


def _ends(difference: GroupDifference | None) -> tuple[object, object, object]:
    if difference is None:
        return "", "", ""
    return f"{difference.value:.6f}", f"{difference.low:.6f}", f"{difference.high:.6f}"


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


def _step_lines(activity: Activity, width: int | None) -> Iterator[str]:
    cells = [_cells(segment, step) for segment in activity.segments for step in segment.steps]
    lines = list(_table([_HEADINGS, *cells], names=2))
    if width is None or max(map(len, lines)) <= width:
        yield from lines
        return
    for segment in activity.segments:
        yield " ".join(segment.segment.name.split())
        for step in segment.steps:
            counts = asdict(step.counts)
            numbers = {column.lower(): counts[column.lower()] for column in _HEADINGS[3:]}
            told = ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)
            yield f"  {step.step.trigger.value} {step.step.step_number}: {told or 'nothing'}"


def _wrapped(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """Break lines between words; continuation lines are indented below the text after a number."""
    for line in lines:
        if width is None or len(line) <= width:
            yield line
            continue
        number = re.match(r"(?:[A-Z][a-z]+(?: [a-z]+)?)? {2,}[0-9,.]+ +| {8,}", line)
        indent = " " * (len(number[0]) if number else 4)
        yield from textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )


def _table(rows: Sequence[Sequence[str]], *, names: int) -> Iterator[str]:
    """Yield lines whose first columns are names, aligned left; numbers are aligned right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if position < names else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _cells(segment: SegmentActivity, step: StepActivity) -> tuple[str, ...]:
    name = " ".join(segment.segment.name.split())
    counts = asdict(step.counts)
    numbers = (step.step.step_number, *(counts[column.lower()] for column in _HEADINGS[3:]))
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


def _lift_lines(activity: Activity, width: int | None) -> Iterator[str]:
    names = {one.segment.segment_id: one.segment.name for one in activity.segments}
    for lift in activity.lift:
        name = " ".join(names[lift.segment_id].split())
        yield ""
        yield f"{name}, {lift.trigger}: {groups(lift)}"
        if lift.is_enough:
            yield f"Within {lift.within_days} days from entering"
            lines = list(_table([COLUMNS, *compared(lift)], names=1))
            if width is not None and max(map(len, lines)) > width:
                lines = [
                    f"  {name}: {mailed} mailed, {held_out} held out, difference {difference}"
                    for name, mailed, held_out, difference in compared(lift)
                ]
            yield from lines
        else:
            yield f"{NOT_ENOUGH[0].upper()}{NOT_ENOUGH[1:]}."


def _day_lines(activity: Activity) -> Iterator[str]:
    if len(activity.days) > 1:
        yield ""
        yield f"Sent by day ({activity.zone})"
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


def _lift(lift: Lift) -> dict[str, Any]:
    """Return the groups, and their difference if they are large enough."""
    enough = lift.is_enough
    return {
        "segment_id": lift.segment_id,
        "trigger": lift.trigger,
        "within_days": lift.within_days,
        "enough": enough,
        "mailed": _group(lift.mailed),
        "held_out": _group(lift.held_out),
        "ordered": _difference(lift.ordered) if enough else None,
        "orders": _difference(lift.orders) if enough else None,
        "revenue": (
            {currency: _difference(found) for currency, found in lift.revenue.items()}
            if enough
            else None
        ),
    }


def _group(group: Group) -> dict[str, Any]:
    sums = {currency: f"{sample.total:.4f}" for currency, sample in group.revenue.items()}
    return {
        "customers": group.customers,
        "ordered": group.buyers,
        "orders": int(group.orders.total),
        "sums": sums,
    }


def _difference(difference: GroupDifference) -> dict[str, Any]:
    low, high = round(difference.low, 6), round(difference.high, 6)
    return {"difference": round(difference.value, 6), "interval_95": [low, high]}


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
    low, high = wilson(income.orders, step.counts.sent)
    return {
        **_income(income),
        "conversion": income.orders / step.counts.sent if step.counts.sent else None,
        "conversion_95": [round(low, 6), round(high, 6)] if step.counts.sent else None,
        "unsubscribed": left,
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {**asdict(counts), "total_active": counts.total_active}
