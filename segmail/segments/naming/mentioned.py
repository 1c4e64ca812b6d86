"""What the value of a condition refers to: another segment, a category, a product, a choice.

Maho stores ids, which mean nothing in another shop; files and people use names.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from segmail.segments.conditions.tree import Leaf

# Attributes that exist in files only: their values are names where the stored value has ids.
BY_NAME: Mapping[str, str] = {"category": "category_id", "product": "product_id"}

_WITH_PRODUCTS = ("order_items", "cart_items", "product_viewed", "product_wishlist")
_PAIRS: Mapping[str, str] = {
    "days_since_viewed_category": "category_id",
    "days_since_viewed_product": "product_id",
}
_PRODUCT = "product_"
_NO_CHOICES = ("product_id", "product_name", "product_sku", "product_type")


class Mentioned(enum.Enum):
    """The kinds of things that can be mentioned, with the word for each in messages."""

    SEGMENT = "segment"
    CATEGORY = "category"
    PRODUCT = "product"
    CHOICE = "choice"


@dataclass(frozen=True)
class Reference:
    """What a condition's value refers to.

    In a pair (`42:7`) it is the part before the last colon. A choice belongs to the attribute
    `code` of `entity`, customers or products.
    """

    of: Mentioned
    is_pair: bool = False
    entity: str = ""
    code: str = ""


def reference_of(leaf: Leaf) -> Reference | None:
    """Return what a condition refers to, in a file or as it is stored; None if nothing."""
    attribute = BY_NAME.get(leaf.attribute, leaf.attribute)
    match leaf.family:
        case "segment":
            return Reference(Mentioned.SEGMENT)
        case "sequence":
            return Reference(Mentioned.SEGMENT, is_pair=True)
        case "customer_attributes":
            return Reference(Mentioned.CHOICE, entity="customer", code=leaf.attribute)
    if leaf.family not in _WITH_PRODUCTS:
        return None
    is_pair = attribute in _PAIRS
    match _PAIRS.get(attribute, attribute):
        case "category_id":
            return Reference(Mentioned.CATEGORY, is_pair=is_pair)
        case "product_id":
            return Reference(Mentioned.PRODUCT, is_pair=is_pair)
    if attribute.startswith(_PRODUCT) and attribute not in _NO_CHOICES:
        code = attribute.removeprefix(_PRODUCT)
        return Reference(Mentioned.CHOICE, entity="catalog_product", code=code)
    return None
