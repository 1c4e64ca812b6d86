"""Finds the customers who match a segment's stored conditions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import (
    Scope,
    open_scope,
)
from segmail.segments.conditions.tree import Combine
from segmail.segments.refresh.candidates import Candidate, Matching


def matching_by_conditions(tables: Tables) -> Matching:
    """Return a function that compiles a segment's conditions to the SELECT of its members.

    It is for one run: attributes, time zones and names of segments are read once.
    """
    sales = build_sales_tables(tables.prefix)
    scopes: list[Scope] = []

    def matching(
        tx: Transaction,
        candidate: Candidate,
        now: datetime,
        among: Collection[int] | None = None,
    ) -> Select[Any]:
        tree = read_conditions(candidate.conditions)
        if not scopes:
            scopes.append(open_scope(tx, sales, now=now))
        return matching_customers(
            tree,
            replace(scopes[0], now=now),
            website_ids=candidate.website_ids,
            group_ids=candidate.group_ids,
            among=among,
        )

    return matching


class ConditionsOfFew:
    """Checks the conditions of segments for a few customers, with one statement per segment.

    The shop's attributes, and each segment's conditions, are read once.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._sales = build_sales_tables(tables.prefix)
        self._scope: Scope | None = None
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
        if self._scope is None:
            self._scope = open_scope(tx, self._sales, now=now)
        scope = replace(self._scope, now=now)
        if candidate.conditions not in self._trees:
            self._trees[candidate.conditions] = read_conditions(candidate.conditions)
        query = matching_customers(
            self._trees[candidate.conditions],
            scope,
            website_ids=candidate.website_ids,
            group_ids=candidate.group_ids,
            among=customer_ids,
        )
        return set(tx.connection.scalars(query))
