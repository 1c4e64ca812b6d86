"""Orders with coupons that the automation made; an order belongs to the code's customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from segmail.coupons.codes import code_owner
from segmail.maho.customer_conditions import order_counts, same_text
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step


def redeemed_since(
    tx: Transaction, steps: Sequence[Step], since: datetime
) -> Mapping[tuple[int, int], datetime]:
    """Return when the last order with a code of these steps was placed, since a time.

    By segment id and the id of the customer for whom the code was made, whoever placed the order,
    even a guest with another address. Canceled orders do not count. One statement.
    """
    making = [step for step in steps if step.generate_coupon and step.rule_id is not None]
    if not making:
        return {}
    order, coupon = build_sales_tables(tx.tables.prefix).order.c, tx.tables.coupon.c
    query = (
        select(order.coupon_code, order.created_at, coupon.rule_id)
        .join_from(
            build_sales_tables(tx.tables.prefix).order,
            tx.tables.coupon,
            same_text(coupon.code, order.coupon_code),
        )
        .where(
            order_counts(build_sales_tables(tx.tables.prefix).order, since),
            order.coupon_code.is_not(None),
            coupon.rule_id.in_({step.rule_id for step in making}),
        )
    )
    found: defaultdict[tuple[int, int], datetime] = defaultdict(lambda: since)
    for row in tx.connection.execute(query):
        for step in making:
            owner = code_owner(row.coupon_code, step.coupon_prefix)
            if step.rule_id == row.rule_id and owner is not None:
                key = step.segment.segment_id, owner
                found[key] = max(found[key], row.created_at)
    return found
