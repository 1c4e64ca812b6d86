"""Newsletter templates (`newsletter_template`): read, and compiled."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from segmail.errors import TemplateError
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.templates import Kind, Template, compile_template


class TemplateType(enum.IntEnum):
    """`newsletter_template.template_type`, and `newsletter_queue.newsletter_type`."""

    TEXT = 1
    HTML = 2

    @classmethod
    def of(cls, *, is_html: bool) -> TemplateType:
        return cls.HTML if is_html else cls.TEXT


@dataclass(frozen=True)
class NewsletterTemplate:
    """A newsletter template as the merchant wrote it; NULL in Maho's row is '' here."""

    template_id: int
    code: str
    subject: str
    text: str
    is_html: bool = True
    style_sheet: str | None = None
    sender_name: str = ""
    sender_email: str = ""
    is_actual: bool = True  # False: a copy that Maho kept of an earlier version
    modified_at: datetime | None = None

    @property
    def label(self) -> str:
        """Names the template in a message."""
        return f'Newsletter template {self.template_id} "{self.code}"'

    @property
    def styles(self) -> str | None:
        """The style sheet of an HTML mail."""
        return self.style_sheet if self.is_html else None

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """Add to a TemplateError which template it is about."""
        try:
            yield
        except TemplateError as error:
            name = self.code or self.template_id
            raise TemplateError(f"Template '{name}': {error}") from error


@dataclass(frozen=True)
class CompiledNewsletter:
    """A newsletter template with its subject and text compiled."""

    template: NewsletterTemplate
    subject: Template
    body: Template


def load_newsletters(
    tx: Transaction, condition: ColumnElement[bool]
) -> dict[int, NewsletterTemplate]:
    """Return the templates that satisfy a condition on their table, by id, in order of id."""
    query = select(tx.tables.template).where(condition).order_by(tx.tables.template.c.template_id)
    return {row.template_id: _newsletter(row) for row in tx.connection.execute(query)}


def sent_by_steps(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that some step sends the template."""
    return tables.template.c.template_id.in_(select(tables.sequence.c.template_id))


def current_text(tables: Tables, code: str) -> Select[str | None]:
    """Return the query of the current text of the template with this code."""
    c = tables.template.c
    return (
        select(c.template_text)
        .where(c.template_code == code, c.template_actual == 1)
        .order_by(c.template_id)
    )


def compile_newsletter(
    template: NewsletterTemplate, *, autoescape: bool = False
) -> CompiledNewsletter:
    """Return the template with its subject and text compiled; see `compile_template`.

    Raises TemplateError if one of them exceeds a limit.
    """
    return CompiledNewsletter(
        template,
        subject=compile_template(template.subject, kind=Kind.SUBJECT),
        body=compile_template(
            template.text,
            kind=Kind.HTML if template.is_html else Kind.TEXT,
            autoescape=autoescape,
            styles=template.styles,
        ),
    )


def _newsletter(row: Row[Any]) -> NewsletterTemplate:
    return NewsletterTemplate(
        template_id=row.template_id,
        code=row.template_code or "",
        subject=row.template_subject or "",
        text=row.template_text or "",
        is_html=row.template_type != TemplateType.TEXT,
        style_sheet=row.template_styles,
        sender_name=row.template_sender_name or "",
        sender_email=row.template_sender_email or "",
        is_actual=bool(row.template_actual),
        modified_at=row.modified_at,
    )
