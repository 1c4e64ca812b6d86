"""Counts the automation's coupons in the database, which may have millions of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Select, and_, case, false, or_

from segmail.coupons.codes import code_pattern, made_by_automation
from segmail.maho.schema.transaction import Transaction


def count_coupons(
    tx: Transaction, query: Select[Any], prefixes: Mapping[int, Collection[str]]
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a query that counts coupons, of the automation's coupons only.

    `prefixes` are those of its codes by rule id. Codes that the database finds to be the
    automation's are counted there; about all others of these rules Python decides, so the same
    group may be yielded several times, to be added up.
    """
    c = tx.tables.coupon.c
    alike = [
        and_(c.rule_id == rule_id, c.code.regexp_match(code_pattern(of_rule)))
        for rule_id, of_rule in sorted(prefixes.items())
    ]
    other = case((or_(false(), *alike), None), else_=c.code).label("other_code")
    query = (
        query.add_columns(c.rule_id, other)
        .where(c.rule_id.in_(prefixes), c.code.is_not(None))
        .group_by(c.rule_id, "other_code")  # by name, for servers with ONLY_FULL_GROUP_BY
    )
    for row in tx.connection.execution_options(yield_per=1_000).execute(query):
        *counted, rule_id, code = row
        if code is None or any(made_by_automation(code, each) for each in prefixes[rule_id]):
            yield tuple(counted)
