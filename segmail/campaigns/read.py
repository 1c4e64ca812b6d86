"""Reads a campaign file; every fault is reported with its line, and nothing is ignored.

The format is described in docs/campaigns.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from segmail.campaigns.conditions import read_tree
from segmail.campaigns.entry import (
    CampaignFile,
    FileFaults,
    RuleEntry,
    SegmentEntry,
    TemplateEntry,
)
from segmail.campaigns.fields import (
    among,
    read_choice,
    read_fields,
    read_groups,
    read_key,
    read_mentions,
    read_name,
    read_policy,
    read_switch,
    read_text,
)
from segmail.campaigns.markup import Items, MarkupError, MarkupNode, parse_yaml
from segmail.campaigns.read_rules import read_rule
from segmail.campaigns.read_steps import read_steps
from segmail.campaigns.read_templates import read_template
from segmail.campaigns.texts import Texts
from segmail.maho.policies import KINDS as POLICY_KINDS
from segmail.maho.policies import PolicyKind
from segmail.maho.steps import Trigger
from segmail.segments.stored.state import Refresh

# The key in a file for each policy, with its name in `Policy`; `refresh` is a key of the segment.
POLICIES: Mapping[str, tuple[str, PolicyKind]] = {
    kind.key: (name, kind) for name, kind in POLICY_KINDS.items() if name != "refreshed_by"
}
KINDS = ("templates", "sales rules", "segments")

_LONGEST_NAME = 255

_Entry = TypeVar("_Entry", TemplateEntry, RuleEntry, SegmentEntry)


def read_campaign(data: bytes, texts: Texts, faults: FileFaults) -> CampaignFile:
    """Return what a file says as far as it can be read; add what is wrong to `faults`."""
    nothing = CampaignFile(faults.file)
    try:
        root = parse_yaml(data)
    except MarkupError as error:
        faults.add(error.line, str(error))
        return nothing
    if root is None:
        faults.add(1, f"The file is empty; it has {among(KINDS)}.")
        return nothing
    found = read_fields(root, KINDS, faults)
    items = {kind: _items(kind, found[kind], faults) for kind in KINDS if kind in found}
    templates = [read_template(node, texts, faults) for node in items.get("templates", ())]
    rules = [read_rule(node, faults) for node in items.get("sales rules", ())]
    segments = [_segment(node, faults) for node in items.get("segments", ())]
    return CampaignFile(
        faults.file, _once(templates, faults), _once(rules, faults), _once(segments, faults)
    )


def _items(kind: str, node: MarkupNode, faults: FileFaults) -> tuple[MarkupNode, ...]:
    if isinstance(node, Items) and node.nodes:
        return node.nodes
    faults.add(node.line, f"'{kind}' must be a list.")
    return ()


def _segment(node: MarkupNode, faults: FileFaults) -> SegmentEntry | None:
    found = read_fields(node, ("name", *_READERS, "automation", "conditions", "steps"), faults)
    name = read_name("segment", node, found.get("name"), faults, longest=_LONGEST_NAME)
    if name is None:
        return None
    lines = {"": node.line, **{key: value.line for key, value in found.items()}}
    values = {
        attribute: read_key(found, key, read, faults)
        for key, (attribute, read) in _READERS.items()
        if key in found
    }
    if "automation" in found:
        with faults.of("automation"):
            values |= _automation(found["automation"], lines, faults)
    if "conditions" in found:
        read = read_tree(found["conditions"], faults)
        values |= {"tree": read.tree, "leaves": tuple(read.leaves)}
        lines |= read.lines
    if "steps" in found:
        values["steps"] = read_steps(found["steps"], faults)
    return SegmentEntry(name=name, keys=frozenset(found), lines=lines, **values)


def _once(found: Iterable[_Entry | None], faults: FileFaults) -> tuple[_Entry, ...]:
    entries = tuple(entry for entry in found if entry is not None)
    seen: set[str] = set()
    for entry in entries:
        if entry.name.casefold() in seen:
            faults.add(entry.lines["name"], f"'{entry.name}' appears twice.")
        seen.add(entry.name.casefold())
    return entries


def _trigger(node: MarkupNode, faults: FileFaults) -> Trigger | None:
    return read_choice(node, Trigger, faults)


def _refresh(node: MarkupNode, faults: FileFaults) -> Refresh | None:
    return read_choice(node, Refresh, faults)


def _automation(node: MarkupNode, lines: dict[str, int], faults: FileFaults) -> dict[str, Any]:
    found = read_fields(node, ("trigger", "active", *POLICIES), faults)
    lines |= {f"automation.{key}": value.line for key, value in found.items()}
    policies = {
        name: read_key(found, key, partial(read_policy, kind=kind), faults)
        for key, (name, kind) in POLICIES.items()
        if key in found
    }
    chosen = {name: value for name, value in policies.items() if value is not None}
    values: dict[str, Any] = {"policies": chosen}
    if "active" in found:
        values["automation"] = read_key(found, "active", read_switch, faults)
    if "trigger" in found:
        values["trigger"] = read_key(found, "trigger", _trigger, faults)
    return values


_READERS: Mapping[str, tuple[str, Callable[[MarkupNode, FileFaults], Any]]] = {
    "description": ("description", read_text),
    "active": ("active", read_switch),
    "websites": ("websites", read_mentions),
    "customer groups": ("groups", read_groups),
    "refresh": ("refresh", _refresh),
}
