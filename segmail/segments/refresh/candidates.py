"""Which segments a run refreshes, and what it must know about each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import Row, Select, select

from segmail.errors import ConditionError
from segmail.maho.id_lists import ids_in
from segmail.maho.lookup import find_segment
from segmail.maho.policies import Policy, RefreshedBy, load_policies
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Segment, load_segments
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Combine
from segmail.segments.conditions.unknown_to_maho import needs_segmail

_EARLY = timedelta(seconds=30)  # cron starts a second early now and then


@dataclass(frozen=True)
class Choice:
    """Which segments to refresh.

    `names` are ids or names. Without any, it is every segment that is automatic or that segmail
    refreshes; with `all_`, the manual ones too. A segment is refreshed again only if its last
    refresh is older than `every` minutes, or with `all_`.
    """

    names: Sequence[str] = ()
    all_: bool = False
    every: int = 0


@dataclass(frozen=True)
class Candidate:
    """A segment with everything its refresh needs.

    Without `group_ids`, customers of every group may be members, as in Maho.
    """

    segment: Segment
    conditions: str | None  # as stored, in either encoding
    website_ids: tuple[int, ...]
    group_ids: tuple[int, ...]
    is_automatic: bool
    refreshed_at: datetime | None
    policy: Policy

    @property
    def id(self) -> int:
        return self.segment.segment_id

    @property
    def is_refreshed(self) -> bool:
        """Whether `refresh-segments` refreshes it without being told its name."""
        return self.is_automatic or self.is_segmails

    @property
    def is_segmails(self) -> bool:
        """Whether segmail refreshes it although it is manual for Maho: by choice or necessity."""
        return self.policy.refreshed_by is RefreshedBy.SEGMAIL or self.needs_segmail

    @cached_property
    def needs_segmail(self) -> bool:
        """Whether it has conditions that Maho does not know; False if they cannot be read."""
        return self.tree is not None and needs_segmail(self.tree)

    @cached_property
    def tree(self) -> Combine | None:
        """Its conditions; None if what is stored is not a tree."""
        try:
            return read_conditions(self.conditions)
        except ConditionError:
            return None


class Matching(Protocol):
    """Returns the SELECT of the ids of the customers that a segment's conditions match at a moment.

    With `among`, only these customers are considered. Raises ConditionError if conditions cannot be
    used.
    """

    def __call__(
        self,
        tx: Transaction,
        candidate: Candidate,
        now: datetime,
        among: Collection[int] | None = None,
    ) -> Select[Any]: ...


def choose(tx: Transaction, choice: Choice, *, now: datetime) -> list[Candidate]:
    """Return the segments to refresh, by id; those given by name may be inactive.

    Raises InputError for a segment that does not exist, ConfigError for invalid policies.
    """
    named = {find_segment(tx, name).segment_id for name in choice.names}
    candidates = load_candidates(tx, named or None)
    return [one for one in candidates if _is_due(one, choice, now)]


def load_candidates(
    tx: Transaction, ids: Collection[int] | None, policies: Mapping[int, Policy] | None = None
) -> list[Candidate]:
    """Return the given segments (None: all) by id; `policies` are the shop's, if already read."""
    c = tx.tables.segment.c
    query = select(
        c.segment_id,
        c.conditions_serialized,
        c.website_ids,
        c.customer_group_ids,
        c.refresh_mode,
        c.last_refresh_at,
    ).order_by(c.segment_id)
    if ids is not None:
        query = query.where(c.segment_id.in_(ids))
    segments = {one.segment_id: one for one in load_segments(tx, segment_ids=ids)}
    policies = load_policies(tx) if policies is None else policies
    return [
        _candidate(row, segments[row.segment_id], policies.get(row.segment_id, Policy()))
        for row in tx.connection.execute(query)
    ]


def _candidate(row: Row[*tuple[Any, ...]], segment: Segment, policy: Policy) -> Candidate:
    return Candidate(
        segment=segment,
        conditions=row.conditions_serialized,
        website_ids=ids_in(row.website_ids),
        group_ids=ids_in(row.customer_group_ids),
        is_automatic=row.refresh_mode != "manual",
        refreshed_at=row.last_refresh_at,
        policy=policy,
    )


def _is_due(one: Candidate, choice: Choice, now: datetime) -> bool:
    if not choice.names and not one.segment.is_active:
        return False
    if not (choice.names or choice.all_ or one.is_refreshed):
        return False
    if choice.all_ or not choice.every or one.refreshed_at is None:
        return True
    return one.refreshed_at <= now - timedelta(minutes=choice.every) + _EARLY
