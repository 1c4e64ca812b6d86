"""The conditions that segmail knows and Maho does not.

Maho drops a condition that it does not know when it loads a segment, and loses it for good when it
saves the segment. A segment with such a condition must therefore be in Maho's manual mode.
"""

from __future__ import annotations

from segmail.segments.conditions.tree import ConditionNode, Leaf, leaves

OWN_FAMILIES = frozenset({"list", "review", "segment", "sequence", "today"})
OWN_ATTRIBUTES = frozenset(
    {
        ("cart_attributes", "hours_since_updated"),
        ("cart_attributes", "minutes_since_updated"),
        ("cart_attributes", "hours_since_created"),
        ("cart_attributes", "minutes_since_created"),
        ("cart_items", "category_id"),
        ("cart_items", "product_id"),
        ("cart_items", "product_type"),  # Maho offers it, but drops it
        ("customer_attributes", "hours_since_registration"),
        ("customer_attributes", "minutes_since_registration"),
        ("customer_clv", "lifetime_sales_close_to"),
        ("order_items", "category_id"),
        ("order_items", "product_id"),
        ("product_viewed", "days_since_viewed_category"),
        ("product_viewed", "days_since_viewed_product"),
        ("product_viewed", "on_clearance"),
    }
)


# The account attributes that Maho's form offers; Maho drops conditions on any other.
MAHOS_OF_CUSTOMERS = frozenset(
    {
        "created_at",
        "days_since_registration",
        "days_until_birthday",
        "dob",
        "email",
        "firstname",
        "gender",
        "group_id",
        "lastname",
        "store_id",
    }
)


def needs_segmail(tree: ConditionNode) -> bool:
    """Return whether only segmail can refresh a segment with these conditions."""
    return any(_is_own(leaf) for leaf in leaves(tree))


def _is_own(leaf: Leaf) -> bool:
    if leaf.family == "customer_attributes":
        return leaf.attribute not in MAHOS_OF_CUSTOMERS
    return leaf.family in OWN_FAMILIES or (leaf.family, leaf.attribute) in OWN_ATTRIBUTES
