"""Which customers a segment's conditions match now, and why they match one customer or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, select

from segmail.maho.db.mariadb_hints import collected
from segmail.maho.lookup import find_customer, find_segment
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.condition_words import words_by_path
from segmail.segments.conditions.compile import compile_leaf
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import Scope, open_scope
from segmail.segments.conditions.tree import ConditionNode, Leaf, leaves
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh.candidates import Candidate, load_candidates

_COLUMNS = 50  # conditions checked in one statement


@dataclass(frozen=True)
class ConditionMatch:
    """What one condition says about a customer; `decides` if its opposite changes the result."""

    path: str
    condition: str
    matches: bool
    decides: bool


@dataclass(frozen=True)
class CustomerMatch:
    """Whether a customer matches a segment; `outside` are reasons that outweigh conditions."""

    segment_id: int
    segment: str
    customer_id: int
    matches: bool
    is_member: bool
    outside: Sequence[str]
    conditions: Sequence[ConditionMatch]


def matching_ids(shop: Shop, given: str, *, now: datetime) -> list[int]:
    """Return the ids of the customers that a segment's conditions match at `now`, in order.

    Nothing is written, and the segment may be inactive. Raises InputError if the segment does not
    exist, ConditionError if its conditions cannot be used.
    """
    with shop.read() as tx:
        candidate = _find(tx, given)
        query = matching_by_conditions()(tx, candidate, now)
        ordered = query.order_by(shop.tables.customer.c.entity_id)
        return list(tx.connection.scalars(collected(ordered)))


def match_customer(shop: Shop, given: str, customer: str, *, now: datetime) -> CustomerMatch:
    """Return whether a customer, given by id or e-mail address, matches a segment at `now`, and
    why.
    """
    tables = shop.tables
    with shop.read() as tx:
        candidate = _find(tx, given)
        customer_id = find_customer(tx, customer)
        tree = read_conditions(candidate.conditions)
        scope = open_scope(tx, build_sales_tables(tables.prefix), now=now)
        words = words_by_path(tx, tree)
        truths = _truths(tx.connection, list(leaves(tree)), scope, customer_id)
        outside = _outside(tx, candidate, customer_id)
        m = tables.member.c
        member = select(m.customer_id).where(
            m.segment_id == candidate.id, m.customer_id == customer_id
        )
        is_member = tx.connection.scalar(member) is not None
    whole = _holds(tree, truths)
    return CustomerMatch(
        segment_id=candidate.id,
        segment=candidate.segment.name,
        customer_id=customer_id,
        matches=whole and not outside,
        is_member=is_member,
        outside=outside,
        conditions=[_answer(tree, leaf, truths, words, whole) for leaf in leaves(tree)],
    )


def _find(tx: Transaction, given: str) -> Candidate:
    segment = find_segment(tx, given)
    [candidate] = load_candidates(tx, [segment.segment_id])
    return candidate


def _truths(
    connection: Connection, all_: Sequence[Leaf], scope: Scope, customer_id: int
) -> dict[str, bool]:
    """Return, by path, whether each condition holds for the customer."""
    found: dict[str, bool] = {}
    for start in range(0, len(all_), _COLUMNS):
        some = all_[start : start + _COLUMNS]
        answers = [case((compile_leaf(leaf, scope), 1), else_=0) for leaf in some]
        query = select(*answers).where(scope.tables.customer.c.entity_id == customer_id)
        row = connection.execute(query).one()
        found |= {leaf.path: bool(answer) for leaf, answer in zip(some, row, strict=True)}
    return found


def _outside(tx: Transaction, candidate: Candidate, customer_id: int) -> list[str]:
    c = tx.tables.customer.c
    query = select(c.is_active, c.website_id, c.group_id).where(c.entity_id == customer_id)
    row = tx.connection.execute(query).one()
    reasons = []
    if not row.is_active:
        reasons.append("the account is inactive")
    if row.website_id not in candidate.website_ids:
        reasons.append(f"website {row.website_id} is not the segment's")
    if candidate.group_ids and row.group_id not in candidate.group_ids:
        reasons.append(f"customer group {row.group_id} is not the segment's")
    return reasons


def _answer(
    tree: ConditionNode,
    leaf: Leaf,
    truths: Mapping[str, bool],
    words: Mapping[str, str],
    whole: bool,
) -> ConditionMatch:
    other = {**truths, leaf.path: not truths[leaf.path]}
    decides = _holds(tree, other) is not whole
    return ConditionMatch(leaf.path, words[leaf.path], truths[leaf.path], decides)


def _holds(tree: ConditionNode, truths: Mapping[str, bool]) -> bool:
    """Return whether the tree holds; a tree without conditions does."""
    return _truth(tree, truths) is not False


def _truth(node: ConditionNode, truths: Mapping[str, bool]) -> bool | None:
    if isinstance(node, Leaf):
        return truths[node.path]
    parts = [part for child in node.children if (part := _truth(child, truths)) is not None]
    if not parts:
        return None
    return (all(parts) if node.every else any(parts)) is node.expects
