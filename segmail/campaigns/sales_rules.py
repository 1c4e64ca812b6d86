"""Makes the shop's sales rules match a file; neither a rule nor its coupons are ever deleted.

The checkout requires of a rule with generated coupons: type 2 with auto-generation, and conditions
and actions, which Maho stores even if they are empty.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from segmail.campaigns.entry import FileFaults, RuleEntry
from segmail.campaigns.fields import EVERY_GROUP
from segmail.campaigns.names import KnownNames
from segmail.campaigns.outcome import CHANGED, CREATED, UNCHANGED, Applied, changes
from segmail.campaigns.read_rules import NO_DISCOUNT, UNITS
from segmail.maho import php_serialize
from segmail.maho.db.insert import insert_rows
from segmail.maho.rules import SPECIFIC_COUPON
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.schema.transaction import Transaction
from segmail.segments.stored.codes import Mention, Names

_FOR_SHIPMENT = 2  # salesrule.simple_free_shipping: the whole shipment; 1 is each item's own


@dataclass(frozen=True)
class RuleState:
    """What a file can say about a sales rule."""

    name: str
    description: str = ""
    active: bool = True
    action: str = NO_DISCOUNT.action
    amount: Decimal = NO_DISCOUNT.amount
    free_shipping: bool = False
    website_ids: tuple[int, ...] = ()
    group_ids: tuple[int, ...] = ()
    starts: date | None = None
    ends: date | None = None
    uses_per_customer: int = 0
    generates: bool = True  # it has the type with generated coupons


@dataclass(frozen=True)
class PlannedRule:
    """A sales rule as it is (None: it does not exist yet) and as it is to be."""

    entry: RuleEntry
    id: int | None
    before: RuleState | None
    after: RuleState


def load_states(tx: Transaction, ids: Collection[int]) -> dict[int, RuleState]:
    """Return the given rules by id, with three statements."""
    if not ids:
        return {}
    c = tx.tables.rule.c
    columns = [
        c.rule_id, c.name, c.description, c.is_active, c.simple_action, c.discount_amount,
        c.simple_free_shipping, c.from_date, c.to_date, c.uses_per_customer, c.coupon_type,
        c.use_auto_generation,
    ]  # fmt: skip
    rows = tx.connection.execute(select(*columns).where(c.rule_id.in_(ids))).all()
    websites = _links(tx.connection, tx.tables.rule_website, "website_id", ids)
    groups = _links(tx.connection, tx.tables.rule_group, "customer_group_id", ids)
    return {
        row.rule_id: _state(row, websites.get(row.rule_id, ()), groups.get(row.rule_id, ()))
        for row in rows
    }


def plan_rule(
    entry: RuleEntry,
    known: KnownNames,
    states: Mapping[int, RuleState],
    codes: tuple[Names, Names],
    faults: FileFaults,
) -> PlannedRule:
    """Return the plan for the entry; add what is missing or impossible to `faults`.

    A new rule is for every customer group, and needs its websites.
    """
    id = known.id(entry.name)
    before = None if id is None else states.get(id)
    websites, groups = codes
    if before is None and "websites" not in entry.keys:
        what = f"'{entry.name}' is a new sales rule, which needs 'websites'."
        faults.add(entry.lines[""], what)
    every = tuple(sorted(groups.codes))
    discount = entry.discount
    if discount == NO_DISCOUNT and before is not None and not before.amount:
        discount = None  # nothing is nothing, of whatever it is nothing
    said: dict[str, Any] = {
        "name": entry.name,
        "description": entry.description,
        "active": entry.active,
        "action": discount and discount.action,
        "amount": discount and discount.amount,
        "free_shipping": entry.free_shipping,
        "website_ids": _ids(entry, "websites", entry.websites, websites, faults),
        "group_ids": _ids(entry, "customer groups", entry.groups, groups, faults) or None,
        "uses_per_customer": entry.uses_per_customer,
    }
    if entry.groups == () or (before is None and entry.groups is None):
        said["group_ids"] = every
    known_values = {key: value for key, value in said.items() if value is not None}
    days = {key: getattr(entry, field) for key, field in _DAYS if _KEYS[field] in entry.keys}
    after = replace(before or RuleState(entry.name), **known_values, **days, generates=True)
    if after.starts and after.ends and after.ends < after.starts:
        line = entry.lines.get("to", entry.lines[""])
        faults.add(line, f"'{entry.name}' ends on {after.ends}, before it starts.")
    return PlannedRule(entry, id, before, after)


def save_rules(
    tx: Transaction,
    plans: Sequence[PlannedRule],
    known: KnownNames,
    codes: tuple[Names, Names],
) -> list[Applied]:
    """Write what differs, and return the outcomes."""
    php = bool(plans) and dates_are_timestamps(tx)
    return [_save(tx, plan, known, codes, php=php) for plan in plans]


_DAYS = (("starts", "starts"), ("ends", "ends"))
_KEYS = {"starts": "from", "ends": "to"}


def told(state: RuleState, codes: tuple[Names, Names]) -> dict[str, str]:
    """Return a rule in the words of a file."""
    websites, groups = codes
    return {
        "name": state.name,
        "description": state.description,
        "active": "yes" if state.active else "no",
        "discount": discount(state),
        "free shipping": "yes" if state.free_shipping else "no",
        "websites": ", ".join(str(websites.mention(id)) for id in state.website_ids),
        "customer groups": EVERY_GROUP
        if set(state.group_ids) >= set(groups.codes)
        else ", ".join(str(groups.mention(id)) for id in state.group_ids),
        "from": str(state.starts or ""),
        "to": str(state.ends or ""),
        "uses per customer": str(state.uses_per_customer),
        "coupons": "generated" if state.generates else "of another type",
    }


def discount(state: RuleState) -> str:
    """Return a discount in the words of a file; for an action that files do not have, its code."""
    if state.action not in UNITS:
        return f"{state.action} {_plain(state.amount)}"
    if not state.amount:
        return "none"
    unit = UNITS[state.action]
    amount = _plain(state.amount) if unit == "%" else f"{state.amount.normalize():.2f}"
    if unit != "%" and Decimal(amount) != state.amount:
        amount = _plain(state.amount)
    return f"{amount} {unit}".strip()


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _save(
    tx: Transaction,
    plan: PlannedRule,
    known: KnownNames,
    codes: tuple[Names, Names],
    *,
    php: bool,
) -> Applied:
    old = None if plan.before is None else told(plan.before, codes)
    found = changes(old, told(plan.after, codes))
    if plan.id is None:
        row = {**_columns(plan.after), **_new(php=php)}
        id = insert_rows(tx.connection, tx.tables.rule, [row])[0]
        known.created[plan.entry.name.casefold()] = id
        _link(tx, id, plan.after)
        return Applied("sales rule", plan.after.name, CREATED, found, id=id)
    if plan.before is None or plan.before == plan.after:
        return Applied("sales rule", plan.after.name, UNCHANGED, id=plan.id)
    before = _columns(plan.before)
    changed = {name: v for name, v in _columns(plan.after).items() if v != before[name]}
    if changed:
        row_of = update(tx.tables.rule).where(tx.tables.rule.c.rule_id == plan.id)
        tx.connection.execute(row_of.values(changed))
    if (plan.before.website_ids, plan.before.group_ids) != (
        plan.after.website_ids,
        plan.after.group_ids,
    ):
        _link(tx, plan.id, plan.after)
    return Applied("sales rule", plan.after.name, CHANGED, found, id=plan.id)


def _columns(state: RuleState) -> dict[str, Any]:
    return {
        "name": state.name,
        "description": state.description,
        "is_active": int(state.active),
        "simple_action": state.action,
        "discount_amount": state.amount,
        "simple_free_shipping": _FOR_SHIPMENT if state.free_shipping else 0,
        "from_date": state.starts,
        "to_date": state.ends,
        "uses_per_customer": state.uses_per_customer,
        "coupon_type": SPECIFIC_COUPON if state.generates else None,
        "use_auto_generation": int(state.generates),
    }


def _new(*, php: bool) -> dict[str, Any]:
    """Return the values that a file does not set, as Maho's own form stores them."""
    write = php_serialize.dumps if php else _json
    return {
        "conditions_serialized": write(_combine("salesrule/rule_condition_combine")),
        "actions_serialized": write(_combine("salesrule/rule_condition_product_combine")),
        "stop_rules_processing": 0,
        "is_advanced": 1,
        "sort_order": 0,
        "discount_step": 0,
        "uses_per_coupon": 1,
    }


