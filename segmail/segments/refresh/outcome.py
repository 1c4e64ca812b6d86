"""What a refresh did with one segment."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class RefreshState(enum.StrEnum):
    """How the refresh of a segment ended."""

    REFRESHED = "refreshed"
    FAILED = "failed"  # only `refresh_status` was changed, or the chunks already committed
    WAITING = "waiting"  # members and stopped steps are right, the enrolment waits for a person
    UNFINISHED = "unfinished"  # some chunks are written; the next run does the rest
    BUSY = "busy"  # another refresh, or an admin who saves it, is at work on the segment
    INACTIVE = "inactive"  # named, but switched off: its members stay as they are


@dataclass(frozen=True)
class Refreshed:
    """A segment's refresh in numbers of customers; `stopped` and `ordered` are numbers of rows.

    `not_enrolled` counts, by reason, the customers who entered or left without starting a sequence.
    `ordered` rows were skipped because the customer has ordered (`goal = order`). `asked` is how
    many customers the conditions were evaluated for (None: all), `whole` why for all.
    """

    segment_id: int
    segment: str
    state: RefreshState
    members: int = 0
    entered: int = 0
    left: int = 0
    enrolled: int = 0
    late: int = 0  # of the enrolled: members who were not enrolled when they entered
    waiting: int = 0  # those who would be enrolled, but exceed the limit
    not_enrolled: Mapping[str, int] = field(default_factory=dict)
    stopped: int = 0
    ordered: int = 0
    seconds: float = 0.0
    asked: int | None = None
    whole: str | None = None
    reason: str | None = None
    exit_code: int = 0

    @property
    def changed_something(self) -> bool:
        """Whether it is worth a log line in a quiet shop: somebody came, left or was stopped."""
        changes = (self.entered, self.left, self.enrolled, self.late, self.stopped, self.ordered)
        return any(changes) or bool(self.not_enrolled)

    def told(self) -> str:
        """Return the numbers in words, for the log."""
        changes = [
            f"{self.members:,} member{'' if self.members == 1 else 's'}",
            f"{self.entered:,} entered",
            f"{self.left:,} left",
            f"{self.enrolled:,} enrolled",
        ]
        if self.late:
            changes.append(f"{self.late:,} of them late")
        if self.not_enrolled:
            changes.append(f"not enrolled: {self.told_reasons()}")
        if self.stopped:
            changes.append(f"{self.stopped:,} steps stopped")
        if self.ordered:
            changes.append(f"{self.ordered:,} steps stopped by an order")
        return ", ".join(changes)

    def told_reasons(self) -> str:
        """Return in words why customers were not enrolled."""
        return "; ".join(f"{count:,} {reason}" for reason, count in self.not_enrolled.items())
