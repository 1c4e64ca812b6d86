"""The templates, sales rules and websites that steps refer to, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from segmail.maho.id_lists import ids_in
from segmail.maho.newsletters import NewsletterTemplate, load_newsletters
from segmail.maho.rules import Rule, load_rules
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Step


@dataclass(frozen=True)
class StepReferences:
    """What the checks of steps need to know besides the steps; by id."""

    newsletters: Mapping[int, NewsletterTemplate]
    rules: Mapping[int, Rule]
    websites: Mapping[int, frozenset[int]]  # segment id → where its customers are

    @classmethod
    def load(cls, connection: Connection, tables: Tables, steps: Sequence[Step]) -> StepReferences:
        """Read what `steps` refer to, with six statements at most."""
        templates = {step.template_id for step in steps}
        return cls(
            load_newsletters(connection, tables, tables.template.c.template_id.in_(templates)),
            load_rules(connection, tables, {s.rule_id for s in steps if s.rule_id is not None}),
            _websites(connection, tables, {step.segment.segment_id for step in steps}),
        )


def _websites(connection: Connection, tables: Tables, ids: set[int]) -> dict[int, frozenset[int]]:
    """A segment that names no websites has customers of all of them."""
    w, s = tables.website.c, tables.segment.c
    everywhere = frozenset(connection.scalars(select(w.website_id).where(w.website_id != 0)))
    rows = connection.execute(select(s.segment_id, s.website_ids).where(s.segment_id.in_(ids)))
    return {
        segment_id: frozenset(ids_in(website_ids)) or everywhere for segment_id, website_ids in rows
    }