def _combine(type_: str) -> dict[str, Any]:
    return {
        "type": type_,
        "attribute": None,
        "operator": None,
        "value": True,
        "is_value_processed": None,
        "aggregator": "all",
    }


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":")).replace("/", "\\/")


def _link(tx: Transaction, id: int, state: RuleState) -> None:
    for table, column, ids in (
        (tx.tables.rule_website, "website_id", state.website_ids),
        (tx.tables.rule_group, "customer_group_id", state.group_ids),
    ):
        tx.connection.execute(
            delete(table).where(table.c.rule_id == id, table.c[column].not_in(ids))
        )
        there = set(tx.connection.scalars(select(table.c[column]).where(table.c.rule_id == id)))
        if rows := [{"rule_id": id, column: one} for one in ids if one not in there]:
            tx.connection.execute(insert(table), rows)


def _links(
    connection: Connection, table: Any, column: str, ids: Collection[int]
) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    query = select(table.c.rule_id, table.c[column]).where(table.c.rule_id.in_(ids))
    for rule_id, linked in connection.execute(query.order_by(table.c[column])):
        found[rule_id] = (*found.get(rule_id, ()), linked)
    return found


def _state(row: Row[Any], websites: tuple[int, ...], groups: tuple[int, ...]) -> RuleState:
    return RuleState(
        name=row.name or "",
        description=row.description or "",
        active=bool(row.is_active),
        action=row.simple_action or "",
        amount=row.discount_amount,
        free_shipping=bool(row.simple_free_shipping),
        website_ids=websites,
        group_ids=groups,
        starts=row.from_date,
        ends=row.to_date,
        uses_per_customer=row.uses_per_customer,
        generates=row.coupon_type == SPECIFIC_COUPON and bool(row.use_auto_generation),
    )


def _ids(
    entry: RuleEntry,
    key: str,
    mentions: Sequence[Mention] | None,
    names: Names,
    faults: FileFaults,
) -> tuple[int, ...] | None:
    return None if mentions is None else names.ids(mentions, key, entry.lines[key], faults.add)
