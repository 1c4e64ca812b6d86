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
    """A key of the file and its value; `before` is None where there was none."""

    key: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Applied:
    """What becomes of a template, sales rule, segment or step.

    `effects` are sentences about customers under way, and warnings. `id` is None where it would
    be created, in a dry run.
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
        """Whether the shop is not as the file says."""
        return self.outcome != UNCHANGED

    @property
    def is_written(self) -> bool:
        """Whether applying the file writes something."""
        return self.outcome not in (UNCHANGED, EXTRA)


def changes(before: dict[str, str] | None, after: dict[str, str]) -> list[Change]:
    """Return what differs, by key; for something new, what it has."""
    if before is None:
        return [Change(key, None, text) for key, text in after.items() if text]
    return [Change(key, before[key], text) for key, text in after.items() if before[key] != text]
