"""Segments of one group: a customer is in the campaign of only one of them at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from segmail.maho.policies import Policy, load_policies, load_policies_and_since
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.refresh.candidates import Candidate, load_candidates


def load_group(shop: Shop, segment_id: int) -> list[int]:
    """Return the ids of the segments in a segment's group, in order; at least its own."""
    with shop.read() as tx:
        return _group(load_policies(tx), segment_id)


def load_with_rivals(
    tx: Transaction, segment_id: int
) -> tuple[Candidate, list[Candidate], datetime | None]:
    """Return an existing segment, the others in its group, and since when it enrols who enter."""
    policies, since = load_policies_and_since(tx)
    group = load_candidates(tx, _group(policies, segment_id), policies)
    by_id = {one.id: one for one in group}
    return by_id.pop(segment_id), list(by_id.values()), since.get(segment_id)


def _group(policies: Mapping[int, Policy], segment_id: int) -> list[int]:
    own = policies.get(segment_id, Policy())
    return sorted({segment_id, *(id for id, it in policies.items() if it.shares_group(own))})
