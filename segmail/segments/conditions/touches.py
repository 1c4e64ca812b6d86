"""Which customers a tree of conditions must be asked about again: by its sources and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Select, Table
from sqlalchemy.sql import visitors

from segmail.segments.conditions.families import (
    cart_attributes,
    cart_items,
    customer_address,
    customer_attributes,
    customer_clv,
    customer_list,
    customer_newsletter,
    customer_timebased,
    order_attributes,
    order_items,
    product_viewed,
    product_wishlist,
    review,
    segment_member,
    sequence_run,
    today,
)
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import (
    Crossing,
    Marked,
    Source,
    Summed,
    Unmarked,
    customers,
)
from segmail.segments.conditions.tree import Combine, Leaf, leaves

_TouchedBy: TypeAlias = Callable[[Leaf, Scope], Sequence[Source]]
_Crossings: TypeAlias = Callable[[Leaf, Scope, datetime], Sequence[Crossing]]

TOUCHED_BY: Mapping[str, _TouchedBy] = {
    "cart_attributes": cart_attributes.touched_by,
    "cart_items": cart_items.touched_by,
    "customer_address": customer_address.touched_by,
    "customer_attributes": customer_attributes.touched_by,
    "customer_clv": customer_clv.touched_by,
    "customer_newsletter": customer_newsletter.touched_by,
    "customer_timebased": customer_timebased.touched_by,
    "list": customer_list.touched_by,
    "order_attributes": order_attributes.touched_by,
    "order_items": order_items.touched_by,
    "product_viewed": product_viewed.touched_by,
    "product_wishlist": product_wishlist.touched_by,
    "review": review.touched_by,
    "segment": segment_member.touched_by,
    "sequence": sequence_run.touched_by,
    "today": today.touched_by,
}

# Families whose answer may change within a day although no row does.
_CROSSINGS: Mapping[str, _Crossings] = {
    "cart_attributes": cart_attributes.crossings,
    "customer_attributes": customer_attributes.crossings,
    "list": customer_list.crossings,
}


def sources_of(tree: Combine, scope: Scope) -> list[Source]:
    """Return the sources of a tree whose conditions can be used; accounts are always included."""
    found = [*customers(scope)]
    for leaf in leaves(tree):
        touched_by = TOUCHED_BY.get(leaf.family)
        found += [Unmarked(f"'{leaf.family}'")] if touched_by is None else touched_by(leaf, scope)
    return found


def uncovered(query: Select[Any], sources: Sequence[Source]) -> list[str]:
    """Return the tables that a SELECT reads and that none of the sources covers."""
    read = {part.name for part in visitors.iterate(query) if isinstance(part, Table)}
    told = [source.tables for source in sources if isinstance(source, Marked | Summed)]
    return sorted(read.difference(*told))


def crossings(tree: Combine, scope: Scope, since: datetime) -> Iterator[Crossing]:
    """Yield the customers whose answer the clock may have changed since then.

    Only within one day: at midnight of a website, everybody's days change.
    """
    for leaf in leaves(tree):
        if leaf.family in _CROSSINGS:
            yield from _CROSSINGS[leaf.family](leaf, scope, since)
