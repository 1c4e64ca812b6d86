"""Reads the sales rules of a campaign file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from segmail.campaigns.entry import Discount, FileFaults, RuleEntry
from segmail.campaigns.fields import (
    is_none,
    read_count,
    read_day,
    read_fields,
    read_groups,
    read_key,
    read_mentions,
    read_name,
    read_switch,
    read_text,
)
from segmail.campaigns.markup import MarkupNode, Scalar

_LONGEST_NAME = 255
_DISCOUNT = re.compile(r"(?P<amount>[0-9]{1,8}(\.[0-9]{1,4})?)\s*(?P<unit>%|per item|)")
_ACTIONS = {"%": "by_percent", "": "cart_fixed", "per item": "by_fixed"}
UNITS = {action: unit for unit, action in _ACTIONS.items()}
NO_DISCOUNT = Discount("by_percent", Decimal(0))


def read_rule(node: MarkupNode, faults: FileFaults) -> RuleEntry | None:
    """Return a sales rule as far as it can be read; None if it has no name."""
    found = read_fields(node, ("name", *_READERS), faults)
    name = read_name("sales rule", node, found.get("name"), faults, longest=_LONGEST_NAME)
    if name is None:
        return None
    values = {
        attribute: read_key(found, key, read, faults)
        for key, (attribute, read) in _READERS.items()
        if key in found
    }
    lines = {"": node.line, **{key: value.line for key, value in found.items()}}
    return RuleEntry(name, keys=frozenset(found), lines=lines, **values)


def _discount(node: MarkupNode, faults: FileFaults) -> Discount | None:
    if is_none(node):
        return NO_DISCOUNT
    found = _DISCOUNT.fullmatch(node.text.strip().lower()) if isinstance(node, Scalar) else None
    if found is None or (found["unit"] == "%" and Decimal(found["amount"]) > 100):
        what = "a discount is '10 %', '5.00' (off the cart), '5.00 per item' or 'none'"
        faults.add(node.line, f"Here must be a discount: {what}.")
        return None
    return Discount(_ACTIONS[found["unit"]], Decimal(found["amount"]))


def _day(node: MarkupNode, faults: FileFaults) -> Any:
    return None if is_none(node) else read_day(node, faults)


_READERS: Mapping[str, tuple[str, Callable[[MarkupNode, FileFaults], Any]]] = {
    "description": ("description", read_text),
    "active": ("active", read_switch),
    "discount": ("discount", _discount),
    "free shipping": ("free_shipping", read_switch),
    "websites": ("websites", read_mentions),
    "customer groups": ("groups", read_groups),
    "from": ("starts", _day),
    "to": ("ends", _day),
    "uses per customer": ("uses_per_customer", read_count),
}
