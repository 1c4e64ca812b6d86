"""The templates, sales rules and websites that steps refer to, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from segmail.maho.id_lists import ids_in
from segmail.maho.newsletters import NewsletterTemplate, load_newsletters
from segmail.maho.rules import Rule, load_rules
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step, load_steps


@dataclass(frozen=True)
class StepReferences:
    """What the checks of steps must know besides the steps themselves; by id."""

    newsletters: Mapping[int, NewsletterTemplate]
    rules: Mapping[int, Rule]
    websites: Mapping[int, frozenset[int]]  # segment id → its customers' websites
    groups: Mapping[int, frozenset[int]]  # segment id → its customers' possible groups
    neighbours: Sequence[Step]  # every step of the steps' segments

    @classmethod
    def load(cls, tx: Transaction, steps: Sequence[Step]) -> StepReferences:
        """Read what `steps` refer to, with at most eight statements."""
        templates = {step.template_id for step in steps}
        segment_ids = {step.segment.segment_id for step in steps}
        return cls(
            load_newsletters(tx, tx.tables.template.c.template_id.in_(templates)),
            load_rules(tx, {s.rule_id for s in steps if s.rule_id is not None}),
            *_audiences(tx, segment_ids),
            load_steps(tx, segment_ids=segment_ids),
        )


def _audiences(
    tx: Transaction, ids: set[int]
) -> tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]]:
    """Return the websites and the customer groups of segments.

    A segment that names none has customers of all; group 0 is for visitors without an account.
    """
    w, g, s = tx.tables.website.c, tx.tables.customer_group.c, tx.tables.segment.c
    websites = frozenset(tx.connection.scalars(select(w.website_id).where(w.website_id != 0)))
    accounts = g.customer_group_id != 0
    groups = frozenset(tx.connection.scalars(select(g.customer_group_id).where(accounts)))
    query = select(s.segment_id, s.website_ids, s.customer_group_ids).where(s.segment_id.in_(ids))
    rows = tx.connection.execute(query).all()
    return (
        {row.segment_id: frozenset(ids_in(row.website_ids)) or websites for row in rows},
        {row.segment_id: frozenset(ids_in(row.customer_group_ids)) or groups for row in rows},
    )
