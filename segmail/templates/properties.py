"""Tells which CSS properties set something in common, as `margin` and `margin-top` do."""

from __future__ import annotations

import re
from functools import lru_cache

_VENDOR = re.compile(r"-(?:webkit|moz|ms|o)-")

# Names of the same thing: old ones, those of writing modes, and parts not named after a whole.
_ALIASES = {
    "word-wrap": "overflow-wrap",
    "inline-size": "width",
    "block-size": "height",
    "min-inline-size": "min-width",
    "min-block-size": "min-height",
    "max-inline-size": "max-width",
    "max-block-size": "max-height",
    "line-height": "font-line-height",
    "top": "inset-top",
    "right": "inset-right",
    "bottom": "inset-bottom",
    "left": "inset-left",
    "row-gap": "gap-row",
    "column-gap": "gap-column",
    "grid-gap": "gap",
    "grid-row-gap": "gap-row",
    "grid-column-gap": "gap-column",
    "columns": "column",
    "align-content": "place-content-align",
    "justify-content": "place-content-justify",
    "align-items": "place-items-align",
    "justify-items": "place-items-justify",
    "align-self": "place-self-align",
    "justify-self": "place-self-justify",
    "white-space": "text-wrap-white-space",
    "text-wrap": "text-wrap",
}
# Their parts are not always named after the part that they share.
_WHOLES = ("border", "grid", "flex", "mask", "margin", "padding", "inset", "scroll")
_PARTS_OF_THEIR_OWN = {"border-collapse", "border-spacing"}
_SIDES = ("-top", "-right", "-bottom", "-left")
_MEANT_FOR_SIDES = ("margin", "padding", "inset")


@lru_cache(maxsize=2_000)
def overlap(one: str, other: str) -> bool:
    """Return whether two properties set something in common."""
    if "all" in (one, other):
        return True
    one, other = _plain(one), _plain(other)
    if one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-"):
        return True
    whole = family(one)
    if whole != family(other) or whole not in _WHOLES:
        return False
    if whole in _MEANT_FOR_SIDES:
        return not (one.endswith(_SIDES) and other.endswith(_SIDES))
    return True


@lru_cache(maxsize=2_000)
def family(name: str) -> str:
    """Return a word that is the same for all related properties."""
    name = _plain(name)
    if name in _PARTS_OF_THEIR_OWN or name.startswith("--"):
        return name
    if name.startswith("border-") and name.endswith("-radius"):
        return "border-radius"
    first = name.partition("-")[0]
    if first in _WHOLES or first in ("background", "font", "list", "outline", "overflow", "gap"):
        return first
    if first in ("column", "transition", "animation"):
        return first
    return "-".join(name.split("-")[:2])


def _plain(name: str) -> str:
    name = _VENDOR.sub("", name, count=1) if name.startswith("-") else name
    return _ALIASES.get(name, name)
