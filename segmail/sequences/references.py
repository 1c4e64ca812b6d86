"""The templates, sales rules and websites that steps refer to, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from segmail.maho.rules import Rule, load_rules
from segmail.maho.schema.tables import Tables
from segmail.maho.steps import Step


@dataclass(frozen=True)
class Newsletter:
    """A newsletter template (`newsletter_template`); what is NULL there is empty here."""

    template_id: int
    code: str
    is_actual: bool  # False: a copy that Maho kept of a former version
    is_html: bool
    subject: str
    text: str
    sender_name: str
    sender_email: str

    @property
    def label(self) -> str:
        """Names the template in a message."""
        return f'Newsletter template {self.template_id} "{self.code}"'


@dataclass(frozen=True)
class Catalog:
    """What the checks of steps need to know besides the steps; by id."""

    newsletters: Mapping[int, Newsletter]
    rules: Mapping[int, Rule]
    websites: Mapping[int, frozenset[int]]  # segment id → where its customers are

    @classmethod
    def load(cls, connection: Connection, tables: Tables, steps: Sequence[Step]) -> Catalog:
        """Read what `steps` refer to, with six statements at most."""
        return cls(
            _newsletters(connection, tables, {step.template_id for step in steps}),
            load_rules(connection, tables, {s.rule_id for s in steps if s.rule_id is not None}),
            _websites(connection, tables, {step.segment.segment_id for step in steps}),
        )


def _newsletters(connection: Connection, tables: Tables, ids: set[int]) -> dict[int, Newsletter]:
    c = tables.template.c
    rows = connection.execute(select(tables.template).where(c.template_id.in_(ids)))
    return {
        row.template_id: Newsletter(
            template_id=row.template_id,
            code=row.template_code or "",
            is_actual=bool(row.template_actual),
            is_html=row.template_type != _PLAIN_TEXT,
            subject=row.template_subject or "",
            text=row.template_text or "",
            sender_name=row.template_sender_name or "",
            sender_email=row.template_sender_email or "",
        )
        for row in rows
    }


_PLAIN_TEXT = 1  # newsletter_template.template_type


def _websites(connection: Connection, tables: Tables, ids: set[int]) -> dict[int, frozenset[int]]:
    """A segment that names no websites has customers of all of them."""
    w, s = tables.website.c, tables.segment.c
    everywhere = frozenset(connection.scalars(select(w.website_id).where(w.website_id != 0)))
    rows = connection.execute(select(s.segment_id, s.website_ids).where(s.segment_id.in_(ids)))
    return {
        segment_id: frozenset(
            int(id) for id in (website_ids or "").split(",") if id.strip().isdecimal()
        )
        or everywhere
        for segment_id, website_ids in rows
    }
