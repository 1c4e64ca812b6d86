"""The facts about the templates that steps send which matter to mail transport."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from segmail.errors import MessageError
from segmail.maho.schema.transaction import Transaction
from segmail.mail.message import sender_domain


@dataclass(frozen=True)
class Letters:
    """The senders' domains as the DNS writes them, and the longest template's bytes."""

    domains: tuple[str, ...]
    longest: int


def load_letters(tx: Transaction) -> Letters:
    """Return what active steps send; an invalid sender address is found by another check."""
    template, step = tx.tables.template.c, tx.tables.sequence.c
    query = (
        select(template.template_sender_email, func.max(func.length(template.template_text)))
        .join_from(tx.tables.template, tx.tables.sequence, step.template_id == template.template_id)
        .where(step.is_active == 1)
        .group_by(template.template_sender_email)
    )
    rows = tx.connection.execute(query).all()
    domains = {domain for row in rows if (domain := _domain(row[0] or ""))}
    return Letters(tuple(sorted(domains)), max((row[1] or 0 for row in rows), default=0))


def _domain(sender: str) -> str | None:
    try:
        domain = sender_domain(sender)
    except MessageError:
        return None
    return None if domain.startswith("[") else domain.lower()
