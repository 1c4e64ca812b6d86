"""Newsletter templates as people look at them: what they are, who sends them, what they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from segmail.authoring.needs import LetterNeeds, needs_of_letter
from segmail.errors import TemplateError
from segmail.lint import Facts, Letter
from segmail.maho.lookup import find_template
from segmail.maho.schema.tables import Tables
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.sequences.find import label

_PLAIN_TEXT = 1  # newsletter_template.template_type


@dataclass(frozen=True)
class Use:
    """A step that sends a template."""

    sequence_id: int
    step: str  # SEGMENT:TRIGGER:NUMBER
    is_active: bool
    generate_coupon: bool


@dataclass(frozen=True)
class TemplateSummary:
    """A newsletter template; `size` counts the characters of its text."""

    template_id: int
    code: str
    subject: str
    type: str  # html or text
    size: int
    used_by: Sequence[Use]


@dataclass(frozen=True)
class TemplateDetails:
    """A newsletter template and what it needs; `fault` says why that cannot be told."""

    template_id: int
    code: str
    is_actual: bool  # False: a copy that Maho kept of a former version
    type: str
    subject: str
    sender_name: str
    sender_email: str
    modified_at: datetime | None
    size: int
    styles: int  # characters of its style sheet
    used_by: Sequence[Use]
    needs: LetterNeeds | None
    fault: str | None


def list_templates(shop: Shop) -> list[TemplateSummary]:
    """Return the current templates and those that steps send, by id, with two statements."""
    c = shop.tables.template.c
    with shop.database.read() as connection:
        uses = uses_of_templates(connection, shop.tables)
        rows = connection.execute(
            select(
                c.template_id,
                c.template_code,
                c.template_subject,
                c.template_type,
                func.char_length(c.template_text).label("size"),
            )
            .where(or_(c.template_actual == 1, c.template_id.in_(sent_templates(shop.tables))))
            .order_by(c.template_id)
        ).all()
    return [
        TemplateSummary(
            row.template_id,
            row.template_code or "",
            row.template_subject or "",
            _type(row),
            row.size or 0,
            uses.get(row.template_id, ()),
        )
        for row in rows
    ]


def show_template(shop: Shop, given: str) -> TemplateDetails:
    """Return everything about the template that `given` names by id or code."""
    with shop.database.read() as connection:
        row = template_row(connection, shop.tables, given)
        uses = uses_of_templates(connection, shop.tables)
    needs, fault = None, None
    try:
        needs = needs_of_letter(letter_of(row), Facts.load(shop))
    except TemplateError as error:
        fault = str(error)
    return TemplateDetails(
        template_id=row.template_id,
        code=row.template_code or "",
        is_actual=bool(row.template_actual),
        type=_type(row),
        subject=row.template_subject or "",
        sender_name=row.template_sender_name or "",
        sender_email=row.template_sender_email or "",
        modified_at=row.modified_at,
        size=len(row.template_text or ""),
        styles=len(row.template_styles or ""),
        used_by=uses.get(row.template_id, ()),
        needs=needs,
        fault=fault,
    )


def template_source(shop: Shop, given: str) -> str:
    """Return the text of a template as the merchant wrote it."""
    with shop.database.read() as connection:
        return template_row(connection, shop.tables, given).template_text or ""


def template_row(connection: Connection, tables: Tables, given: str) -> Row[Any]:
    """Return the row of the template that `given` names; raise InputError where that is none."""
    found = find_template(connection, tables, given)
    c = tables.template.c
    return connection.execute(select(tables.template).where(c.template_id == found.id)).one()


def letter_of(row: Row[Any]) -> Letter:
    """Return a row of `newsletter_template` as checks read it."""
    return Letter(
        row.template_code or f"template {row.template_id}",
        row.template_subject or "",
        row.template_text or "",
        is_html=row.template_type != _PLAIN_TEXT,
        template_id=row.template_id,
    )


def sent_templates(tables: Tables) -> Select[int]:
    """Select the ids of the templates that steps send."""
    return select(tables.sequence.c.template_id)


def uses_of_templates(connection: Connection, tables: Tables) -> Mapping[int, Sequence[Use]]:
    """Return the steps that send each template, by template id."""
    found: dict[int, list[Use]] = defaultdict(list)
    for step in load_steps(connection, tables):
        found[step.template_id].append(_use(step))
    return dict(found)


def _use(step: Step) -> Use:
    return Use(step.sequence_id, label(step), step.is_active, step.generate_coupon)


def _type(row: Row[Any]) -> str:
    return "text" if row.template_type == _PLAIN_TEXT else "html"
