"""What a file changes about a segment, in words for people."""

from __future__ import annotations

from segmail.campaigns.conditions import write_tree
from segmail.campaigns.fields import EVERY_GROUP
from segmail.campaigns.markup import write_yaml
from segmail.campaigns.outcome import Change, changes
from segmail.campaigns.read import POLICIES
from segmail.errors import ConditionError
from segmail.segments.conditions.tree import Combine
from segmail.segments.naming.translate import Naming, with_names
from segmail.segments.stored.codes import Names
from segmail.segments.stored.state import DEFAULTS, SegmentState
from segmail.sending_rules import DEFAULT

CONDITIONS = "conditions"


def find_changes(
    before: SegmentState | None,
    after: SegmentState,
    codes: tuple[Names, Names],
    naming: Naming,
) -> list[Change]:
    """Return what differs, in the order of the file's keys; for a new segment, all its values.

    `codes` are those of websites and customer groups, `naming` has the names in conditions.
    """
    old = None if before is None else _told(before, *codes, naming)
    return changes(old, _told(after, *codes, naming))


def _told(state: SegmentState, websites: Names, groups: Names, naming: Naming) -> dict[str, str]:
    return {
        "name": state.name,
        "description": state.description,
        "active": "yes" if state.active else "no",
        "websites": _list(state.website_ids, websites),
        "customer groups": _list(state.group_ids, groups) or EVERY_GROUP,
        "refresh": state.refresh.value,
        **{label: _policy(state, name) for label, (name, _) in POLICIES.items()},
        CONDITIONS: _conditions(state.tree, naming),
    }


def _list(ids: tuple[int, ...], names: Names) -> str:
    return ", ".join(str(names.mention(id)) for id in ids)


def _policy(state: SegmentState, name: str) -> str:
    value = state.policies.get(name, DEFAULTS[name])
    return "" if value in (None, DEFAULT) else str(value)


def _conditions(tree: Combine | None, naming: Naming) -> str:
    if tree is None:
        return "(unreadable)"
    try:
        return write_yaml(write_tree(with_names(tree, naming)))
    except ConditionError:
        return "(with conditions that segmail does not know)"
