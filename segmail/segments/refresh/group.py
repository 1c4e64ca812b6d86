"""Segments of one group: a customer is in the campaign of only one of them at a time."""

from __future__ import annotations

from segmail.maho.policies import NO_GROUP, Policy, load_policies
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.refresh.candidates import Candidate, load_candidates


def load_group(shop: Shop, segment_id: int) -> list[int]:
    """Return the ids of the segments in a segment's group, in order; at least its own."""
    with shop.read() as tx:
        policies = load_policies(tx)
    own = policies.get(segment_id, Policy())
    return sorted({segment_id, *(id for id, it in policies.items() if it.shares_group(own))})


def load_rivals(tx: Transaction, candidate: Candidate) -> list[Candidate]:
    """Return the other segments in a segment's group."""
    own = candidate.policy
    if own.group == NO_GROUP:
        return []
    every = load_candidates(tx, None)
    return [one for one in every if one.policy.shares_group(own) and one.id != candidate.id]
