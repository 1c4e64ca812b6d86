"""Translates SPEC's own words for conditions, and those of Maho's form, into a file's line.

`Shopping Cart: Cart Status equals "Active"` is `cart: active = yes`; `Order: Total Orders is
greater than 1` is `lifetime: number of orders > 1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FAMILIES: Mapping[str, str] = {
    "shopping cart": "cart",
    "shopping cart item": "cart item",
    "shopping cart items": "cart item",
    "cart items": "cart item",
    "order items": "order item",
    "order history": "order",
    "orders": "order",
    "newsletter subscription": "newsletter",
    "viewed products": "viewed",
    "viewed product": "viewed",
    "product viewed": "viewed",
    "products viewed": "viewed",
    "wishlist items": "wishlist",
    "customer address": "address",
    "customer personal information": "customer",
    "customer time-based": "activity",
    "reviews": "review",
    "segments": "segment",
    "customer segment": "segment",
    "email sequence": "sequence",
}
_LIFETIME: Mapping[str, str] = {
    "number of orders": "number of orders",
    "total orders": "number of orders",
    "average order value": "average order value",
    "lifetime sales amount": "sales",
    "lifetime sales": "sales",
    "lifetime value": "sales",
    "lifetime profit (sales - refunds)": "profit",
    "lifetime profit": "profit",
    "lifetime refunds amount": "refunds",
    "lifetime refunds": "refunds",
}
_ACTIVITY = (
    "days since last login",
    "days since last order",
    "days since first order",
    "average days between orders",
    "days inactive",
    "days without purchase",
)
_LABELS: Mapping[str, Mapping[str, str]] = {
    "customer": {
        "customer group": "group id",
        "account created in store": "store id",
        "birthday": "date of birth",
    },
    "address": {
        "street address": "street",
        "state/province": "region",
        "state": "region",
        "zip/postal code": "postcode",
        "zip code": "postcode",
        "phone": "telephone",
    },
    "newsletter": {
        "subscription status": "status",
        "newsletter subscription status": "status",
        "status change date": "status changed",
    },
    "activity": {"days inactive (no login or order)": "days inactive"},
    "order": {
        "total items quantity": "total quantity",
        "order status": "status",
        "purchase date": "created",
        "last modified": "updated",
        "store": "store id",
    },
    "order item": {
        "quantity ordered": "quantity",
        "qty ordered": "quantity",
        "row total incl. tax": "row total incl tax",
        "sku": "product sku",
    },
    "cart": {
        "cart status": "active",
        "status": "active",
        "cart updated date": "updated",
        "updated date": "updated",
        "cart created date": "created",
        "created date": "created",
        "grand total": "base grand total",
        "cart total": "base grand total",
        "total": "base grand total",
        "subtotal": "base subtotal",
        "items qty": "items quantity",
        "store": "store id",
        "applied promotion rules": "applied rule ids",
    },
    "cart item": {
        "quantity in cart": "quantity",
        "added to cart date": "created",
        "last updated date": "updated",
        "sku": "product sku",
    },
    "viewed": {"last viewed date": "last viewed", "sku": "product sku"},
    "wishlist": {
        "wishlist items count": "items count",
        "added to wishlist date": "added",
        "wishlist shared": "shared",
        "sku": "product sku",
    },
}
_ATTRIBUTES: Mapping[tuple[str, str], tuple[str, str]] = {
    **{
        (family, said): (family, label)
        for family, labels in _LABELS.items()
        for said, label in labels.items()
    },
    **{
        (family, said): ("lifetime", label)
        for family in ("customer", "order", "lifetime")
        for said, label in _LIFETIME.items()
        if (family, said) != ("lifetime", label)
    },
    **{("customer", said): ("activity", said) for said in _ACTIVITY},
}

_OPERATORS: Mapping[str, str] = {
    "is greater than or equal to": ">=",
    "is less than or equal to": "<=",
    "equals or greater than": ">=",
    "equals or less than": "<=",
    "is greater than": ">",
    "greater than": ">",
    "is more than": ">",
    "more than": ">",
    "is less than": "<",
    "less than": "<",
    "is at least": ">=",
    "is at most": "<=",
    "does not equal": "!=",
    "is not equal to": "!=",
    "is none of": "is not one of",
    "equals": "=",
}
# The operators of files; a line whose first operator is one of these stays as it is.
_KEPT = ("does not contain", "contains", "is not one of", "is one of")
_WORDS = "|".join(
    words.replace(" ", r"\s+") for words in sorted((*_OPERATORS, *_KEPT), key=len, reverse=True)
)
_LINE = re.compile(
    r"(?P<label>[^=!<>\"]{1,100}?)"
    rf"(?:\s*(?P<sign>!=|>=|<=|=|>|<)|\s+(?P<words>{_WORDS})(?!\S))\s*(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)
_IS = re.compile(r"(?P<label>[^=!<>\"]{1,100}?)\s+is\s+(?P<value>\S.*)", re.IGNORECASE | re.DOTALL)
_AGO = re.compile(
    r"(?P<what>[^=<>!\"]+?)\s+(?:was|is)\s+(?P<n>[0-9]+) or (?P<how>more|less|fewer) "
    r"(?P<unit>minutes?|hours?|days?) ago",
    re.IGNORECASE,
)
_MONEY = re.compile(r"\$\s?([0-9][0-9,]*(?:\.[0-9]+)?)")
_STATES = {"active": "yes", "inactive": "no", "not active": "no"}

# What SPEC's use cases say in prose, by a word in them.
_PROSE: Mapping[str, str] = {
    "regist": "customer: days since registration <= 7",
    "lifetime": "lifetime: sales > 1000",
    "birthday": "customer: days until birthday = 0",
    "subscri": "newsletter: status = subscribed",
    "clearance": "viewed: on clearance = yes",
    "viewed": "viewed: category = NAME",
    "review": "review: rating = 5",
    "repeat": "lifetime: number of orders >= 2",
    "tier": "lifetime: sales close to = 1000:50",
    "region": "address: country is one of IT, CH",
    "ticket": "list: imported",
    "exit": "list: imported",
    "cart": "cart: active = yes",
    "products": "order item: category = NAME",
    "purchase": "activity: days since last order <= 30",
    "order": "lifetime: number of orders = 0",
}


def is_money(value: str) -> bool:
    """Return whether a value is an amount with a dollar sign; its number is used."""
    return _MONEY.fullmatch(value.strip()) is not None


def means_another(family: str, label: str) -> bool:
    """Return whether an attribute's label stands for another attribute in SPEC's words."""
    return (family, label) in _ATTRIBUTES


def of_family(text: str) -> tuple[str, str] | None:
    """Return family and line for SPEC's words without a family; None for other text.

    Examples: `Number of orders equals 0`, `Newsletter subscription status is "Subscribed"`.
    """
    found = _LINE.fullmatch(text.strip()) or _IS.fullmatch(text.strip())
    label = " ".join(found["label"].lower().split()) if found else ""
    families = [family for family, said in _ATTRIBUTES if said == label]
    keys = {_ATTRIBUTES[family, label] for family in families}
    return (families[0], text.strip()) if len(keys) == 1 else None


def prose_hint(text: str) -> str | None:
    """Return the condition that a sentence of SPEC's use cases may mean."""
    said = text.lower()
    return next((line for word, line in _PROSE.items() if word in said), None)


