"""A report as the log's line, as text for people and as JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from segmail.report.activity import Activity, Counts, SegmentActivity, StepActivity


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
        f"Coupons       {activity.coupons_generated:>11,}  ({activity.coupons_used:,} used so far)",
        "",
    ]
    return "\n".join([*head, *_step_lines(activity), ""])


def as_json(activity: Activity) -> str:
    """Return the report as a JSON object; times are ISO 8601 in UTC."""
    value = {
        "since": activity.window.since.isoformat(),
        "until": activity.window.until.isoformat(),
        **_counts(activity.counts),
        "coupons_generated": activity.coupons_generated,
        "coupons_used": activity.coupons_used,
        "segments": [_segment(segment) for segment in activity.segments],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


FORMATS: dict[str, Callable[[Activity], str]] = {"text": as_text, "json": as_json}

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


def _segment(activity: SegmentActivity) -> dict[str, Any]:
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
            }
            for each in activity.steps
        ],
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {**asdict(counts), "total_active": counts.total_active}
