"""What a campaign file changes, for people and for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

CREATED = "created"
CHANGED = "changed"
UNCHANGED = "unchanged"
REMOVED = "removed"
SWITCHED_OFF = "switched off"
EXTRA = "not in the file"  # a step that only `--prune` removes


@dataclass(frozen=True)
class Change:
    """A key of the file and its value; `before` is None if there was no value."""

    key: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Applied:
    """The result for a template, sales rule, segment or step.

    `effects` are sentences about customers under way, and warnings. `id` is None if a dry run would
    create it.
    """

    kind: str
    name: str
    outcome: str
    changes: Sequence[Change] = ()
    effects: Sequence[str] = ()
    id: int | None = None
    file: str = field(default="", compare=False)

    @property
    def is_drift(self) -> bool:
        """Whether the shop differs from the file."""
        return self.outcome != UNCHANGED

    @property
    def is_written(self) -> bool:
        """Whether applying the file writes something."""
        return self.outcome not in (UNCHANGED, EXTRA)


def changes(before: dict[str, str] | None, after: dict[str, str]) -> list[Change]:
    """Return what differs, by key; for something new, all its values."""
    if before is None:
        return [Change(key, None, text) for key, text in after.items() if text]
    return [Change(key, before[key], text) for key, text in after.items() if before[key] != text]
