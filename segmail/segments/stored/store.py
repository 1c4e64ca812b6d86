"""Writes segments as a file wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import DataError

from segmail.errors import ConfigError, Fault
from segmail.maho.db.insert import insert_rows
from segmail.maho.policies import RefreshedBy, save_policy
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.schema.transaction import Transaction
from segmail.segments.conditions.references import renumbered
from segmail.segments.conditions.write import conditions_as_json, conditions_as_php
from segmail.segments.stored.state import DEFAULTS, Refresh, SegmentState, load_states

_OF_MEMBERS = ("website_ids", "group_ids", "tree")


@dataclass(frozen=True)
class SegmentPlan:
    """A segment as it is (None: it does not exist yet) and as it is to be.

    Until it is saved, conditions refer to a new segment by `new_id`, which no segment has.
    """

    segment_id: int | None
    before: SegmentState | None
    after: SegmentState
    new_id: int | None = None


def lock_segments(tx: Transaction, ids: Sequence[int]) -> None:
    """Wait until a running refresh of these segments ends, and make other refreshes wait."""
    c = tx.tables.segment.c
    query = select(c.segment_id).where(c.segment_id.in_(ids)).order_by(c.segment_id)
    tx.connection.execute(query.with_for_update()).all()


def lock_creation(tx: Transaction) -> None:
    """Wait until nobody else creates segments from a file: names are not unique in Maho.

    The lock is on the oldest setting of the shop: MySQL lets nobody lock rows of a table that they
    have no right to change, and settings are written anyway.
    """
    c = tx.tables.config.c
    tx.connection.execute(select(c.config_id).order_by(c.config_id).limit(1).with_for_update())


def save_plans(
    tx: Transaction, plans: Sequence[SegmentPlan], *, now: datetime
) -> list[SegmentPlan]:
    """Write what differs and return the plans, each with its segment's id.

    Conditions are stored as JSON, or as PHP serialize if this Maho may be too old for JSON;
    unchanged conditions keep their bytes. Raises ConfigError for characters that the database
    cannot store.
    """
    php = dates_are_timestamps(tx)
    saved = [_save(tx, plan, php=php, now=now) for plan in plans]
    ids = {one.new_id: one.segment_id for one in saved if one.new_id and one.segment_id}
    saved = [_renumber(tx, plan, ids, php=php) for plan in saved]
    _compare(tx, saved)
    return saved


def _compare(tx: Transaction, saved: Sequence[SegmentPlan]) -> None:
    """Read back what was written: a database that is not in strict mode changes it silently."""
    written = {plan.segment_id: plan for plan in saved if plan.segment_id is not None}
    states = load_states(tx, written)
    faults = [_unstorable(plan) for id, plan in written.items() if states[id] != plan.after]
    if faults:
        raise ConfigError(faults)


def _unstorable(plan: SegmentPlan) -> Fault:
    return Fault(
        f"The database cannot store '{plan.after.name}' as it is in the file. Its tables may not "
        "be utf8mb4: leave out emoji and other characters beyond U+FFFF."
    )


def _save(tx: Transaction, plan: SegmentPlan, *, php: bool, now: datetime) -> SegmentPlan:
    try:
        segment_id = _write(tx, plan, _changed(plan, php=php), now=now)
    except DataError as error:
        raise ConfigError(_unstorable(plan)) from error
    save_policy(tx, segment_id, _policies(plan))
    return replace(plan, segment_id=segment_id)


def _renumber(
    tx: Transaction, plan: SegmentPlan, ids: Mapping[int, int], *, php: bool
) -> SegmentPlan:
    """Write the ids of new segments into the conditions that name them."""
    tree = plan.after.tree
    if tree is None or not ids or (settled := renumbered(tree, ids)) == tree:
        return plan
    after = replace(plan.after, tree=settled)
    c = tx.tables.segment.c
    tx.connection.execute(
        update(tx.tables.segment)
        .where(c.segment_id == plan.segment_id)
        .values(conditions_serialized=_stored(after, php=php))
    )
    return replace(plan, after=after)


def _write(
    tx: Transaction,
    plan: SegmentPlan,
    values: dict[str, Any],
    *,
    now: datetime,
) -> int:
    if plan.segment_id is None:
        new = {**values, "created_at": now, "updated_at": now}
        return insert_rows(tx.connection, tx.tables.segment, [new])[0]
    if values:
        tx.connection.execute(
            update(tx.tables.segment)
            .where(tx.tables.segment.c.segment_id == plan.segment_id)
            .values(**values, updated_at=now)
        )
    return plan.segment_id


def _changed(plan: SegmentPlan, *, php: bool) -> dict[str, Any]:
    """Return the columns to write; if membership may change, it waits for the next refresh."""
    before, after = plan.before, plan.after
    fields = [
        name
        for name in vars(after)
        if name != "policies" and (before is None or getattr(before, name) != getattr(after, name))
    ]
    values = dict(_column(after, name, php=php) for name in fields)
    if any(name in _OF_MEMBERS for name in fields):
        values |= {"refresh_status": "pending", "last_refresh_at": None}
    return values


def _column(state: SegmentState, name: str, *, php: bool) -> tuple[str, Any]:
    match name:
        case "active":
            return "is_active", int(state.active)
        case "website_ids":
            return "website_ids", _csv(state.website_ids)
        case "group_ids":
            return "customer_group_ids", _csv(state.group_ids) or None
        case "refresh":
            return "refresh_mode", "auto" if state.refresh is Refresh.AUTOMATIC else "manual"
        case "tree":
            return "conditions_serialized", _stored(state, php=php)
    return name, getattr(state, name)


def _stored(state: SegmentState, *, php: bool) -> str | None:
    if state.tree is None:
        return None
    return conditions_as_php(state.tree) if php else conditions_as_json(state.tree)


def _csv(ids: tuple[int, ...]) -> str:
    return ",".join(map(str, ids))


def _policies(plan: SegmentPlan) -> dict[str, object]:
    """Return the policies to write: those that differ, and who refreshes the segment."""
    old = {} if plan.before is None else plan.before.policies
    new = plan.after.policies
    chosen = {
        name: new.get(name, default)
        for name, default in DEFAULTS.items()
        if old.get(name) != new.get(name)
    }
    was = Refresh.AUTOMATIC if plan.before is None else plan.before.refresh
    if plan.after.refresh is not was:
        segmails = plan.after.refresh is Refresh.SEGMAIL
        chosen["refreshed_by"] = RefreshedBy.SEGMAIL if segmails else RefreshedBy.MAHO
    return {name: value for name, value in chosen.items() if value is not None}
