"""`segment import`: fills a segment's list of customers from a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, false, func, or_, select

from segmail.errors import ConditionError, InputError
from segmail.maho.config.time_zones import load_website_zones, time_zone
from segmail.maho.db.letter_case import lower_case
from segmail.maho.lookup import as_number, find_segment
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.conditions.families.customer_list import (
    LONGEST,
    listed_customers,
    one_of,
    written_list,
)
from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf, leaves
from segmail.segments.conditions.wide_text import wide_enough
from segmail.segments.import_file import ListedCustomer, read_customers
from segmail.segments.stored.state import Refresh, SegmentState, load_states
from segmail.segments.stored.store import SegmentPlan, lock_segments, save_plans

_EMPTY = Leaf("list", "customer_id", "()", "", "1")
_SHOWN = 5  # how many unknown ones a message shows


@dataclass(frozen=True)
class Imported:
    """The result for a segment's list: `changed` or `unchanged`, and the number of customers.

    `unknown` are the ids and addresses of the file that belong to no customer of the segment's
    websites.
    """

    segment_id: int
    segment: str
    outcome: str
    listed: int
    added: int
    removed: int
    unknown: Sequence[str]


@dataclass(frozen=True)
class Import:
    """What to import: the bytes of a file and its name.

    `add` keeps the customers already listed; `expire` is how long each customer of the file stays
    listed, from the date in their row or from now.
    """

    data: bytes
    file: str
    add: bool = False
    expire: timedelta | None = None


def import_list(shop: Shop, given: str, what: Import, *, dry_run: bool, now: datetime) -> Imported:
    """Make a file's customers the list of a segment's `list` condition, and return what changed.

    A segment without conditions gets such a condition. A segment whose list changes is refreshed by
    segmail from then on, at its next refresh. A dry run writes nothing. An empty file empties the
    list. Raises InputError for a segment or file that cannot be used, and if the file has customers
    but none of them is known.
    """
    customers = read_customers(what.data, what.file)

    run = _Run(customers, what.add, what.expire, dry_run, now)
    if dry_run:
        with shop.read() as tx:
            return _import(tx, given, run)
    return shop.transact(lambda tx: _import(tx, given, run))


@dataclass(frozen=True)
class _Run:
    customers: Sequence[ListedCustomer]
    add: bool
    expire: timedelta | None
    dry_run: bool
    now: datetime


def _import(tx: Transaction, given: str, run: _Run) -> Imported:
    segment_id = find_segment(tx, given).segment_id
    if not run.dry_run:
        lock_segments(tx, [segment_id])
    before = load_states(tx, [segment_id])[segment_id]
    leaf = _list_of(before)
    found, unknown = _resolve(tx, [one.mention for one in run.customers], before)
    zones = {id: time_zone(name) for id, name in load_website_zones(tx).items()}
    known = {
        id: _expires(one, run, zones.get(website_id, UTC))
        for one in run.customers
        for id, website_id in found.get(one.mention, {}).items()
    }
    old = listed_customers(leaf)
    kept = {id: at for id, at in old.items() if at is None or at > run.now} if run.add else {}
    new = _checked({**kept, **known}, before)
    plan = SegmentPlan(
        segment_id, before, _after(before, leaf, new, changed=new != old or leaf is _EMPTY)
    )
    if not run.dry_run:
        save_plans(tx, [plan], now=run.now)
    return Imported(
        segment_id=segment_id,
        segment=before.name,
        outcome="unchanged" if plan.after == before else "changed",
        listed=len(new),
        added=len(new.keys() - old.keys()),
        removed=len(old.keys() - new.keys()),
        unknown=unknown,
    )


def _list_of(state: SegmentState) -> Leaf:
    """Return the segment's list; an empty one if the segment has no conditions."""
    if state.tree is None:
        raise ConditionError(f"The conditions of '{state.name}' cannot be read.")
    every = list(leaves(state.tree))
    lists = [leaf for leaf in every if leaf.family == "list"]
    if len(lists) > 1:
        paths = " and ".join(leaf.path for leaf in lists)
        raise InputError(f"'{state.name}' has several lists: conditions {paths}.")
    if every and not lists:
        raise InputError(
            f"'{state.name}' has conditions, but no list; add '- list: customer id is one of …' "
            "to them with `segment export` and `segment apply`."
        )
    return lists[0] if lists else _EMPTY


