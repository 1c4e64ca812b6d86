"""What `process-emails --dry-run` shows."""

from __future__ import annotations

import dataclasses

from segmail.delivery.assemble import preview_due
from segmail.delivery.job import Job, Options
from segmail.delivery.rows.outcome import Outcome
from segmail.mail.due_row import Prepared
from segmail.output import print_json, print_table


def show_preview(job: Job, options: Options, *, as_json: bool) -> None:
    """Print what a run would do with each due row."""
    lines = [_line(result) for result in preview_due(job, options)]
    if as_json:
        print_json([dataclasses.asdict(line) for line in lines])
        return
    print_table(
        f"Dry run: {len(lines)} due rows, nothing was changed",
        ("Progress", "Customer", "Segment", "Step", "Would be", "Why"),
        [
            (line.progress_id, line.customer_id, line.segment, line.step, line.result, line.reason)
            for line in lines
        ],
    )


@dataclasses.dataclass(frozen=True)
class _Line:
    progress_id: int
    customer_id: int
    segment: str
    step: str
    result: str
    reason: str


def _line(result: Outcome | Prepared) -> _Line:
    if isinstance(result, Prepared):
        told = "sent", f"to {result.envelope.recipient}: {result.subject}"
    else:
        told = result.status.value, result.reason
    row = result.row
    return _Line(
        row.progress_id,
        row.customer_id,
        row.step.segment.name,
        f"{row.trigger_type} {row.step.step_number}",
        *told,
    )
