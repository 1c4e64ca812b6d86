"""Chooses varied customers to preview a step for: those with whom templates go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import inspect, select

from segmail.maho.customers import (
    Customer,
    CustomerAttributes,
    Subscriber,
    SubscriberStatus,
    load_customers,
    load_subscribers,
)
from segmail.maho.db.value_lists import among
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.maho.storefront.customer_name import full_name

_LOOKED_AT = 1000  # members among whom they are searched


@dataclass(frozen=True)
class Telling:
    """A customer, and what makes them worth a look."""

    customer_id: int
    why: str


def telling_customers(
    tx: Transaction,
    attributes: CustomerAttributes,
    step: Step,
    number: int,
) -> list[Telling]:
    """Return up to `number` of the segment's members; without members, of the subscribers.

    First come customers who are an example of something: the longest name, no first name, another
    store, with a cart and without; then others in the order of their ids.
    """
    ids = _candidates(tx, step)
    customers = load_customers(tx, ids, (), attributes)
    subscribers = load_subscribers(tx, ids)
    known = [
        customer
        for id, customer in sorted(customers.items())
        if id in subscribers and subscribers[id].status == SubscriberStatus.SUBSCRIBED
    ] or [customer for _, customer in sorted(customers.items())]
    chosen = _standing_for(known, subscribers, attributes, _with_cart(tx, ids))
    others = (Telling(it.customer_id, "") for it in known if it.customer_id not in chosen)
    return [*(Telling(id, ", ".join(why)) for id, why in chosen.items()), *others][:number]


def _standing_for(
    customers: Sequence[Customer],
    subscribers: Mapping[int, Subscriber],
    attributes: CustomerAttributes,
    with_cart: set[int] | None,
) -> dict[int, list[str]]:
    """Return customers, each with what they are an example of, the most telling first."""
    if not customers:
        return {}
    carts = with_cart if with_cart is not None else set()
    longest = max(customers, key=lambda it: len(full_name(it.values, attributes.visible)))
    found = [
        *((it, "has a cart") for it in _first(customers, lambda it: it.customer_id in carts)),
        (longest, "longest name"),
        *((it, "no first name") for it in _first(customers, lambda it: not _first_name(it))),
        *((it, "another store") for it in _of_other_stores(customers, subscribers)),
    ]
    if with_cart is not None:
        without = _first(customers, lambda it: it.customer_id not in carts)
        found += ((it, "no cart") for it in without)
    chosen: dict[int, list[str]] = {}
    for customer, why in found:
        chosen.setdefault(customer.customer_id, []).append(why)
    return chosen


def _first(customers: Sequence[Customer], is_one: Callable[[Customer], bool]) -> Iterable[Customer]:
    return islice(filter(is_one, customers), 1)


def _first_name(customer: Customer) -> str:
    return str(customer.values.get("firstname") or "").strip()


def _of_other_stores(
    customers: Sequence[Customer], subscribers: Mapping[int, Subscriber]
) -> Iterator[Customer]:
    """Yield one customer of each store except the first one's."""
    seen: set[int | None] = set()
    for customer in customers:
        subscriber = subscribers.get(customer.customer_id)
        store = (subscriber.store_id if subscriber else None) or customer.store_id
        if seen and store not in seen:
            yield customer
        seen.add(store)


def _candidates(tx: Transaction, step: Step) -> list[int]:
    member, subscriber = tx.tables.member.c, tx.tables.subscriber.c
    members = (
        select(member.customer_id)
        .where(member.segment_id == step.segment.segment_id)
        .order_by(member.customer_id)
        .limit(_LOOKED_AT)
    )
    found = list(tx.connection.scalars(members))
    if found:
        return found
    subscribed = (
        select(subscriber.customer_id)
        .where(subscriber.customer_id > 0)
        .order_by(subscriber.customer_id)
        .limit(_LOOKED_AT)
    )
    return list(dict.fromkeys(tx.connection.scalars(subscribed)))


def _with_cart(tx: Transaction, ids: Sequence[int]) -> set[int] | None:
    """Return the customers with an active cart; None in a database without Maho's cart tables."""
    quote = build_sales_tables(tx.tables.prefix).quote
    if not inspect(tx.connection).has_table(quote.name):
        return None
    query = select(quote.c.customer_id).where(
        among(quote.c.customer_id, ids), quote.c.is_active == 1, quote.c.items_count > 0
    )
    return set(tx.connection.scalars(query))
