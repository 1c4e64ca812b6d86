"""What can become of a due row."""

from __future__ import annotations

import enum


class Status(enum.StrEnum):
    """What became of a due row."""

    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    DEFERRED = "deferred"  # stays scheduled, tried again later
    RELEASED = "released"  # stays scheduled as it was; nothing was sent
