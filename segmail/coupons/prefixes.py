"""The prefixes of the automation's codes, by rule: those of steps now, and former ones.

Each pair of a rule and a prefix that ever made a code is stored in `core_config_data`, so that a
code is recognised as the automation's whatever has become of its step, prefix or segment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import IntegrityError

from segmail.maho.db.database import Conflict
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step

_PATH = "customer_segmentation/segmail/coupon_prefix/"  # followed by rule id / prefix
DEFAULT_PREFIX = "SEQ"


def normal_prefix(prefix: str | None) -> str:
    """Return a step's prefix as its codes have it; an empty one is SEQ, as in Maho."""
    return (prefix or "").strip().upper() or DEFAULT_PREFIX


def prefixes_by_rule(tx: Transaction, steps: Iterable[Step]) -> dict[int, frozenset[str]]:
    """Return the prefixes of every rule that has made, or may make, codes of the automation.

    One statement. `steps` are all steps: their codes may be older than the stored pairs.
    """
    found = defaultdict(set, {rule_id: set(own) for rule_id, own in prefixes_of(steps).items()})
    kept = _kept(tx.tables).where(tx.tables.config.c.path.like(f"{_PATH}%"))
    for path in tx.connection.scalars(kept).all():
        rule_id, _, prefix = path.removeprefix(_PATH).partition("/")
        if rule_id.isdecimal() and prefix:
            found[int(rule_id)].add(prefix)
    return {rule_id: frozenset(prefixes) for rule_id, prefixes in found.items()}


def prefixes_of(steps: Iterable[Step]) -> dict[int, frozenset[str]]:
    """Return the prefixes that these steps' codes have now, by rule."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for step in steps:
        if step.rule_id is not None:
            found[step.rule_id].add(normal_prefix(step.coupon_prefix))
    return {rule_id: frozenset(prefixes) for rule_id, prefixes in found.items()}


def remember_prefixes(tx: Transaction, pairs: Collection[tuple[int, str]]) -> None:
    """Store pairs of rule and prefix, in the transaction that makes codes with them.

    One statement if they are stored already. Raises Conflict, for `Database.transact` to repeat it,
    if two hosts do so at once.
    """
    paths = {f"{_PATH}{rule_id}/{normal_prefix(prefix)}" for rule_id, prefix in pairs}
    if not paths:
        return
    known = set(tx.connection.scalars(_kept(tx.tables).where(tx.tables.config.c.path.in_(paths))))
    if missing := sorted(paths - known):
        rows = [{"scope": "default", "scope_id": 0, "path": path, "value": "1"} for path in missing]
        try:
            tx.connection.execute(insert(tx.tables.config), rows)
        except IntegrityError as error:
            raise Conflict from error


def remember_prefix_of(tx: Transaction, step: Step) -> None:
    """Store the pair of a step about to change or go; its codes may not have been stored."""
    if step.rule_id is not None:
        remember_prefixes(tx, [(step.rule_id, step.coupon_prefix or "")])


def _kept(tables: Tables) -> Select[str]:
    c = tables.config.c
    return select(c.path).where(c.scope == "default", c.scope_id == 0)
