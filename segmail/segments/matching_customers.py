"""Finds the customers who match a segment's stored conditions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import KeptScope
from segmail.segments.conditions.tree import Combine
from segmail.segments.refresh.candidates import Candidate, Matching


def matching_by_conditions(kept: KeptScope | None = None) -> Matching:
    """Return a function that compiles a segment's conditions to the SELECT of its members.

    It is for one run: what the shop's conditions mean is read once; `kept` may be shared.
    """
    scope = KeptScope() if kept is None else kept

    def matching(
        tx: Transaction,
        candidate: Candidate,
        now: datetime,
        among: Collection[int] | None = None,
    ) -> Select[Any]:
        tree = read_conditions(candidate.conditions)
        return matching_customers(
            tree,
            scope.at(tx, tree, now=now),
            website_ids=candidate.website_ids,
            group_ids=candidate.group_ids,
            among=among,
        )

    return matching


class ConditionsOfFew:
    """Checks the conditions of segments for a few customers, with one statement per segment.

    The shop's attributes, and each segment's conditions, are read once.
    """

    def __init__(self) -> None:
        self._scope = KeptScope()
        self._trees: dict[str | None, Combine] = {}

    def matched(
        self,
        tx: Transaction,
        candidate: Candidate,
        customer_ids: Collection[int],
        *,
        now: datetime,
    ) -> set[int]:
        """Return those of the customers whom the segment's conditions match at `now`.

        Raises ConditionError if the conditions cannot be used.
        """
        if candidate.conditions not in self._trees:
            self._trees[candidate.conditions] = read_conditions(candidate.conditions)
        tree = self._trees[candidate.conditions]
        query = matching_customers(
            tree,
            self._scope.at(tx, tree, now=now),
            website_ids=candidate.website_ids,
            group_ids=candidate.group_ids,
            among=customer_ids,
        )
        return set(tx.connection.scalars(query))
