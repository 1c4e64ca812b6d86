"""Compiles a condition tree to one SELECT of the customers that it matches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, Table, and_, not_, or_, select
from sqlalchemy.sql.visitors import iterate

from segmail.errors import ConditionError, Fault
from segmail.maho.config.time_zones import time_zone
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
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf, leaves

Condition: TypeAlias = Callable[[Leaf, Scope], ColumnElement[bool]]

FAMILIES: Mapping[str, Condition] = {
    "cart_attributes": cart_attributes.condition,
    "cart_items": cart_items.condition,
    "customer_address": customer_address.condition,
    "customer_attributes": customer_attributes.condition,
    "customer_clv": customer_clv.condition,
    "customer_newsletter": customer_newsletter.condition,
    "customer_timebased": customer_timebased.condition,
    "list": customer_list.condition,
    "order_attributes": order_attributes.condition,
    "order_items": order_items.condition,
    "product_viewed": product_viewed.condition,
    "product_wishlist": product_wishlist.condition,
    "review": review.condition,
    "segment": segment_member.condition,
    "sequence": sequence_run.condition,
    "today": today.condition,
}

_SQLITE_LEVELS = 8  # its parser's stack holds 100 symbols, and each level takes some


def matching_customers(
    tree: Combine,
    scope: Scope,
    *,
    website_ids: Collection[int],
    group_ids: Collection[int],
    among: Collection[int] | None = None,
) -> Select[tuple[int]]:
    """Return a SELECT of the ids of the active customers that the tree matches.

    Only customers of `website_ids` are selected, and only those of `group_ids` unless it is empty.
    With `among`, only these customers are considered and only their rows are read. Raises
    ConditionError that names every condition of the tree that is unknown or cannot be used.
    """
    scope = scope.of_websites(website_ids)
    scope = scope if among is None else replace(scope, among=tuple(among))
    c = scope.tables.customer.c
    query = select(c.entity_id).where(
        c.is_active == 1, c.website_id.in_(website_ids), *scope.asked(c.entity_id)
    )
    if group_ids:
        query = query.where(c.group_id.in_(group_ids))
    try:
        condition = compile_node(tree, scope)
    except ConditionError:
        _check(tree, scope)
        raise
    return query if condition is None else query.where(condition)


def compile_node(
    node: ConditionNode, scope: Scope, *, depth: int = 0
) -> ColumnElement[bool] | None:
    """Return the SQL boolean over `customer_entity`; None if the node contains no condition.

    Raises ConditionError at the first condition that is unknown or cannot be used.
    """
    if isinstance(node, Leaf):
        return compile_leaf(node, scope)
    found = [compile_node(child, scope, depth=depth + 1) for child in node.children]
    parts = [part for part in found if part is not None]
    if not parts:
        return None
    joined = and_(*parts) if node.every else or_(*parts)
    whole = joined if node.expects else not_(joined.self_group())
    return _unnested(whole, scope) if depth and depth % _SQLITE_LEVELS == 0 else whole


def compile_leaf(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL boolean of one condition; raise ConditionError if it cannot be used."""
    if leaf.family not in FAMILIES:
        raise ConditionError(f"The type of {leaf} is unknown to segmail.")
    condition = FAMILIES[leaf.family]
    websites: dict[str, list[int]] = {}
    if is_about_days(leaf):
        for id, name in scope.zones.items():
            websites.setdefault(name, []).append(id)
    if not websites:
        return _readable(condition(leaf, scope), leaf, scope)
    found = {name: condition(leaf, replace(scope, zone=time_zone(name))) for name in websites}
    _readable(next(iter(found.values())), leaf, scope)
    if len(found) == 1:
        return next(iter(found.values()))
    website_id = scope.tables.customer.c.website_id
    return or_(*(and_(website_id.in_(websites[name]), found[name]) for name in found))


def _readable(condition: ColumnElement[bool], leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the condition; raise ConditionError if the shop lacks a table that it reads."""
    if scope.missing:
        read = {part.name for part in iterate(condition) if isinstance(part, Table)}
        if lacking := ", ".join(sorted(read & scope.missing)):
            raise ConditionError(
                f"{leaf} reads {lacking}, which this shop's database does not have, or which its "
                "user may not read."
            )
    return condition


def is_about_days(leaf: Leaf) -> bool:
    """Return whether the leaf counts calendar days, which depend on a time zone."""
    return (
        leaf.family == "today"
        or leaf.attribute.startswith("days_")
        or leaf.attribute.endswith("_at")
        or (leaf.attribute in ("on_clearance", "order_frequency_days"))
    )


def _unnested(condition: ColumnElement[bool], scope: Scope) -> ColumnElement[bool]:
    """Return the same condition without nested parentheses, if the database limits their depth."""
    if scope.dialect != "sqlite":
        return condition
    customer_id = scope.tables.customer.c.entity_id
    found = select(customer_id).where(condition, *scope.asked(customer_id)).cte()
    return scope.tables.customer.c.entity_id.in_(select(found.c.entity_id))


def _check(tree: Combine, scope: Scope) -> None:
    faults = [fault for leaf in leaves(tree) for fault in _faults(leaf, scope)]
    if faults:
        raise ConditionError(faults)


def _faults(leaf: Leaf, scope: Scope) -> tuple[Fault, ...]:
    try:
        compile_leaf(leaf, scope)
    except ConditionError as error:
        return error.faults
    return ()