def _resolve(
    tx: Transaction, mentions: Sequence[str], state: SegmentState
) -> tuple[dict[str, dict[int, int]], list[str]]:
    """Return the customers of the segment's websites by mention, and the mentions without one.

    Customers are ids with the website of each.
    """
    if not mentions:
        return {}, []
    keys = {mention: _key(mention) for mention in mentions}
    c = tx.tables.customer.c
    query = select(c.entity_id, c.email, c.website_id).where(
        c.website_id.in_(state.website_ids),
        _is_named(tx.connection.dialect.name, tx.tables, mentions),
    )
    found: dict[int | str, dict[int, int]] = defaultdict(dict)
    for customer_id, email, website_id in tx.connection.execute(query):
        found[customer_id][customer_id] = website_id
        found[lower_case((email or "").strip())][customer_id] = website_id
    unknown = [mention for mention, key in keys.items() if key not in found]
    if len(unknown) == len(mentions):
        shown = ", ".join(map(repr, unknown[:_SHOWN]))
        raise InputError(f"No customer of the websites of '{state.name}' is one of {shown} …")
    return {mention: found[key] for mention, key in keys.items() if key in found}, unknown


def _expires(one: ListedCustomer, run: _Run, zone: tzinfo) -> datetime | None:
    """Return when a customer stops being listed: at the file's date, or after a time.

    A date in the file without a zone is in that of the customer's website, `zone`. None is never:
    the time is beyond the last year of any clock.
    """
    try:
        if one.expires is not None:
            return _in_utc(one.expires, zone)
        if run.expire is None:
            return None
        since = run.now if one.since is None else _in_utc(one.since, zone)
        return (since + run.expire).replace(microsecond=0)
    except OverflowError:
        is_over = one.expires is not None and one.expires.year < run.now.year
        return run.now.replace(microsecond=0) if is_over else None


def _in_utc(moment: datetime, zone: tzinfo) -> datetime:
    there = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return there.astimezone(UTC)


def _key(mention: str) -> int | str:
    """Return the id, or the address in lower case, by which a customer is found."""
    number = as_number(mention)
    return lower_case(mention) if number is None else number


def _is_named(dialect: str, tables: Tables, mentions: Sequence[str]) -> ColumnElement[bool]:
    """Narrow the customers down; a collation may treat more addresses as the same.

    Some collations ignore case, so LOWER() is compared too; LOWER() in others changes letters that
    they tell apart. SQLite's is segmail's own. SQLite takes 32,766 bound values.
    """
    c, keys = tables.customer.c, [_key(mention) for mention in mentions]
    emails = [key for key in keys if isinstance(key, str)]
    email = wide_enough(c.email, emails)
    return or_(
        one_of(c.entity_id, [key for key in keys if isinstance(key, int)]),
        one_of(func.lower(email), emails),
        false() if dialect == "sqlite" else one_of(email, emails),
    )


def _checked(ids: dict[int, datetime | None], state: SegmentState) -> dict[int, datetime | None]:
    if len(ids) > LONGEST:
        raise InputError(
            f"'{state.name}' would list {len(ids):,} customers; the maximum is {LONGEST:,}."
        )
    return ids


def _after(
    before: SegmentState, leaf: Leaf, ids: Mapping[int, datetime | None], *, changed: bool
) -> SegmentState:
    if not changed or before.tree is None:
        return replace(before, refresh=Refresh.SEGMAIL)
    filled = replace(leaf, value=written_list(ids))
    tree = Combine(every=True, expects=True, children=(filled,), path="root")
    if any(leaves(before.tree)):
        tree = _with(before.tree, filled)
    return replace(before, tree=tree, refresh=Refresh.SEGMAIL)


def _with(tree: Combine, leaf: Leaf) -> Combine:
    """Return the tree with the leaf at this leaf's path replaced by it."""

    def child(node: ConditionNode) -> ConditionNode:
        if isinstance(node, Combine):
            return _with(node, leaf)
        return leaf if node.path == leaf.path else node

    return replace(tree, children=tuple(map(child, tree.children)))
