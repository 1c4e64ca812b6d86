"""The SELECT of a segment's members, asked again and again in a shop whose setup does not change.

Attributes, time zones and each tree of conditions are read once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import KeptScope
from segmail.segments.conditions.touches import crossings
from segmail.segments.conditions.tree import Combine
from segmail.segments.refresh import Candidate


class ShopConditions:
    """The conditions of a shop's segments, each compiled for any moment."""

    def __init__(self) -> None:
        self._scope = KeptScope()
        self._trees: dict[str | None, Combine] = {}

    def matching(
        self,
        tx: Transaction,
        candidate: Candidate,
        now: datetime,
        among: Collection[int] | None = None,
    ) -> Select[Any]:
        """Do what `matching_by_conditions` does, but read the shop only once."""
        tree = self._tree(candidate)
        return matching_customers(
            tree,
            self._scope.at(tx, tree, now=now),
            website_ids=candidate.website_ids,
            group_ids=candidate.group_ids,
            among=among,
        )

    def crossed(
        self, tx: Transaction, candidate: Candidate, since: datetime, now: datetime
    ) -> Iterator[Select[Any]]:
        """Yield SELECTs of the customers whose answers the clock may have changed since then."""
        tree = self._tree(candidate)
        scope = self._scope.at(tx, tree, now=now).of_websites(candidate.website_ids)
        for one in crossings(tree, scope, since):
            yield select(one.owner).where(one.crossed)

    def _tree(self, candidate: Candidate) -> Combine:
        if candidate.conditions not in self._trees:
            self._trees[candidate.conditions] = read_conditions(candidate.conditions)
        return self._trees[candidate.conditions]
