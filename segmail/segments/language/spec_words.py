"""The specification's own words for conditions, and those of Maho's form, as a file's line.

`Shopping Cart: Cart Status equals "Active"` is `cart: active = yes`; `Order: Total Orders is
greater than 1` is `lifetime: number of orders > 1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FAMILIES: Mapping[str, str] = {
    "shopping cart": "cart",
    "shopping cart item": "cart item",
    "order items": "order item",
    "newsletter subscription": "newsletter",
    "viewed products": "viewed",
    "product viewed": "viewed",
    "customer address": "address",
}
_ATTRIBUTES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("cart", "cart status"): ("cart", "active"),
    ("cart", "status"): ("cart", "active"),
    ("cart", "cart updated date"): ("cart", "updated"),
    ("cart", "updated date"): ("cart", "updated"),
    ("cart", "cart created date"): ("cart", "created"),
    ("cart", "grand total"): ("cart", "base grand total"),
    ("cart", "subtotal"): ("cart", "base subtotal"),
    ("cart", "items qty"): ("cart", "items quantity"),
    ("newsletter", "subscription status"): ("newsletter", "status"),
    ("newsletter", "newsletter subscription status"): ("newsletter", "status"),
    ("customer", "number of orders"): ("lifetime", "number of orders"),
    ("customer", "total orders"): ("lifetime", "number of orders"),
    ("customer", "lifetime sales amount"): ("lifetime", "sales"),
    ("customer", "lifetime sales"): ("lifetime", "sales"),
    ("customer", "days since last order"): ("activity", "days since last order"),
    ("customer", "days since last login"): ("activity", "days since last login"),
    ("order", "total orders"): ("lifetime", "number of orders"),
    ("order", "number of orders"): ("lifetime", "number of orders"),
    ("order", "lifetime sales amount"): ("lifetime", "sales"),
    ("lifetime", "total orders"): ("lifetime", "number of orders"),
    ("lifetime", "lifetime sales amount"): ("lifetime", "sales"),
    ("lifetime", "lifetime sales"): ("lifetime", "sales"),
}
_OPERATORS = (
    ("is greater than or equal to", ">="),
    ("is less than or equal to", "<="),
    ("equals or greater than", ">="),
    ("equals or less than", "<="),
    ("is greater than", ">"),
    ("greater than", ">"),
    ("is more than", ">"),
    ("is less than", "<"),
    ("less than", "<"),
    ("is at least", ">="),
    ("is at most", "<="),
    ("does not equal", "!="),
    ("is not equal to", "!="),
    ("is none of", "is not one of"),
    ("equals", "="),
)
_KEPT = ("is one of", "is not one of")
_AGO = re.compile(
    r"(?P<what>.+?)\s+(?:was|is)\s+(?P<n>[0-9]+) or (?P<how>more|less|fewer) "
    r"(?P<unit>minutes|hours|days) ago",
    re.IGNORECASE,
)
_MONEY = re.compile(r"\$\s?([0-9][0-9,]*(?:\.[0-9]+)?)")
_STATES = {"active": "yes", "inactive": "no", "not active": "no"}


def translated(name: str, line: str) -> tuple[str, str]:
    """Return family and line in the words of files; what is in them already stays as it is."""
    family = " ".join(name.lower().split())
    family = _FAMILIES.get(family, family)
    if found := _AGO.fullmatch(line.strip()):
        return family, _ago(family, found)
    label, operator, value = _split(line)
    if not operator:
        return family, line
    key = _ATTRIBUTES.get((family, label.lower()))
    family, label = key or (family, label)
    if (family, label) == ("cart", "active"):
        value = _STATES.get(value.strip().strip('"').lower(), value)
    if found := _MONEY.fullmatch(value.strip().strip('"')):
        value = found[1].replace(",", "")
    if operator in ("=", "!=", ">", "<", ">=", "<=") and key and value.startswith('"'):
        value = value.strip('"')
    return family, f"{label} {operator} {value}"


def _ago(family: str, found: re.Match[str]) -> str:
    """Return `Cart Updated Date was 1 or more hours ago` as `hours since updated >= 1`."""
    _, label = _ATTRIBUTES.get((family, found["what"].lower()), (family, found["what"].lower()))
    operator = ">=" if found["how"].lower() == "more" else "<="
    unit, count = found["unit"].lower(), int(found["n"])
    if family == "cart" and unit == "days":
        unit, count = "hours", 24 * count
    return f"{unit} since {label} {operator} {count}"


def _split(line: str) -> tuple[str, str, str]:
    """Return attribute, operator and value; no operator where the line has none of SPEC's."""
    for words in _KEPT:
        if f" {words} " in f" {' '.join(line.lower().split())} ":
            return line, "", ""
    if found := re.match(r"([^=!<>\"]{1,100}?)\s*(!=|>=|<=|=|>|<)\s*(.*)", line, re.DOTALL):
        return " ".join(found[1].split()), found[2], found[3]
    for words, sign in _OPERATORS:
        pattern = rf"([^\"]{{1,100}}?)\s+{words}\s+(.+)"
        if found := re.fullmatch(pattern, line.strip(), re.IGNORECASE | re.DOTALL):
            return " ".join(found[1].split()), sign, found[2]
    return line, "", ""
