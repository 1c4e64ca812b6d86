"""Writes campaigns as the text of a file; see docs/campaigns.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segmail.campaigns.conditions import write_tree
from segmail.campaigns.entry import SegmentEntry, StepEntry
from segmail.campaigns.fields import EVERY_GROUP
from segmail.campaigns.markup import TextBlock, write_yaml
from segmail.campaigns.read import POLICIES
from segmail.campaigns.read_rules import UNITS
from segmail.campaigns.sales_rules import RuleState, discount
from segmail.maho.newsletters import NewsletterTemplate
from segmail.segments.stored.codes import Names
from segmail.sequences.delays import format_delay


@dataclass(frozen=True)
class Contents:
    """What a file is to contain; `texts` are the files beside it by template and kind."""

    templates: Sequence[NewsletterTemplate] = ()
    rules: Sequence[RuleState] = ()
    segments: Sequence[SegmentEntry] = ()
    beside: Mapping[tuple[int, str], str] | None = None


def write_campaign(contents: Contents, websites: Names, groups: Names) -> str:
    """Return the file; raise ConditionError for a condition that segmail does not know."""
    kinds = {
        "templates": [_template(one, contents.beside) for one in contents.templates],
        "sales rules": [_rule(one, websites, groups) for one in contents.rules],
        "segments": [_segment(one) for one in contents.segments],
    }
    return write_yaml({kind: entries for kind, entries in kinds.items() if entries})


def write_entries(entries: Sequence[SegmentEntry]) -> str:
    """Return a file with segments only."""
    return write_campaign(Contents(segments=entries), Names({}), Names({}))


def _template(
    template: NewsletterTemplate, beside: Mapping[tuple[int, str], str] | None
) -> dict[str, Any]:
    def text(kind: str, value: str) -> Any:
        found = (beside or {}).get((template.template_id, kind))
        return found or _inline(value)

    kind = "html" if template.is_html else "text"
    sender = {"name": template.sender_name, "email": template.sender_email}
    fields: dict[str, Any] = {"name": template.code, "subject": template.subject, "sender": sender}
    fields[kind] = text(kind, template.text)
    if template.style_sheet:
        fields["styles"] = text("styles", template.style_sheet)
    return fields


def _inline(text: str) -> Any:
    """Return a text in a form that is never taken for a file's name."""
    unified = text.replace("\r\n", "\n")
    lines = unified.split("\n")
    plain = all(line.isprintable() for line in lines) and bool(unified.strip())
    return TextBlock(unified) if plain and not lines[0].startswith((" ", "\t")) else unified


def _rule(state: RuleState, websites: Names, groups: Names) -> dict[str, Any]:
    every = set(state.group_ids) >= set(groups.codes)
    fields = {
        "name": state.name,
        "description": state.description or None,
        "active": state.active,
        "discount": discount(state) if state.action in UNITS else None,
        "free shipping": state.free_shipping or None,
        "websites": tuple(websites.mention(id) for id in state.website_ids) or None,
        "customer groups": EVERY_GROUP
        if every
        else tuple(groups.mention(id) for id in state.group_ids) or None,
        "from": str(state.starts) if state.starts else None,
        "to": str(state.ends) if state.ends else None,
        "uses per customer": state.uses_per_customer or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _segment(entry: SegmentEntry) -> dict[str, Any]:
    """Return what the entry says, with the keys of a file."""
    every = {
        "name": entry.name,
        "description": entry.description or None,
        "active": entry.active,
        "websites": entry.websites,
        "customer groups": EVERY_GROUP if entry.groups == () else entry.groups,
        "refresh": entry.refresh and entry.refresh.value,
        "automation": _automation(entry) or None,
        "conditions": entry.tree and write_tree(entry.tree),
        "steps": [_step(step) for step in entry.steps or ()] or None,
    }
    return {key: value for key, value in every.items() if value is not None}


def _automation(entry: SegmentEntry) -> dict[str, Any]:
    said: dict[str, Any] = {
        "trigger": entry.trigger and entry.trigger.value,
        "active": entry.automation,
    }
    said |= {
        label: _plain(entry.policies[name])
        for label, (name, _) in POLICIES.items()
        if name in entry.policies
    }
    return {key: value for key, value in said.items() if value is not None}


def _plain(policy: object) -> object:
    """Return a policy's value as the file has it: a number as a number."""
    return policy if type(policy) is int else str(policy)


def _step(step: StepEntry) -> dict[str, Any]:
    said: dict[str, Any] = {
        "after": format_delay(step.delay_minutes or 0),
        "template": step.template,
        "trigger": step.trigger and step.trigger.value,
        "active": step.active,
        "max sends": step.max_sends,
        "repeat": step.repeat and str(step.repeat),
        "expiry": step.expiry,
    }
    if step.coupon is not None:
        days = step.coupon.expires_days
        said["coupon"] = {
            "rule": step.coupon.rule,
            **({"prefix": step.coupon.prefix} if step.coupon.prefix else {}),
            **({"expires": f"{days} days"} if days else {}),
        }
    return {key: value for key, value in said.items() if value is not None}
