"""A segment as a file describes it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from segmail.errors import Fault
from segmail.segments.conditions.tree import Combine
from segmail.segments.stored.codes import Mention
from segmail.segments.stored.state import Refresh


@dataclass(frozen=True)
class SegmentEntry:
    """What is None, or not in `policies`, is not said: it stays as it is, or as a new one has it.

    No `groups` at all means customers of every group. `lines` has where in the file each of
    `keys`, the condition at each path (`1.2`), and the entry itself (``) are.
    """

    name: str
    description: str | None = None
    active: bool | None = None
    websites: tuple[Mention, ...] | None = None
    groups: tuple[Mention, ...] | None = None
    refresh: Refresh | None = None
    policies: Mapping[str, enum.StrEnum] = field(default_factory=dict)  # as in `Policy`
    tree: Combine | None = None
    keys: frozenset[str] = frozenset()
    lines: Mapping[str, int] = field(default_factory=dict)


class FileFaults:
    """Collects what is wrong with a file, each with its line."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, what: str) -> None:
        self._found.append((line, what))

    def told(self) -> list[Fault]:
        """Return every fault once, as `FILE:LINE: what is wrong`, by line."""
        return [Fault(f"{self._file}:{line}: {what}") for line, what in sorted(set(self._found))]
