"""Deletes expired, unused coupons that the automation made (SPEC, job 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, select

from segmail.coupons import AUTO_GENERATED, made_by_automation, prefixes_by_rule
from segmail.log import logger
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import load_steps

_BATCH = 1_000

# `expiration_date` is a store's local time, and no clock on earth is further behind UTC.
_FURTHEST_BEHIND = timedelta(hours=12)


def delete_expired_coupons(
    shop: Shop, *, days: int, now: datetime, advance: Callable[[int], None] = lambda _count: None
) -> int:
    """Delete the automation's coupons that expired unused more than `days` days before `now`.

    A coupon is the automation's if its code has exactly the form that it makes with a prefix that
    it ever used, or a step has, for the coupon's rule. (Maho's job deletes every generated coupon
    of the shop, including batches that the merchant generated.) Returns how many; each batch is a
    short transaction of its own.
    """
    deleted = 0
    for ids in _batches(shop, days, now):
        deleted += _delete(shop, ids)
        advance(len(ids))
    logger.info(
        "Cleaned up %s expired automation coupons (older than %d days)", f"{deleted:,}", days
    )
    return deleted


def count_expired_coupons(shop: Shop, *, days: int, now: datetime) -> int:
    """Return how many coupons `delete_expired_coupons` would delete."""
    return sum(len(ids) for ids in _batches(shop, days, now))


def expired_coupons(
    tables: Tables, rule_ids: Collection[int], expired_before: datetime, *, after_id: int
) -> Select[Any]:
    """Return the query of the rules' next expired, generated coupons, by the primary key.

    MySQL and MariaDB are told to use that key, so that all batches together read the table once.
    """
    c = tables.coupon.c
    query = (
        select(c.coupon_id, c.rule_id, c.code, c.expiration_date)
        .where(
            c.coupon_id > after_id,
            c.rule_id.in_(rule_ids),
            c.type == AUTO_GENERATED,
            c.times_used == 0,
            c.expiration_date < expired_before,
        )
        .order_by(c.coupon_id)
        .limit(_BATCH)
    )
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(tables.coupon, "FORCE INDEX (PRIMARY)", dialect)
    return query


@dataclass(frozen=True)
class _Rule:
    """A sales rule of the automation, with the prefixes of its codes."""

    prefixes: frozenset[str]
    to_date: date | None


def _batches(shop: Shop, days: int, now: datetime) -> Iterator[list[int]]:
    """Yield the ids of coupons to delete."""
    expired_before = (now - timedelta(days=days) - _FURTHEST_BEHIND).replace(tzinfo=None)
    with shop.read() as tx:
        rules = _load_rules(tx)
    last = 0
    while True:
        query = expired_coupons(shop.tables, rules, expired_before, after_id=last)
        with shop.read() as tx:
            rows = tx.connection.execute(query).all()
            ids = [row.coupon_id for row in rows if _is_automations(row, rules[row.rule_id])]
            ids = _unused(tx, ids)
        if not rows:
            return
        if ids:
            yield ids
        last = rows[-1].coupon_id


def _load_rules(tx: Transaction) -> dict[int, _Rule]:
    rule = tx.tables.rule.c
    prefixes = prefixes_by_rule(tx, load_steps(tx))
    query = select(rule.rule_id, rule.to_date).where(rule.rule_id.in_(prefixes))
    return {
        row.rule_id: _Rule(prefixes[row.rule_id], row.to_date)
        for row in tx.connection.execute(query)
    }


def _unused(tx: Transaction, ids: Sequence[int]) -> list[int]:
    """Return the coupons that no customer has used, whatever their own counter says."""
    usage = tx.tables.coupon_usage.c
    used = set(tx.connection.scalars(select(usage.coupon_id).where(usage.coupon_id.in_(ids))))
    return [id for id in ids if id not in used]


def _is_automations(coupon: Row[Any], rule: _Rule) -> bool:
    """Return whether the automation made this coupon.

    Coupons of a batch that the merchant generates expire with the rule, at midnight, and Maho keeps
    that so when the rule is edited. Some codes of digits without letters could have the form of the
    automation's codes; but the automation's own coupons expire at other times.
    """
    if coupon.code is None or coupon.expiration_date is None:
        return False
    if rule.to_date and coupon.expiration_date == datetime.combine(rule.to_date, time.min):
        return False
    return any(made_by_automation(coupon.code, prefix) for prefix in rule.prefixes)


def _delete(shop: Shop, ids: Sequence[int]) -> int:
    """Delete these coupons, except those that an order has used since they were read."""
    coupon = shop.tables.coupon
    query = delete(coupon).where(coupon.c.coupon_id.in_(ids), coupon.c.times_used == 0)
    return shop.database.transact(lambda connection: connection.execute(query).rowcount)
