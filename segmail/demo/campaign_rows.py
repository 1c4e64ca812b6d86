"""The demo shop's templates, sales rules, segments and steps as rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from segmail.demo.newsletter_templates import STYLES, TEMPLATES, DemoTemplate
from segmail.demo.seed import (
    NOW,
    RULES,
    SEGMENTS,
    STORES,
    RuleSeed,
    SegmentSeed,
    StepSeed,
    StoreSeed,
)
from segmail.demo.seed_rows import Rows, id_in
from segmail.demo.shop_rows import CUSTOMER_GROUP
from segmail.maho.newsletters import TemplateType
from segmail.maho.rules import SPECIFIC_COUPON
from segmail.maho.schema.tables import Tables
from segmail.segments.conditions.tree import Combine
from segmail.segments.conditions.unknown_to_maho import needs_segmail
from segmail.segments.conditions.write import conditions_as_json
from segmail.segments.language.line import read_line
from segmail.sequences.delays import parse_delay

STEPS = tuple((segment, step) for segment in SEGMENTS for step in segment.steps)

_MADE = {"created_at": NOW - timedelta(days=200), "updated_at": NOW - timedelta(days=120)}


def campaign_rows(t: Tables) -> Rows:
    """Return the rows of everything that a merchant sets up for the automation."""
    return [
        (t.template, [_template(template) for template in TEMPLATES]),
        (t.rule, [_rule(rule) for rule in RULES]),
        (t.rule_website, [_website_link(r, store) for r in RULES for store in r.stores]),
        (t.rule_group, [_group_link(rule) for rule in RULES]),
        (t.segment, [_segment(segment) for segment in SEGMENTS]),
        (t.sequence, [_step(segment, step) for segment, step in STEPS]),
    ]


def segmails_own() -> list[int]:
    """Return the ids of the segments that only segmail refreshes; for Maho they are manual."""
    return [id_in(SEGMENTS, one) for one in SEGMENTS if needs_segmail(_conditions(one))]


def _template(template: DemoTemplate) -> dict[str, Any]:
    name, address = template.sender
    return {
        "template_code": template.code,
        "template_text": template.text,
        "template_subject": template.subject,
        "template_styles": STYLES if template.html else None,
        "template_type": TemplateType.of(is_html=template.html),
        "template_sender_name": name,
        "template_sender_email": address,
        "template_actual": 1,
    }


def _rule(rule: RuleSeed) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "is_active": int(rule.is_active),
        "coupon_type": SPECIFIC_COUPON,
        "use_auto_generation": 1,
        "simple_action": rule.action,
        "discount_amount": rule.amount,
    }


def _website_link(rule: RuleSeed, store: StoreSeed) -> dict[str, Any]:
    return {"rule_id": id_in(RULES, rule), "website_id": id_in(STORES, store)}


def _group_link(rule: RuleSeed) -> dict[str, Any]:
    return {"rule_id": id_in(RULES, rule), "customer_group_id": CUSTOMER_GROUP}


def _segment(segment: SegmentSeed) -> dict[str, Any]:
    tree = _conditions(segment)
    return {
        "name": segment.name,
        "is_active": 1,
        "conditions_serialized": conditions_as_json(tree),
        "refresh_mode": "manual" if needs_segmail(tree) else "auto",
        "website_ids": ",".join(str(id_in(STORES, store)) for store in segment.stores),
        "customer_group_ids": str(CUSTOMER_GROUP),
        "auto_email_active": int(segment.automation),
        **_MADE,
    }


def _conditions(segment: SegmentSeed) -> Combine:
    lines = enumerate(segment.conditions, start=1)
    leaves = tuple(read_line(name, line, str(place)) for place, (name, line) in lines)
    return Combine(every=True, expects=True, children=leaves, path="root")


def _step(segment: SegmentSeed, step: StepSeed) -> dict[str, Any]:
    codes = [template.code for template in TEMPLATES]
    return {
        "segment_id": id_in(SEGMENTS, segment),
        "template_id": id_in(codes, step.letter),
        "trigger_event": step.trigger,
        "step_number": step.number,
        "delay_minutes": parse_delay(step.delay),
        "is_active": int(step.is_active),
        "generate_coupon": int(step.rule is not None),
        "coupon_sales_rule_id": id_in(RULES, step.rule) if step.rule else None,
        "coupon_prefix": step.prefix,
        "coupon_expires_days": step.expires_days,
        **_MADE,
    }
