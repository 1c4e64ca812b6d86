"""Explains a segment: its conditions in words, their SQL, and how many customers each matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.dialects import mysql, sqlite

from segmail.errors import ConditionError
from segmail.maho.db.mariadb_hints import collected
from segmail.maho.lookup import find_segment
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.condition_words import words_by_path
from segmail.segments.conditions.compile import compile_node, matching_customers
from segmail.segments.conditions.difference_rules import DAYS
from segmail.segments.conditions.differences import differences
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.scope import Scope, open_scope
from segmail.segments.conditions.touches import sources_of
from segmail.segments.conditions.tree import Combine, ConditionNode, leaves
from segmail.segments.refresh.asking import refreshed_how
from segmail.segments.refresh.candidates import Candidate, load_candidates
from segmail.segments.refresh.order import in_order
from segmail.segments.stay import stay_oddities


@dataclass(frozen=True)
class ExplainedNode:
    """A node of the tree and how many of the segment's possible members it matches on its own.

    `fault` says why it cannot be used.
    """

    path: str
    depth: int
    words: str
    customers: int | None
    fault: str | None = None


@dataclass(frozen=True)
class Difference:
    """How Maho's answer to the node at `path` differs from segmail's, in a sentence."""

    path: str
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """A segment explained; `sql` is None if its conditions cannot be used."""

    segment_id: int
    segment: str
    candidates: int  # active customers of its websites and groups
    customers: int | None
    members: int
    lines: Sequence[ExplainedNode]
    sql: str | None
    differs_from_maho: Sequence[Difference]
    warnings: Sequence[str] = ()
    refreshed: str | None = None  # by what changed, or whole, and why


def explain_segment(shop: Shop, given: str, *, now: datetime) -> Explanation:
    """Explain the segment that `given` names, as it is at `now`; nothing is written.

    Raises InputError if the segment does not exist, ConditionError if the stored value is not a
    tree at all.
    """
    tables = shop.tables
    with shop.read() as tx:
        segment = find_segment(tx, given)
        [candidate] = load_candidates(tx, [segment.segment_id])
        tree = read_conditions(candidate.conditions)
        scope = open_scope(tx, build_sales_tables(tables.prefix), now=now)
        everybody = _selected(Combine(True, True, (), "root"), scope, candidate)
        words = words_by_path(tx, tree)
        lines = list(_lines(tx.connection, tree, scope, everybody, words, 0))
        faulty = any(line.fault for line in lines)
        query = None if faulty else _selected(tree, scope, candidate)
        members = select(func.count()).where(tables.member.c.segment_id == candidate.id)
        return Explanation(
            segment_id=segment.segment_id,
            segment=segment.name,
            candidates=_count(tx.connection, everybody),
            customers=None if query is None else _count(tx.connection, query),
            members=int(tx.connection.scalar(members) or 0),
            lines=lines,
            sql=None if query is None else _sql(query, scope),
            differs_from_maho=_differences(tree, lines, scope.of_websites(candidate.website_ids)),
            warnings=_warnings(tx, candidate, tree),
            refreshed=None if query is None else refreshed_how(query, sources_of(tree, scope)),
        )


def _warnings(tx: Transaction, candidate: Candidate, tree: Combine) -> list[str]:
    odd = stay_oddities(tree, (), stops_on_exit=True)
    _, circles = in_order(tx, [candidate])
    name = candidate.segment.name
    return [*(f"'{name}': {one}." for one in odd), *map(str, circles.values())]


def _selected(tree: Combine, scope: Scope, candidate: Candidate) -> Select[Any]:
    return matching_customers(
        tree, scope, website_ids=candidate.website_ids, group_ids=candidate.group_ids
    )


def _lines(
    connection: Connection,
    node: ConditionNode,
    scope: Scope,
    everybody: Select[Any],
    words: Mapping[str, str],
    depth: int,
) -> Iterator[ExplainedNode]:
    yield _line(connection, node, scope, everybody, words[node.path], depth)
    if isinstance(node, Combine):
        for child in node.children:
            yield from _lines(connection, child, scope, everybody, words, depth + 1)


def _line(
    connection: Connection,
    node: ConditionNode,
    scope: Scope,
    everybody: Select[Any],
    words: str,
    depth: int,
) -> ExplainedNode:
    if isinstance(node, Combine):
        return ExplainedNode(node.path, depth, words, None)
    try:
        condition = compile_node(node, scope)
    except ConditionError as error:
        return ExplainedNode(node.path, depth, words, None, fault=str(error))
    query = everybody if condition is None else everybody.where(condition)
    return ExplainedNode(node.path, depth, words, _count(connection, query))


def _differences(
    tree: ConditionNode, lines: Sequence[ExplainedNode], scope: Scope
) -> Sequence[Difference]:
    unusable = {line.path for line in lines if line.fault}
    found = [Difference(*one) for one in differences(tree, unusable=unusable)]
    if set(scope.zones.values()) <= {"UTC"}:
        return found
    about_days = [leaf.path for leaf in leaves(tree) if DAYS.concerns(leaf)]
    return [*found, *(Difference(path, DAYS.sentence) for path in about_days)]


def _count(connection: Connection, query: Select[Any]) -> int:
    count = select(func.count()).select_from(query.subquery())
    return int(connection.scalar(collected(count)) or 0)


def _sql(query: Select[Any], scope: Scope) -> str:
    """Return the SELECT with its values written out, for a database client."""
    dialect = sqlite.dialect() if scope.dialect == "sqlite" else mysql.dialect(paramstyle="named")
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
