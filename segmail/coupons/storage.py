"""Writes coupons into `salesrule_coupon` and finds those of an earlier attempt again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from segmail.coupons.codes import code_in_text, fold
from segmail.coupons.coupon import Coupon
from segmail.coupons.prefixes import remember_prefixes
from segmail.errors import CouponError
from segmail.maho.db.insert import write_rows
from segmail.maho.schema.transaction import Transaction

AUTO_GENERATED = 1  # salesrule_coupon.type; 0 is a code that somebody typed

Key = TypeVar("Key")


class CouponsRefused(CouponError):
    """A code is taken, or a rule has gone since it was read; nothing was written.

    The transaction must be left. Then read the rules again, make new codes, render the mails again,
    and retry.
    """


@dataclass(frozen=True)
class EarlierCoupon:
    """What is known about an attempt that did not reach the customer.

    `text` is what was to be sent, subject and body; `local_now` is the store's local time now.
    """

    customer_id: int
    rule_id: int
    prefix: str | None
    text: str
    local_now: datetime


def insert_coupons(tx: Transaction, coupons: Sequence[Coupon]) -> None:
    """Insert coupons with one statement, in the caller's transaction, which stores their prefixes.

    Raises CouponsRefused: leave the transaction and prepare the mails again, at most ten times
    (with 43 random bits in a code, even a second time is exceptional).
    """
    if not coupons:
        return
    pairs = {(coupon.rule_id, coupon.prefix) for coupon in coupons if coupon.prefix}
    remember_prefixes(tx, pairs)
    try:
        write_rows(tx.connection, tx.tables.coupon, [_row(coupon) for coupon in coupons])
    except IntegrityError as error:
        raise CouponsRefused(
            f"Maho refuses the new coupons, because a code is taken or a rule gone: {error.orig}"
        ) from error


def own_unused_coupons(tx: Transaction, attempts: Mapping[Key, EarlierCoupon]) -> dict[Key, Coupon]:
    """Return the coupons that earlier attempts made for their customers and that are still valid.

    A retried step sends the code it made before: of the same rule, for exactly this customer, in
    the text of that attempt, unused and not expired. One statement; the expiry in the table counts,
    because saving a rule in the admin changes that of its coupons.
    """
    codes = {
        key: code
        for key, it in attempts.items()
        if (code := code_in_text(it.text, it.prefix, it.customer_id))
    }
    stored = _unused(tx, list(codes.values())) if codes else {}
    found = {key: stored[fold(code)] for key, code in codes.items() if fold(code) in stored}
    return {key: coupon for key, coupon in found.items() if _still_works(coupon, attempts[key])}


def _row(coupon: Coupon) -> dict[str, Any]:
    return {
        "rule_id": coupon.rule_id,
        "code": coupon.code,
        "usage_limit": 1,
        "usage_per_customer": 1,
        "times_used": 0,
        "expiration_date": coupon.expires,
        "is_primary": None,
        "created_at": coupon.created_at,
        "type": AUTO_GENERATED,
    }


def _unused(tx: Transaction, codes: Collection[str]) -> dict[str, Coupon]:
    column = tx.tables.coupon.c
    query = select(column.code, column.rule_id, column.expiration_date, column.created_at).where(
        column.code.in_(codes), column.type == AUTO_GENERATED, column.times_used == 0
    )
    return {fold(row.code): Coupon(*row) for row in tx.connection.execute(query)}


def _still_works(coupon: Coupon, attempt: EarlierCoupon) -> bool:
    in_time = coupon.expires is None or attempt.local_now <= coupon.expires
    return in_time and coupon.rule_id == attempt.rule_id
