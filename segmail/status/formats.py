"""A status as JSON for scripts, and as one line for Nagios and similar programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from segmail.findings import Severity
from segmail.jobs.record import JobEnd, JobRecord
from segmail.status.collect import AutomationStatus, SegmentStatus
from segmail.status.judge import StatusFinding, rows_due


def as_json(status: AutomationStatus, findings: Sequence[StatusFinding]) -> dict[str, Any]:
    """Return what `status --json` prints."""
    return {
        "now": status.now,
        "ok": not findings,
        "findings": [
            {"severity": f.severity, "about": f.where, "what": f.what, "advice": f.advice}
            for f in findings
        ],
        "automation": {
            "on": status.switch.on,
            "setting": status.switch.setting,
            "maho_sends": status.maho_sends,
            "maho_ran": status.maho_ran,
            "not_upgraded": status.not_upgraded,
            "maintenance_since": status.maintenance and status.maintenance[1],
        },
        "scheduled": sum(s.scheduled for s in status.segments),
        "due": sum(s.backlog for s in status.segments),
        "held": sum(s.held for s in status.segments),
        "deferred": sum(s.deferred for s in status.segments),
        "postponed": sum(s.postponed for s in status.segments),
        "open_attempts": status.open_attempts,
        "stuck_attempts": status.stuck_attempts,
        "oldest_due": status.oldest_due,
        "next_due": status.next_due,
        "hosts": status.hosts,
        "segments": [_segment(segment) for segment in status.segments],
        "jobs": [_job(record) for record in status.jobs],
    }


def as_nagios(status: AutomationStatus, findings: Sequence[StatusFinding]) -> tuple[str, int]:
    """Return the plugin's line, with performance data, and its exit code: 0, 1 or 2."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    code = 2 if errors else 1 if findings else 0
    word = ("OK", "WARNING", "CRITICAL")[code]
    due = sum(segment.backlog for segment in status.segments)
    said = "; ".join(f"{f.where}: {f.what}" for f in findings) or rows_due(due)
    oldest = status.oldest_due
    seconds = 0 if oldest is None else max(0, int((status.now - oldest).total_seconds()))
    held = sum(segment.held for segment in status.segments)
    # A bar separates the text from the figures, so the text must not contain one.
    line = f"SEGMAIL {word} - {said}".replace("|", "/").replace("\n", " ")
    return f"{line} | due={due} held={held} oldest_due={seconds}s", code


def _segment(segment: SegmentStatus) -> dict[str, Any]:
    return {**asdict(segment), "held": segment.held}


def _job(record: JobRecord) -> dict[str, Any]:
    return {
        "job": record.job,
        "host": record.host,
        "running_since": record.running_since,
        "succeeded": record.succeeded,
        "failures": record.failures,
        "last": _end(record.last),
        "last_busy": _end(record.busy),
        "last_failure": _end(record.failed),
    }


def _end(end: JobEnd | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {
        "began": end.began,
        "ended": end.ended,
        "exit_code": end.exit_code,
        "message": end.message,
        "outcomes": dict(end.outcomes),
    }
