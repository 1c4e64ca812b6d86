"""The SELECT of a segment's members, asked again and again in a shop whose setup does not change.

Attributes, time zones and each tree of conditions are read once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import Scope, open_scope
from segmail.segments.conditions.tree import Combine
from segmail.segments.refresh import Candidate, Matching


def matching_again() -> Matching:
    """Return a function like that of `matching_by_conditions`, which reads the shop only once."""
    scopes: list[Scope] = []
    trees: dict[str | None, Combine] = {}

    def matching(
        tx: Transaction,
        candidate: Candidate,
        now: datetime,
        among: Collection[int] | None = None,
    ) -> Select[Any]:
        if not scopes:
            scopes.append(open_scope(tx, build_sales_tables(tx.tables.prefix), now=now))
        if candidate.conditions not in trees:
            trees[candidate.conditions] = read_conditions(candidate.conditions)
        return matching_customers(
            trees[candidate.conditions],
            replace(scopes[0], now=now),
            website_ids=candidate.website_ids,
            group_ids=candidate.group_ids,
            among=among,
        )

    return matching
