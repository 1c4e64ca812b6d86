"""Chooses the customers who are played: all, or the same few each time."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from segmail.maho.schema.transaction import Transaction

_PAGE = 10_000


@dataclass(frozen=True)
class Chosen:
    """The customers who are played, by id, and how many active ones the shop has."""

    ids: tuple[int, ...]
    of: int


def choose_customers(tx: Transaction, *, most: int | None, always: Collection[int] = ()) -> Chosen:
    """Return up to `most` active customers (None: all), including those in `always`.

    They are the same each time, as long as nobody registers: they are drawn by their ids. No more
    than `most` ids are kept at a time.
    """
    kept: list[tuple[int, int]] = []  # a heap: the highest draw first, as it is negative
    everybody: list[int] = []
    of = 0
    for customer_id in _active(tx):
        of += 1
        if most is None:
            everybody.append(customer_id)
        else:
            ticket = (-_draw(customer_id), customer_id)
            if len(kept) < most:
                heapq.heappush(kept, ticket)
            elif kept:
                heapq.heappushpop(kept, ticket)
    drawn = everybody if most is None else _least(kept, most - len(always), set(always))
    return Chosen(tuple(sorted({*drawn, *always})), of)


def _least(kept: list[tuple[int, int]], most: int, others: set[int]) -> list[int]:
    drawn = sorted((-draw, id) for draw, id in kept if id not in others)
    return [id for _, id in drawn[: max(0, most)]]


def _active(tx: Transaction) -> Iterator[int]:
    c, after = tx.tables.customer.c, 0
    while True:
        query = select(c.entity_id).where(c.entity_id > after, c.is_active == 1)
        page = tx.connection.scalars(query.order_by(c.entity_id).limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]


def _draw(customer_id: int) -> int:
    digest = hashlib.blake2b(str(customer_id).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
