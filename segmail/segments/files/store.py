"""Writes segments as a file wants them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from segmail.maho.database import insert_rows
from segmail.maho.policies import RefreshedBy, save_policy
from segmail.maho.release import dates_are_timestamps
from segmail.maho.tables import Tables
from segmail.segments.conditions.write import conditions_as_json, conditions_as_php
from segmail.segments.files.entry import Refresh
from segmail.segments.files.state import DEFAULTS, State

_OF_MEMBERS = ("website_ids", "group_ids", "tree")


@dataclass(frozen=True)
class Plan:
    """A segment as it is (None: there is none yet) and as it is to be."""

    segment_id: int | None
    before: State | None
    after: State


def save_plans(
    connection: Connection, tables: Tables, plans: Sequence[Plan], *, now: datetime
) -> list[Plan]:
    """Write what differs and return the plans, each with its segment's id.

    Conditions are stored as JSON, or as PHP serialize in a Maho that may be too old for JSON;
    those that stay as they are keep their bytes.
    """
    php = dates_are_timestamps(connection, tables)
    return [_save(connection, tables, plan, php=php, now=now) for plan in plans]


def _save(connection: Connection, tables: Tables, plan: Plan, *, php: bool, now: datetime) -> Plan:
    values = _changed(plan, php=php)
    if plan.segment_id is None:
        [segment_id] = insert_rows(
            connection, tables.segment, [{**values, "created_at": now, "updated_at": now}]
        )
    else:
        segment_id = plan.segment_id
        if values:
            connection.execute(
                update(tables.segment)
                .where(tables.segment.c.segment_id == segment_id)
                .values(**values, updated_at=now)
            )
    save_policy(connection, tables, segment_id, _policies(plan))
    return replace(plan, segment_id=segment_id)


def _changed(plan: Plan, *, php: bool) -> dict[str, Any]:
    """Return the columns to write; other members than before wait for the next refresh."""
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


def _column(state: State, name: str, *, php: bool) -> tuple[str, Any]:
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


def _stored(state: State, *, php: bool) -> str | None:
    if state.tree is None:
        return None
    return conditions_as_php(state.tree) if php else conditions_as_json(state.tree)


def _csv(ids: tuple[int, ...]) -> str:
    return ",".join(map(str, ids))


def _policies(plan: Plan) -> dict[str, enum.StrEnum]:
    """Return the policies to write: those that differ, and whose refresh it is."""
    old = {} if plan.before is None else plan.before.policies
    new = plan.after.policies
    chosen = {
        name: new.get(name, default)
        for name, default in DEFAULTS.items()
        if old.get(name) != new.get(name)
    }
    were = plan.before is not None and plan.before.refresh is Refresh.SEGMAIL
    if were is not (plan.after.refresh is Refresh.SEGMAIL):
        chosen["refreshed_by"] = RefreshedBy.MAHO if were else RefreshedBy.SEGMAIL
    return {name: value for name, value in chosen.items() if value is not None}
