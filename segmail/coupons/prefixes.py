"""Which prefixes the automation's codes have, rule by rule: those of steps, and those that were.

Each pair of a rule and a prefix that ever made a code is kept in `core_config_data`, so that a code
can be told for the automation's whatever became of its step, prefix or segment since.
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

_PATH = "customer_segmentation/segmail/coupon_prefix/"  # and rule id / prefix
DEFAULT_PREFIX = "SEQ"


def normal_prefix(prefix: str | None) -> str:
    """Return a step's prefix as its codes have it; none at all is SEQ, as in Maho."""
    return (prefix or "").strip().upper() or DEFAULT_PREFIX


def prefixes_by_rule(tx: Transaction, steps: Iterable[Step]) -> dict[int, frozenset[str]]:
    """Return the prefixes of every rule that made, or may make, codes of the automation.

    One statement. `steps` are all that there are: their codes may be older than the memory.
    """
    found: defaultdict[int, set[str]] = defaultdict(set)
    for step in steps:
        if step.rule_id is not None:
            found[step.rule_id].add(normal_prefix(step.coupon_prefix))
    kept = _kept(tx.tables).where(tx.tables.config.c.path.like(f"{_PATH}%"))
    for path in tx.connection.scalars(kept).all():
        rule_id, _, prefix = path.removeprefix(_PATH).partition("/")
        if rule_id.isdecimal() and prefix:
            found[int(rule_id)].add(prefix)
    return {rule_id: frozenset(prefixes) for rule_id, prefixes in found.items()}


def remember_prefixes(tx: Transaction, pairs: Collection[tuple[int, str]]) -> None:
    """Keep pairs of rule and prefix, in the transaction that makes codes with them.

    One statement where they are known. Raises Conflict, for `Database.transact` to repeat it, when
    two hosts do so at once.
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
    """Keep the pair of a step that is about to change or go, whose codes may be older than this."""
    if step.rule_id is not None:
        remember_prefixes(tx, [(step.rule_id, step.coupon_prefix or "")])


def _kept(tables: Tables) -> Select[str]:
    c = tables.config.c
    return select(c.path).where(c.scope == "default", c.scope_id == 0)