def translated(name: str, line: str) -> tuple[str, str]:
    """Return family and line in the words of files; text in those words stays as it is."""
    family, line = " ".join(name.lower().split()), line.strip()
    family = _FAMILIES.get(family, family)
    if found := _AGO.fullmatch(line):
        return family, _ago(family, found)
    found = _LINE.fullmatch(line)
    label = " ".join(found["label"].split()) if found else ""
    key = _ATTRIBUTES.get((family, label.lower()))
    if found is None:
        found = _IS.fullmatch(line)
        key = found and _ATTRIBUTES.get((family, " ".join(found["label"].lower().split())))
        if found is None or key is None:
            return family, line
        operator, label = "=", key[1]
    else:
        words = " ".join((found["words"] or "").lower().split())
        operator = found["sign"] or _OPERATORS.get(words, words)
    value = found["value"]
    if key is None and not is_money(value) and (found["sign"] or operator in _KEPT):
        return family, line
    return _said(*(key or (family, label)), operator, value, is_specs=key is not None)


def _said(family: str, label: str, operator: str, value: str, *, is_specs: bool) -> tuple[str, str]:
    if is_specs and value.startswith('"') and operator not in _KEPT:
        value = value.strip('"')
    if (family, label) == ("cart", "active"):
        value = _STATES.get(value.strip().strip('"').lower(), value)
    if found := _MONEY.fullmatch(value.strip()):
        value = found[1].replace(",", "")
    return family, f"{label} {operator} {value}"


def _ago(family: str, found: re.Match[str]) -> str:
    """Return `Cart Updated Date was 1 or more hours ago` as `hours since updated >= 1`."""
    _, label = _ATTRIBUTES.get((family, found["what"].lower()), (family, found["what"].lower()))
    operator = ">=" if found["how"].lower() == "more" else "<="
    unit, count = f"{found['unit'].lower().rstrip('s')}s", int(found["n"])
    if family == "cart" and unit == "days":
        unit, count = "hours", 24 * count
    return f"{unit} since {label} {operator} {count}"
