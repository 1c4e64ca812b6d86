"""The JSON Schema of campaign files, with which editors complete keys and underline faults."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from segmail.campaigns.conditions import COMBINATIONS
from segmail.campaigns.read import POLICIES
from segmail.maho.policies import PolicyKind
from segmail.maho.repeats import ALLOWED as REPEATS
from segmail.maho.repeats import PATTERN as REPEAT_PATTERN
from segmail.maho.step_policies import EXPIRIES
from segmail.maho.steps import Trigger
from segmail.segments.language.forms import SENTENCES
from segmail.segments.language.labels import FAMILIES
from segmail.segments.stored.state import Refresh

_TEXT = {"type": "string"}
_NAME = {"type": ["string", "number"]}
_SWITCH = {"type": ["boolean", "string"], "enum": [True, False, "yes", "no", "on", "off"]}
_COUNT = {"type": "integer", "minimum": 0}
_CODES = {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}
_GROUPS = {"anyOf": [{"const": "all"}, _CODES]}
_DAY = {"type": ["string", "null"], "description": "A day such as 2026-12-31, or none"}
_DELAY = {
    "type": ["string", "integer"],
    "description": "From entering or leaving: 1 hour, 3 days, immediately; a number is minutes",
}


def json_schema() -> dict[str, Any]:
    """Return the schema, in JSON Schema's draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "segmail campaign file",
        **_object(
            {
                "templates": _list(_template()),
                "sales rules": _list(_rule()),
                "segments": _list(_segment()),
            }
        ),
        "$defs": {"condition": _condition()},
    }


def _template() -> dict[str, Any]:
    text = {**_TEXT, "description": "A file's path, or the text itself"}
    return _object(
        {
            "name": _NAME,
            "subject": _NAME,
            "sender": _object({"name": _NAME, "email": _TEXT}),
            "html": text,
            "text": text,
            "styles": text,
        },
        "name",
    )


def _rule() -> dict[str, Any]:
    return _object(
        {
            "name": _NAME,
            "description": {"type": ["string", "null"]},
            "active": _SWITCH,
            "discount": {
                "type": ["string", "number"],
                "description": "10 %, 5.00 (off the cart), 5.00 per item, or none",
            },
            "free shipping": _SWITCH,
            "websites": _CODES,
            "customer groups": _GROUPS,
            "from": _DAY,
            "to": _DAY,
            "uses per customer": _COUNT,
        },
        "name",
    )


def _segment() -> dict[str, Any]:
    policies = {key: _policy(kind) for key, (_, kind) in POLICIES.items()}
    automation = {"trigger": _choice(Trigger), "active": _SWITCH, **policies}
    return _object(
        {
            "name": _NAME,
            "description": {"type": ["string", "null"]},
            "active": _SWITCH,
            "websites": _CODES,
            "customer groups": _GROUPS,
            "refresh": _choice(Refresh),
            "automation": _object(automation),
            "conditions": {"$ref": "#/$defs/condition"},
            "steps": {"anyOf": [_list(_step()), {"const": "none"}]},
        },
        "name",
    )


def _step() -> dict[str, Any]:
    coupon = _object({"rule": _NAME, "prefix": _TEXT, "expires": {"type": ["string", "integer"]}})
    return _object(
        {
            "after": _DELAY,
            "template": _NAME,
            "trigger": _choice(Trigger),
            "active": _SWITCH,
            "coupon": {"anyOf": [coupon, {"const": "none"}]},
            "max sends": _COUNT,
            "expiry": {**_TEXT, "description": EXPIRIES},
            "repeat": {**_TEXT, "pattern": REPEAT_PATTERN, "description": REPEATS},
        },
        "template",
    )


def _condition() -> dict[str, Any]:
    children = {"type": "array", "items": {"$ref": "#/$defs/condition"}}
    lines = {name: {**_TEXT, "description": _attributes(name)} for name in FAMILIES}
    return {
        **_object({**dict.fromkeys(COMBINATIONS, children), **lines}),
        "minProperties": 1,
        "maxProperties": 1,
    }


def _attributes(family: str) -> str:
    told = f"ATTRIBUTE OPERATOR VALUE; attributes: {', '.join(FAMILIES[family].codes)}"
    if FAMILIES[family].shops_own:
        told = f"{told}, and any other attribute of the shop's customers by its code"
    return f"{told}; or {SENTENCES[family]}" if family in SENTENCES else told


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**found, "required": list(required)} if required else found


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


def _policy(kind: PolicyKind) -> dict[str, Any]:
    if kind.pattern is None:
        return {"enum": list(kind.words)}
    return {"type": ["string", "number"], "pattern": kind.pattern, "description": kind.told()}


def _choice(kind: Iterable[enum.StrEnum]) -> dict[str, Any]:
    return {"enum": [one.value for one in kind]}
