"""Whom the stored conditions of a segment match."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select

from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables
from segmail.segments.conditions.compile import matching_customers
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import open_scope
from segmail.segments.refresh.candidates import Candidate, Matching


def matching_by_conditions(tables: Tables) -> Matching:
    """Return what compiles a segment's conditions to the SELECT of its members."""
    sales = build_sales_tables(tables.prefix)

    def matching(connection: Connection, candidate: Candidate, now: datetime) -> Select[Any]:
        tree = read_conditions(candidate.conditions)
        scope = open_scope(connection, tables, sales, now=now)
        return matching_customers(
            tree, scope, website_ids=candidate.website_ids, group_ids=candidate.group_ids
        )

    return matching
