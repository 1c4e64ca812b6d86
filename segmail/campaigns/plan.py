"""Plans a segment's new state from what a file says about it and its present state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.fields import among
from segmail.segments.stored.codes import Mention, Names
from segmail.segments.stored.state import Refresh, SegmentState, chosen

_NEEDED = ("websites", "conditions")  # for a new segment


@dataclass(frozen=True)
class SegmentPlanner:
    """The shop's names, and where to report faults."""

    websites: Names
    groups: Names
    faults: FileFaults

    def after(self, entry: SegmentEntry, before: SegmentState | None) -> SegmentState:
        """Return the state that the entry asks for; `before` is None for a new segment."""
        if before is None:
            self._require(entry)
        said: dict[str, Any] = {
            "name": entry.name,
            "description": entry.description,
            "active": entry.active,
            "website_ids": self._ids(entry, "websites", entry.websites, self.websites),
            "group_ids": self._ids(entry, "customer groups", entry.groups, self.groups),
            "tree": entry.tree,
        }
        known = {key: value for key, value in said.items() if value is not None}
        state = replace(before or SegmentState(entry.name), **known)
        policies = chosen({**state.policies, **entry.policies})
        return replace(state, policies=policies, refresh=self._refresh(entry, state))

    def _require(self, entry: SegmentEntry) -> None:
        missing = [key for key in _NEEDED if key not in entry.keys]
        if missing:
            what = f"'{entry.name}' is a new segment, which needs {among(missing)}."
            self.faults.add(entry.lines[""], what)

    def _ids(
        self, entry: SegmentEntry, key: str, mentions: Sequence[Mention] | None, names: Names
    ) -> tuple[int, ...] | None:
        if mentions is None:
            return None
        return names.ids(mentions, key, entry.lines[key], self.faults.add)

    def _refresh(self, entry: SegmentEntry, state: SegmentState) -> Refresh:
        if not state.needs_segmail:
            return entry.refresh or state.refresh
        if entry.refresh not in (None, Refresh.SEGMAIL):
            what = "It has conditions that Maho does not know, and would delete: say 'segmail'."
            self.faults.add(entry.lines["refresh"], what)
        return Refresh.SEGMAIL
