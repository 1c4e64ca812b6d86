"""A segment as it is in the shop, in the terms of a file."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from segmail.errors import ConditionError
from segmail.maho.policies import NO_GROUP, Goal, Holdout, OnReentry, RefreshedBy
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.canonical import canonical_tree
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Combine
from segmail.segments.conditions.unknown_to_maho import needs_segmail
from segmail.segments.refresh.candidates import Candidate, load_candidates
from segmail.sending_rules import DEFAULT, RULES


class Refresh(enum.StrEnum):
    """Who refreshes a segment, and when."""

    AUTOMATIC = "automatic"  # by Maho's job, and by segmail
    SEGMAIL = "segmail"  # by segmail alone; the only choice for conditions that Maho does not know
    MANUAL = "manual"  # by nobody, until somebody asks for it


# The policies of a file, with the values that hold if nobody has chosen.
DEFAULTS: Mapping[str, object] = {
    "on_exit": None,
    "goal": Goal.NONE,
    "on_reentry": OnReentry.ONCE,
    "group": NO_GROUP,
    "priority": 0,
    "holdout": Holdout(),
    **dict.fromkeys(RULES, DEFAULT),
}


@dataclass(frozen=True)
class SegmentState:
    """What a file can say about a segment; no `group_ids` means every group.

    `policies` has those that are not `DEFAULTS`. `tree` is None if what is stored is not a tree.
    """

    name: str
    description: str = ""
    active: bool = True
    website_ids: tuple[int, ...] = ()
    group_ids: tuple[int, ...] = ()
    refresh: Refresh = Refresh.AUTOMATIC
    policies: Mapping[str, object] = field(default_factory=dict)
    tree: Combine | None = None

    @property
    def needs_segmail(self) -> bool:
        """Whether it has conditions that Maho does not know."""
        return self.tree is not None and needs_segmail(self.tree)


def load_states(tx: Transaction, ids: Collection[int] | None) -> dict[int, SegmentState]:
    """Return the given segments (None: all), by id; raise ConfigError for invalid policies."""
    c = tx.tables.segment.c
    rows = tx.connection.execute(select(c.segment_id, c.description))
    descriptions = {segment_id: description or "" for segment_id, description in rows}
    return {one.id: _state(one, descriptions[one.id]) for one in load_candidates(tx, ids)}


def chosen(policies: Mapping[str, object]) -> dict[str, object]:
    """Return the policies that differ from their defaults."""
    found = {name: policies.get(name) for name in DEFAULTS}
    return {
        name: value
        for name, value in found.items()
        if value is not None and value != DEFAULTS[name]
    }


def _state(one: Candidate, description: str) -> SegmentState:
    return SegmentState(
        name=one.segment.name,
        description=description,
        active=one.segment.is_active,
        website_ids=tuple(sorted(set(one.website_ids))),
        group_ids=tuple(sorted(set(one.group_ids))),
        refresh=_refresh(one),
        policies=chosen(vars(one.policy)),
        tree=_tree(one.conditions),
    )


def _refresh(one: Candidate) -> Refresh:
    if one.is_automatic:
        return Refresh.AUTOMATIC
    segmails = one.policy.refreshed_by is RefreshedBy.SEGMAIL
    return Refresh.SEGMAIL if segmails else Refresh.MANUAL


def _tree(stored: str | None) -> Combine | None:
    try:
        return canonical_tree(read_conditions(stored))
    except ConditionError:
        return None
