"""How long customers can stay in a segment, as far as its conditions tell.

Customers who are in a segment because something happened recently leave it as time passes, unless
it happens again. Steps with a longer delay are then never sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from segmail.segments.conditions.tree import Combine, ConditionNode, Leaf

NO_COUPON = "its goal is an order with its coupon, but none of its steps makes one"

_SINCE = re.compile(r"(minutes|hours|days)_(since_.+|until_.+|inactive|without_purchase)")
_UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
_CARTS = ("cart_attributes", "cart_items")
_CART_AGE = re.compile(r"(minutes|hours)_since_(updated|created)")
_CART_DATES = ("created_at", "updated_at")


@dataclass(frozen=True)
class _Span:
    """The lower and upper bound of an age; None if there is no bound on that side."""

    low: timedelta | None
    high: timedelta | None


def longest_stay(node: ConditionNode) -> timedelta | None:
    """Return how long customers can stay in such a segment at most; None: perhaps for ever.

    Combinations that must be FALSE are ignored.
    """
    if isinstance(node, Leaf):
        span = _span(node)
        return None if span is None or span.high is None else span.high - (span.low or timedelta())
    if not node.expects or not node.children:
        return None
    if not node.every:
        stays = [longest_stay(child) for child in node.children]
        known = [stay for stay in stays if stay is not None]
        return max(known) if len(known) == len(stays) else None
    known = [stay for child in node.children if (stay := longest_stay(child)) is not None]
    return min([*known, *_between(node)], default=None)


def has_ageless_cart(node: ConditionNode) -> bool:
    """Return whether the conditions ask for a cart but do not limit its age."""
    wanted = list(_wanted(node))
    carts = [leaf for leaf in wanted if leaf.family in _CARTS and not _is_no(leaf)]
    return bool(carts) and not any(_limits_cart(leaf) for leaf in wanted)


def stay_oddities(
    tree: Combine, steps: Sequence[tuple[str, timedelta]], *, stops_on_exit: bool
) -> list[str]:
    """Return, in sentences, what the passing of time does to a segment and its active enter steps.

    `steps` are the steps' names and delays.
    """
    told = []
    if has_ageless_cart(tree):
        told.append(
            "its conditions match carts of any age, years old ones too; add an upper age, such as "
            "'cart: hours since updated <= 72'"
        )
    stay = longest_stay(tree) if stops_on_exit else None
    for name, delay in steps if stay is not None else ():
        if stay is not None and delay >= stay:
            told.append(
                f"{name} is sent after {_words(delay)}, but customers stay for {_words(stay)} at "
                "most, so it is never sent; let the policy 'on exit' be 'continue', or shorten it"
            )
    return told


def _between(node: Combine) -> Iterator[timedelta]:
    """Yield the time between two bounds of the same age that are side by side."""
    spans: dict[tuple[str, str], list[_Span]] = {}
    for leaf in node.children:
        if isinstance(leaf, Leaf) and (span := _span(leaf)) is not None:
            what = leaf.attribute.partition("_")[2]
            spans.setdefault((leaf.family, what), []).append(span)
    for found in spans.values():
        highs = [span.high for span in found if span.high is not None]
        lows = [span.low for span in found if span.low is not None]
        if highs:
            yield max(min(highs) - max(lows, default=timedelta()), timedelta())


def _span(leaf: Leaf) -> _Span | None:
    found = _SINCE.fullmatch(leaf.attribute)
    value = leaf.value.rpartition(":")[2].strip() if isinstance(leaf.value, str) else ""
    if found is None or not re.fullmatch(r"[0-9]{1,7}", value):
        return None
    unit = _UNITS[found[1]]
    at, after = int(value) * unit, (int(value) + 1) * unit
    match leaf.operator:
        case "<":
            return _Span(None, at)
        case "<=":
            return _Span(None, after)
        case "==" | "=" | "":
            return _Span(at, after)
        case ">=":
            return _Span(at, None)
        case ">":
            return _Span(after, None)
    return None


def _wanted(node: ConditionNode) -> Iterator[Leaf]:
    """Yield the conditions that are not below a combination that must be FALSE."""
    if isinstance(node, Leaf):
        yield node
    elif node.expects:
        for child in node.children:
            yield from _wanted(child)


def _is_no(leaf: Leaf) -> bool:
    return leaf.attribute == "is_active" and leaf.value in ("0", ("0",))


def _limits_cart(leaf: Leaf) -> bool:
    if leaf.family not in _CARTS:
        return False
    if _CART_AGE.fullmatch(leaf.attribute):
        return leaf.operator in ("<", "<=", "==", "=", "")
    return leaf.attribute in _CART_DATES and leaf.operator in (">", ">=", "==", "=", "")


def _words(time: timedelta) -> str:
    days, rest = time.days, time.seconds
    parts = (
        (days, "day" if days == 1 else "days"),
        (rest // 3600, "h"),
        (rest % 3600 // 60, "min"),
    )
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"
