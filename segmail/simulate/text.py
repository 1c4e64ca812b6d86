"""A simulation as text for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

from segmail.printable import printable
from segmail.simulate.findings import ENDS, DayFound, Findings, SegmentFound
from segmail.simulate.simulate import Simulation

_LINES = 500  # of a timeline on a terminal


def as_text(simulation: Simulation) -> Iterator[str]:
    """Yield the lines: what happens first, each segment, each day, and what needs attention."""
    found = simulation.found
    lines = [
        *_head(found),
        *_first_run(found),
        *_segments(found.segments),
        *_days(found.days),
        *_to_look_at(found),
    ]
    yield from (f"{printable(line)}\n" for line in lines)
    if simulation.chosen:
        yield from _timeline(simulation)


def _head(found: Findings) -> Iterator[str]:
    zone = ZoneInfo(found.zone)
    since, until = (f"{it.astimezone(zone):%Y-%m-%d %H:%M}" for it in (found.start, found.until))
    yield f"Simulation from {since} to {until} ({found.zone}); nothing was sent"
    yield f"{found.customers:,} of {found.of_customers:,} customers, {found.sent:,} mails"
    if found.applied:
        told = ", ".join(f"{number:,} {outcome}" for outcome, number in found.applied.items())
        yield f"Campaign files, applied to the copy: {told}"
    yield from found.notes


def _first_run(found: Findings) -> Iterator[str]:
    first, zone = found.first_run, ZoneInfo(found.zone)
    yield ""
    yield f"First run, {first.at.astimezone(zone):%Y-%m-%d %H:%M}"
    yield (
        f"  {first.entered:,} enter, {first.enrolled:,} are enrolled, {first.left:,} leave, "
        f"{first.stopped:,} steps stop; {first.sent_within_hour:,} mails within the hour"
    )
    yield from (f"  {one}" for one in first.waits)


def _segments(segments: Sequence[SegmentFound]) -> Iterator[str]:
    for one in segments:
        yield ""
        yield (
            f"{one.segment}: {one.entered:,} entered, {one.left:,} left, "
            f"{one.enrolled:,} enrolled, {one.members:,} members at the end"
        )
        if one.fault:
            yield f"  Not refreshed: {one.fault}"
        yield from _reasons("not enrolled", one.not_enrolled)
        if one.steps:
            heads = ("Step", "After", "Sent", "Skipped", "Failed", "Waiting", "Coupons", "Template")
            yield from _table(
                heads,
                [
                    (
                        step.step.removeprefix(f"{one.segment}:"),
                        step.delay,
                        *map(_number, (step.sent, step.skipped, step.failed, step.waiting)),
                        _number(step.coupons),
                        step.template,
                    )
                    for step in one.steps
                ],
            )
        for step in one.steps:
            yield from _reasons(step.step.removeprefix(f"{one.segment}:"), step.reasons)


def _reasons(what: str, reasons: Mapping[str, int]) -> Iterator[str]:
    yield from (f"    {what}: {number:,} {reason}" for reason, number in reasons.items())


def _days(days: Iterable[DayFound]) -> Iterator[str]:
    by_day: defaultdict[int, list[DayFound]] = defaultdict(list)
    for one in days:
        by_day[one.day].append(one)
    rows = []
    for day, ones in sorted(by_day.items()):
        most = sorted((one for one in ones if one.sent), key=lambda one: (-one.sent, one.segment))
        sums = (sum(getattr(it, name) for it in ones) for name in ENDS)
        told = ", ".join(f"{one.segment} {one.sent:,}" for one in most)
        if not any(one.sent or one.skipped or one.failed for one in ones):
            continue
        rows.append((str(day), f"{ones[0].date:%a %d %b}", *map(_number, sums), told))
    if rows:
        yield ""
        yield from _table(("Day", "Date", "Sent", "Skipped", "Failed", "Sent by segment"), rows)


def _to_look_at(found: Findings) -> Iterator[str]:
    yield ""
    collisions = found.collisions
    yield (
        f"Two mails to one customer within an hour: {collisions.within_hour:,}; within a day: "
        f"{collisions.within_day:,}, for {collisions.customers:,} customers; most on one day: "
        f"{collisions.most_a_day:,}"
    )
    for one in collisions.examples:
        yield (
            f"  {one.email or one.customer_id}: {one.step}, {_span(one.minutes_after)} after "
            f"{one.before}"
        )
    if found.postponed:
        yield "Postponed or tried again"
        yield from (f"  {number:,} {reason}" for reason, number in found.postponed.items())
    if found.coupons:
        yield "Coupons made"
        yield from (f"  {one.made:,} {one.rule}" for one in found.coupons)
    unreached = [step for one in found.segments for step in one.steps if step.unreached]
    if unreached:
        yield "Steps that were sent to nobody"
        yield from (f"  {step.step}: {step.unreached}" for step in unreached)
    if found.differences:
        yield "What the copy compares differently from the shop"
        yield from (f"  {one}" for one in found.differences)


def _timeline(simulation: Simulation) -> Iterator[str]:
    zone = ZoneInfo(simulation.found.zone)
    yield "\n"
    chosen = set(simulation.chosen)
    rows = (row for row in simulation.rows() if row.customer_id in chosen)
    for row in islice(rows, _LINES):
        told = row.subject if row.is_sent else row.reason
        coupon = f" ({row.coupon_code})" if row.coupon_code else ""
        at = f"{row.at.astimezone(zone):%a %d %b %H:%M}"
        line = f"Day {row.day}, {at}  {row.email}  {row.step}  {row.outcome}: {told or ''}{coupon}"
        yield f"{printable(line)}\n"


def _span(minutes: int) -> str:
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows in columns, numbers aligned right."""
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [
        all(cell.replace(",", "").isdecimal() or not cell for cell in it[1:]) for it in columns
    ]
    for row in (heads, *rows):
        cells = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        yield f"  {'  '.join(cells)}".rstrip()
