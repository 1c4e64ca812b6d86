"""Reads a file of segments; every fault is told with its line, and nothing is passed over.

The format is described in docs/segments.md.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from segmail.campaigns.conditions import read_tree
from segmail.campaigns.entry import FileFaults, SegmentEntry
from segmail.campaigns.fields import (
    read_choice,
    read_fields,
    read_mentions,
    read_switch,
    read_text,
)
from segmail.campaigns.markup import Items, MarkupError, MarkupNode, Scalar, parse_yaml
from segmail.maho.policies import Goal, OnExit, OnReentry
from segmail.segments.stored.codes import Mention
from segmail.segments.stored.state import Refresh

POLICIES: Mapping[str, tuple[str, type[enum.StrEnum]]] = {
    "on exit": ("on_exit", OnExit),
    "goal": ("goal", Goal),
    "on re-entry": ("on_reentry", OnReentry),
}
EVERY_GROUP = "all"

_LONGEST_NAME = 255


def read_entries(data: bytes, faults: FileFaults) -> list[SegmentEntry]:
    """Return the segments of a file as far as they can be read; what is wrong goes to `faults`."""
    try:
        root = parse_yaml(data)
    except MarkupError as error:
        faults.add(error.line, str(error))
        return []
    if root is None:
        faults.add(1, "The file is empty; it must begin with 'segments:'.")
        return []
    nodes = read_fields(root, ("segments",), faults).get("segments")
    if not isinstance(nodes, Items) or not nodes.nodes:
        faults.add(root.line if nodes is None else nodes.line, "'segments' must be a list.")
        return []
    entries = [_entry(node, faults) for node in nodes.nodes]
    return _once([entry for entry in entries if entry is not None], faults)


def _entry(node: MarkupNode, faults: FileFaults) -> SegmentEntry | None:
    found = read_fields(node, ("name", *_READERS, "conditions"), faults)
    name = read_text(found["name"], faults) if "name" in found else None
    if not name or not name.strip() or len(name) > _LONGEST_NAME:
        faults.add(node.line, f"A segment needs a 'name' of 1 to {_LONGEST_NAME} characters.")
        return None
    lines = {"": node.line, **{key: value.line for key, value in found.items()}}
    values = {
        attribute: read(found[key], faults)
        for key, (attribute, read) in _READERS.items()
        if key in found
    }
    if "conditions" in found:
        values["tree"], places = read_tree(found["conditions"], faults)
        lines |= places
    return SegmentEntry(name=name, keys=frozenset(found), lines=lines, **values)


def _once(entries: list[SegmentEntry], faults: FileFaults) -> list[SegmentEntry]:
    seen: set[str] = set()
    for entry in entries:
        if entry.name.casefold() in seen:
            faults.add(entry.lines["name"], f"'{entry.name}' is there twice.")
        seen.add(entry.name.casefold())
    return entries


def _groups(node: MarkupNode, faults: FileFaults) -> tuple[Mention, ...] | None:
    if isinstance(node, Scalar) and node.text == EVERY_GROUP:
        return ()
    return read_mentions(node, faults)


def _refresh(node: MarkupNode, faults: FileFaults) -> Refresh | None:
    return read_choice(node, Refresh, faults)


def _policies(node: MarkupNode, faults: FileFaults) -> dict[str, enum.StrEnum]:
    chosen = {
        POLICIES[key][0]: read_choice(value, POLICIES[key][1], faults)
        for key, value in read_fields(node, POLICIES, faults).items()
    }
    return {name: value for name, value in chosen.items() if value is not None}


_READERS: Mapping[str, tuple[str, Callable[[MarkupNode, FileFaults], Any]]] = {
    "description": ("description", read_text),
    "active": ("active", read_switch),
    "websites": ("websites", read_mentions),
    "customer groups": ("groups", _groups),
    "refresh": ("refresh", _refresh),
    "automation": ("policies", _policies),
}
