"""Segments of one group: a customer is in the campaign of one of them at a time."""

from __future__ import annotations

from sqlalchemy import Connection

from segmail.maho.policies import load_policies
from segmail.maho.schema.tables import Tables
from segmail.maho.shop import Shop
from segmail.segments.refresh.candidates import Candidate, load_candidates


def load_group(shop: Shop, segment_id: int) -> list[int]:
    """Return the ids of the segments of a segment's group, in order; its own alone without one."""
    with shop.database.read() as connection:
        policies = load_policies(connection, shop.tables)
    own = policies[segment_id].group.casefold() if segment_id in policies else ""
    if not own:
        return [segment_id]
    return sorted(id for id, policy in policies.items() if policy.group.casefold() == own)


def load_rivals(connection: Connection, tables: Tables, candidate: Candidate) -> list[Candidate]:
    """Return the other segments of a segment's group."""
    own = candidate.policy.group.casefold()
    if not own:
        return []
    return [
        one
        for one in load_candidates(connection, tables, None)
        if one.policy.group.casefold() == own and one.id != candidate.id
    ]
