"""Newsletter templates at a glance: what they are, which steps send them, what they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_

from segmail.authoring.needs import LetterNeeds, needs_of_letter
from segmail.errors import TemplateError
from segmail.lint import Facts, Letter
from segmail.maho.lookup import find_template
from segmail.maho.newsletters import (
    NewsletterTemplate,
    TemplateType,
    load_newsletters,
    sent_by_steps,
)
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.sequences.find import label
from segmail.sequences.lent_coupons import lender_of


@dataclass(frozen=True)
class Use:
    """A step that sends a template."""

    sequence_id: int
    step: str  # SEGMENT:TRIGGER:NUMBER
    is_active: bool
    generate_coupon: bool
    borrows_coupon: bool  # it makes none, and shows that of an earlier step


@dataclass(frozen=True)
class TemplateSummary:
    """A newsletter template; `size` is the number of characters of its text."""

    template_id: int
    code: str
    subject: str
    type: str  # html or text
    size: int
    used_by: Sequence[Use]


@dataclass(frozen=True)
class TemplateDetails:
    """A newsletter template and what it needs; `fault` says why this is unknown."""

    template_id: int
    code: str
    is_actual: bool  # False: a copy that Maho kept of an earlier version
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
    is_current = shop.tables.template.c.template_actual == 1
    with shop.read() as tx:
        uses = uses_of_templates(tx)
        shown = or_(is_current, sent_by_steps(shop.tables))
        templates = load_newsletters(tx, shown)
    return [
        TemplateSummary(
            template.template_id,
            template.code,
            template.subject,
            _type(template),
            len(template.text),
            uses.get(template.template_id, ()),
        )
        for template in templates.values()
    ]


def show_template(shop: Shop, given: str) -> TemplateDetails:
    """Return everything about the template that `given` names by id or code."""
    with shop.read() as tx:
        template = named_template(tx, given)
        uses = uses_of_templates(tx)
    needs, fault = None, None
    try:
        needs = needs_of_letter(Letter.of(template), Facts.load(shop))
    except TemplateError as error:
        fault = str(error)
    return TemplateDetails(
        template_id=template.template_id,
        code=template.code,
        is_actual=template.is_actual,
        type=_type(template),
        subject=template.subject,
        sender_name=template.sender_name,
        sender_email=template.sender_email,
        modified_at=template.modified_at,
        size=len(template.text),
        styles=len(template.style_sheet or ""),
        used_by=uses.get(template.template_id, ()),
        needs=needs,
        fault=fault,
    )


def template_source(shop: Shop, given: str) -> str:
    """Return the text of a template as the merchant wrote it."""
    with shop.read() as tx:
        return named_template(tx, given).text


def named_template(tx: Transaction, given: str) -> NewsletterTemplate:
    """Return the template that `given` names; raise InputError if it does not exist."""
    found = find_template(tx, given)
    named = tx.tables.template.c.template_id == found.id
    return load_newsletters(tx, named)[found.id]


def uses_of_templates(tx: Transaction) -> Mapping[int, Sequence[Use]]:
    """Return the steps that send each template, by template id."""
    found: dict[int, list[Use]] = defaultdict(list)
    steps = load_steps(tx)
    for step in steps:
        found[step.template_id].append(_use(step, steps))
    return dict(found)


def _use(step: Step, steps: Sequence[Step]) -> Use:
    makes = step.generate_coupon
    borrows = not makes and lender_of(step, steps) is not None
    return Use(step.sequence_id, label(step), step.is_active, makes, borrows)


def _type(template: NewsletterTemplate) -> str:
    return TemplateType.of(is_html=template.is_html).name.lower()
