"""What a run did, and the line about failures for cron's mail."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmail.delivery.rows.outcome import Status
from segmail.maho.problems import common_reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from segmail.delivery.rows.outcome import Outcome
    from segmail.errors import SegmailError

_TOLD = 3  # reasons listed
_LENGTH = 120  # characters per reason


@dataclass
class Summary:
    """What a run did: outcomes by status, why steps failed, held rows, and what ended it early."""

    counts: collections.Counter[Status] = field(default_factory=collections.Counter)
    failures: collections.Counter[str] = field(default_factory=collections.Counter)
    held: int = 0
    seconds: float = 0.0
    fault: SegmailError | None = None

    @property
    def processed(self) -> int:
        """Rows that ended without an error: sent or rightly skipped."""
        return self.counts[Status.SENT] + self.counts[Status.SKIPPED]

    @property
    def did_nothing(self) -> bool:
        """Whether nothing was due that could be sent, as in most runs of cron."""
        return not self.counts.total() and self.fault is None

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes of rows."""
        for outcome in outcomes:
            self.counts[outcome.status] += 1
            if outcome.status is Status.FAILED:
                self.failures[_shortened(common_reason(outcome.reason))] += 1

    def told_failures(self) -> str:
        """Return one line: how many steps failed, and the reasons, the most frequent first.

        No reason names a customer: the line goes into cron's mail.
        """
        failed = self.counts[Status.FAILED]
        groups = [f"{count:,} × {reason}" for reason, count in self.failures.most_common(_TOLD)]
        if others := failed - sum(count for _, count in self.failures.most_common(_TOLD)):
            groups.append(f"{others:,} for other reasons")
        total = self.counts.total()
        return f"{failed:,} of {total:,} steps failed: {'; '.join(groups)}. The log has each."


def _shortened(reason: str) -> str:
    return reason.rstrip(". ") if len(reason) <= _LENGTH else f"{reason[:_LENGTH]}…"
