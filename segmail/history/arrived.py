"""Finds interrupted mails that must have arrived, because their coupons were used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from segmail.coupons.codes import code_in_text, fold
from segmail.maho.schema.transaction import Transaction

_CHUNK = 500


def with_used_coupons(tx: Transaction, rows: Sequence[Row[Any]]) -> set[int]:
    """Return the progress ids of those rows whose mail had a coupon that was used since.

    The rows have `progress_id`, `customer_id`, `queue_id` and `coupon_prefix`. Two statements for
    every 500 rows; none without rows.
    """
    found: set[int] = set()
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        codes = _codes(tx, chunk)
        used = _used(tx, set(codes.values()))
        found.update(progress_id for progress_id, code in codes.items() if fold(code) in used)
    return found


def _codes(tx: Transaction, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """Return, by progress id, the codes in the mails."""
    q = tx.tables.queue.c
    query = select(q.queue_id, q.newsletter_text).where(
        q.queue_id.in_([row.queue_id for row in rows])
    )
    texts = {row.queue_id: row.newsletter_text or "" for row in tx.connection.execute(query)}
    codes = {
        row.progress_id: code_in_text(
            texts.get(row.queue_id, ""), row.coupon_prefix or None, row.customer_id
        )
        for row in rows
    }
    return {progress_id: code for progress_id, code in codes.items() if code}


def _used(tx: Transaction, codes: set[str]) -> set[str]:
    if not codes:
        return set()
    c = tx.tables.coupon.c
    query = select(c.code).where(c.code.in_(codes), c.times_used > 0)
    return {fold(code) for code in tx.connection.scalars(query)}
