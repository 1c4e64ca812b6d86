"""What a run did."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmail.delivery.rows.outcome import Status

if TYPE_CHECKING:
    from segmail.errors import SegmailError


@dataclass
class Summary:
    """What a run did: outcomes by status, held rows, and what ended it early."""

    counts: collections.Counter[Status] = field(default_factory=collections.Counter)
    held: int = 0
    seconds: float = 0.0
    fault: SegmailError | None = None

    @property
    def processed(self) -> int:
        """Rows that came to their end without an error: sent or rightly skipped."""
        return self.counts[Status.SENT] + self.counts[Status.SKIPPED]
