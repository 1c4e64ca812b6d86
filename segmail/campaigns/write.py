"""Writes segments as the text of a file; see docs/segments.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segmail.campaigns.conditions import write_tree
from segmail.campaigns.entry import SegmentEntry
from segmail.campaigns.markup import write_yaml
from segmail.campaigns.read import EVERY_GROUP, POLICIES


def write_entries(entries: Sequence[SegmentEntry]) -> str:
    """Return the file; raise ConditionError for a condition that segmail does not know."""
    return write_yaml({"segments": [_fields(entry) for entry in entries]})


def _fields(entry: SegmentEntry) -> dict[str, Any]:
    """Return what the entry says, with the keys of a file."""
    every = {
        "name": entry.name,
        "description": entry.description or None,
        "active": entry.active,
        "websites": entry.websites,
        "customer groups": EVERY_GROUP if entry.groups == () else entry.groups,
        "refresh": entry.refresh and entry.refresh.value,
        "automation": _policies(entry) or None,
        "conditions": entry.tree and write_tree(entry.tree),
    }
    return {key: value for key, value in every.items() if value is not None}


def _policies(entry: SegmentEntry) -> dict[str, str]:
    return {
        label: entry.policies[name].value
        for label, (name, _) in POLICIES.items()
        if name in entry.policies
    }
