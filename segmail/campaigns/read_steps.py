"""Reads the steps of a segment in a campaign file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from segmail.campaigns.entry import CouponEntry, FileFaults, StepEntry
from segmail.campaigns.fields import (
    is_none,
    read_choice,
    read_count,
    read_delay,
    read_fields,
    read_key,
    read_switch,
    read_text,
)
from segmail.campaigns.markup import Items, MarkupNode, Scalar
from segmail.maho.repeats import ALLOWED as REPEATS
from segmail.maho.repeats import Repeat
from segmail.maho.step_policies import EXPIRIES
from segmail.maho.steps import Trigger
from segmail.sending_rules import RULES
from segmail.sequences.wanted_step import PREFIX

_MOST_DAYS = 36_500
_LONGEST_PREFIX = 50  # what the column holds
_DAYS = re.compile(r"([0-9]{1,6})(?:\s*(?:d|days?))?")
_WEEKS = re.compile(r"([0-9]{1,5})\s*(?:w|weeks?)")


def read_steps(node: MarkupNode, faults: FileFaults) -> tuple[StepEntry, ...] | None:
    """Return a sequence's steps in order, as far as they can be read."""
    if is_none(node):
        return ()
    if not isinstance(node, Items):
        faults.add(node.line, "'steps' must be a list, each step with a '-'.")
        return None
    found = [_step(item, faults) for item in node.nodes]
    return tuple(step for step in found if step is not None)


def _step(node: MarkupNode, faults: FileFaults) -> StepEntry | None:
    found = read_fields(node, ("template", *_READERS), faults)
    values: dict[str, Any] = {}
    for key, read in _READERS.items():
        if key in found:
            values |= read_key(found, key, read, faults)
    template = read_key(found, "template", read_text, faults) if "template" in found else None
    if not template:
        faults.add(node.line, "A step needs a 'template', the name of a newsletter template.")
        return None
    lines = {"": node.line, **{key: value.line for key, value in found.items()}}
    return StepEntry(template, lines=lines, **values)


def _repeat(node: MarkupNode, faults: FileFaults) -> dict[str, Any]:
    if is_none(node):
        return {"no_repeat": True}
    text = node.text if isinstance(node, Scalar) else ""
    try:
        return {"repeat": Repeat.read(text)}
    except ValueError:
        instead = f", not '{text[:60]}'" if text else ""
        faults.add(node.line, f"Here must be {REPEATS}{instead}.")
        return {}


def _expiry(node: MarkupNode, faults: FileFaults) -> dict[str, Any]:
    text = node.text if isinstance(node, Scalar) else ""
    try:
        return {"expiry": RULES["expiry"].plain(text)}
    except ValueError:
        instead = f", not '{text[:60]}'" if text else ""
        faults.add(node.line, f"Here must be {EXPIRIES}{instead}.")
        return {}


def _coupon(node: MarkupNode, faults: FileFaults) -> dict[str, Any]:
    if is_none(node):
        return {"no_coupon": True}
    found = read_fields(node, ("rule", "prefix", "expires"), faults)
    rule = read_key(found, "rule", read_text, faults) if "rule" in found else None
    prefix = read_key(found, "prefix", _prefix, faults) if "prefix" in found else None
    expires = read_key(found, "expires", _days, faults) if "expires" in found else None
    if not rule:
        faults.add(node.line, "A coupon needs a 'rule', the name of a sales rule; or say 'none'.")
        return {}
    return {"coupon": CouponEntry(rule, prefix, expires)}


def _prefix(node: MarkupNode, faults: FileFaults) -> str | None:
    """Return a prefix; whether it is allowed depends on the step's present one, checked later."""
    text = read_text(node, faults)
    if text is not None and len(text) > _LONGEST_PREFIX:
        faults.add(node.line, f"Here must be at most {_LONGEST_PREFIX} characters.")
        return None
    return text.upper() if text and PREFIX.fullmatch(text) else text


def _days(node: MarkupNode, faults: FileFaults) -> int | None:
    text = node.text.strip().lower() if isinstance(node, Scalar) else ""
    days, weeks = _DAYS.fullmatch(text), _WEEKS.fullmatch(text)
    count = int(days[1]) if days else 7 * int(weeks[1]) if weeks else 0
    if not 1 <= count <= _MOST_DAYS:
        faults.add(node.line, f"Here must be whole days, such as '7 days', up to {_MOST_DAYS:,}.")
        return None
    return count


# By key: how a step's value is read, in the terms of `StepEntry`.
_READERS: Mapping[str, Callable[[MarkupNode, FileFaults], dict[str, Any]]] = {
    "after": lambda node, faults: {"delay_minutes": read_delay(node, faults)},
    "trigger": lambda node, faults: {"trigger": read_choice(node, Trigger, faults)},
    "active": lambda node, faults: {"active": read_switch(node, faults)},
    "coupon": _coupon,
    "max sends": lambda node, faults: {"max_sends": read_count(node, faults)},
    "repeat": _repeat,
    "expiry": _expiry,
}
