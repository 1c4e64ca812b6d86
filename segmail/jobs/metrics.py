"""What a job did as Prometheus metrics, for the textfile collector of node_exporter.

The file is replaced in one rename, so that the collector never reads half of one. Each job has a
file of its own; the collector puts them together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from segmail.errors import ConfigError
from segmail.jobs.record import JobEnd, JobName

_SUCCESS = "segmail_job_last_success_timestamp_seconds"
_HELP = {
    _SUCCESS: "When a run of the job last did its work.",
    "segmail_job_last_end_timestamp_seconds": "When the last run of the job ended.",
    "segmail_job_last_exit_code": "With what the last run of the job ended.",
    "segmail_job_last_duration_seconds": "How long the last run of the job took.",
    "segmail_job_last_outcomes": "What the last run of the job did, in rows or customers.",
    "segmail_due_rows": "Progress rows that should have been sent by now.",
    "segmail_held_rows": "Due rows of segments that are switched off.",
    "segmail_oldest_due_timestamp_seconds": "When the oldest due row was due; 0 if none is.",
}


@dataclass(frozen=True)
class Backlog:
    """What waits after a run; `oldest_due` in UTC."""

    due: int
    held: int
    oldest_due: datetime | None


def write_metrics(file: Path, job: JobName, end: JobEnd, backlog: Backlog | None) -> None:
    """Write how a run ended into `file`; `backlog` is None if the database was out of reach.

    The time of the last success is taken from the existing file. Raises ConfigError if the file
    cannot be written.
    """
    succeeded = end.ended.timestamp() if end.worked else _last_success(file)
    samples = dict(_samples(job, end, backlog, succeeded))
    lines = []
    for name, values in samples.items():
        lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
        lines += [f"{name}{labels} {value:.15g}" for labels, value in values.items()]
    try:
        _replace(file, "\n".join([*lines, ""]))
    except OSError as error:
        raise ConfigError(f"--metrics-file {file}: cannot be written: {error.strerror}.") from error


def _samples(
    job: JobName, end: JobEnd, backlog: Backlog | None, succeeded: float | None
) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield the values of each metric by their labels."""
    label = f'{{job="{job.value}"}}'
    if succeeded is not None:
        yield _SUCCESS, {label: succeeded}
    yield "segmail_job_last_end_timestamp_seconds", {label: end.ended.timestamp()}
    yield "segmail_job_last_exit_code", {label: end.exit_code}
    yield "segmail_job_last_duration_seconds", {label: end.seconds}
    if end.outcomes:
        yield (
            "segmail_job_last_outcomes",
            {
                f'{{job="{job.value}",outcome="{name}"}}': number
                for name, number in end.outcomes.items()
            },
        )
    # For one job only: the collector accepts no metric without a label twice.
    if backlog is not None and job is JobName.PROCESS_EMAILS:
        oldest = backlog.oldest_due.timestamp() if backlog.oldest_due else 0
        yield "segmail_due_rows", {"": backlog.due}
        yield "segmail_held_rows", {"": backlog.held}
        yield "segmail_oldest_due_timestamp_seconds", {"": oldest}


def _last_success(file: Path) -> float | None:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # the first run
    found = re.search(rf"^{_SUCCESS}\{{[^}}]*\}} ([0-9.e+]+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.chmod(0o644)  # node_exporter is another user, and nothing about a customer is in here
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
