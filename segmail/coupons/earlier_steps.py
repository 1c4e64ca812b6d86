"""Finds the coupon that an earlier step of the run gave a customer, for a step without one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from segmail.coupons.coupon import Coupon
from segmail.coupons.for_step import CouponBasis
from segmail.coupons.storage import EarlierCoupon, own_unused_coupons
from segmail.maho.db.value_lists import among
from segmail.maho.progress import ProgressStatus
from segmail.maho.rules import load_rules
from segmail.maho.schema.transaction import Transaction

# The rows of a run are created at one moment; Maho creates them one by one.
_SAME_RUN = timedelta(minutes=10)


@dataclass(frozen=True)
class Asking:
    """A row of a step without a coupon: its customer and run, and the store's local time now.

    `created_at` is when the run began; None: unknown, so no other step belongs to it.
    """

    progress_id: int
    customer_id: int
    segment_id: int
    created_at: datetime | None
    local_now: datetime


def coupons_of_earlier_steps(tx: Transaction, rows: Collection[Asking]) -> dict[int, CouponBasis]:
    """Return, by progress id, the newest coupon of an earlier step that is unused and still valid.

    It is found in the text that was sent, so it is certain that the customer was given it. Four
    statements, none without rows.
    """
    if not rows:
        return {}
    sent = _sent(tx, rows)
    found = own_unused_coupons(tx, sent)
    newest: dict[int, Coupon] = {}
    for (progress_id, _), coupon in found.items():
        known = newest.get(progress_id)
        if known is None or coupon.created_at > known.created_at:
            newest[progress_id] = coupon
    owners = {row.progress_id: row.customer_id for row in rows}
    rule_ids = {coupon.rule_id for coupon in newest.values()}
    rules = load_rules(tx, rule_ids, {owners[id] for id in newest})
    return {
        progress_id: CouponBasis(rules.get(coupon.rule_id), coupon)
        for progress_id, coupon in newest.items()
    }


def _sent(tx: Transaction, rows: Collection[Asking]) -> Mapping[tuple[int, int], EarlierCoupon]:
    """Return the texts of the sent steps of the rows' runs, by the asking row and the sent one."""
    asking = defaultdict[tuple[int, int], list[Asking]](list)
    for row in rows:
        asking[row.customer_id, row.segment_id].append(row)
    p, step = tx.tables.progress.c, tx.tables.sequence.c
    sent = tx.connection.execute(
        select(
            p.progress_id,
            p.customer_id,
            p.segment_id,
            p.created_at,
            p.queue_id,
            step.coupon_sales_rule_id,
            step.coupon_prefix,
        )
        .join_from(tx.tables.progress, tx.tables.sequence, step.sequence_id == p.sequence_id)
        .where(
            among(p.customer_id, {row.customer_id for row in rows}),
            p.status == ProgressStatus.SENT.value,
            p.queue_id.is_not(None),
            step.generate_coupon == 1,
        )
    ).all()
    pairs = [
        (row, earlier)
        for earlier in sent
        for row in asking[earlier.customer_id, earlier.segment_id]
        if _is_one_run(row.created_at, earlier.created_at)
    ]
    texts = _texts(tx, {earlier.queue_id for _, earlier in pairs})
    return {
        (row.progress_id, earlier.progress_id): EarlierCoupon(
            row.customer_id,
            earlier.coupon_sales_rule_id,
            earlier.coupon_prefix,
            texts[earlier.queue_id],
            row.local_now,
        )
        for row, earlier in pairs
        if earlier.coupon_sales_rule_id is not None
    }


def _is_one_run(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _SAME_RUN


def _texts(tx: Transaction, queue_ids: set[int]) -> Mapping[int, str]:
    queue = tx.tables.queue.c
    query = select(queue.queue_id, queue.newsletter_subject, queue.newsletter_text).where(
        among(queue.queue_id, queue_ids)
    )
    found: dict[int, str] = defaultdict(str)
    for queue_id, subject, text in tx.connection.execute(query):
        found[queue_id] = f"{subject or ''}\n{text or ''}"
    return found
