"""The labels of conditions in a file: each of Maho's codes has one, and each label one code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segmail.segments.language.spec_words import means_another

_PRODUCT_ATTRIBUTE = re.compile(r"product_[a-z0-9_]+")
_CUSTOMER_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]*")
_YES_NO = {"0": "no", "1": "yes"}
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_OF_OPERATORS = frozenset(
    {"contains", "does", "is", "equals", "greater", "more", "less"}
)  # words that end a label in a line


@dataclass(frozen=True)
class Family:
    """A family's name in a file, its attributes' codes by label, and the names of their values.

    With `products`, every product attribute belongs to the family and is written by its code; with
    `shops_own`, so does every customer attribute that a shop has added.
    """

    type: str
    codes: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    products: bool = False
    shops_own: bool = False

    def code(self, label: str) -> str | None:
        """Return the attribute with this label; None if there is none."""
        if label in self.codes:
            return self.codes[label]
        if self.products and _PRODUCT_ATTRIBUTE.fullmatch(label):
            return label
        code = label.replace(" ", "_")
        return code if self.shops_own and _CUSTOMER_ATTRIBUTE.fullmatch(code) else None

    def label(self, code: str) -> str | None:
        """Return the attribute's label; None if the family has no such attribute."""
        found = next((label for label, known in self.codes.items() if known == code), None)
        if found is None and self.products and _PRODUCT_ATTRIBUTE.fullmatch(code):
            return code
        if found is None and self.shops_own and _CUSTOMER_ATTRIBUTE.fullmatch(code):
            return self._with_spaces(code)
        return found

    def _with_spaces(self, code: str) -> str:
        """Return a shop's code as words, unless a line with them would mean something else."""
        words = code.replace("_", " ")
        is_same = self.code(" ".join(words.split())) == code
        misread = _OF_OPERATORS.intersection(words.split()) or means_another("customer", words)
        return words if is_same and not misread else code


def _numbered(words: Sequence[str]) -> Mapping[str, str]:
    """Return words by their number, counted from 1."""
    return {str(number): word for number, word in enumerate(words, start=1)}


def _family(
    type_: str,
    *codes: str,
    values: Mapping[str, Mapping[str, str]] | None = None,
    products: bool = False,
    shops_own: bool = False,
    **renamed: str,
) -> Family:
    """Return a family whose labels are its codes with spaces; `renamed` are labels that differ."""
    labels = {code.replace("_", " "): code for code in codes}
    labels |= {label: code for code, label in renamed.items()}
    return Family(type_, labels, values or {}, products, shops_own)


FAMILIES: Mapping[str, Family] = {
    "customer": _family(
        "customer_attributes",
        "email",
        "gender",
        "days_since_registration",
        "hours_since_registration",
        "minutes_since_registration",
        "days_until_birthday",
        firstname="first name",
        lastname="last name",
        dob="date of birth",
        created_at="customer since",
        group_id="group id",
        store_id="store id",
        shops_own=True,
    ),
    "address": _family(
        "customer_address",
        "company",
        "street",
        "city",
        "postcode",
        "telephone",
        "region",
        firstname="first name",
        lastname="last name",
        country_id="country",
    ),
    "newsletter": _family(
        "customer_newsletter",
        subscriber_status="status",
        change_status_at="status changed",
        values={
            "subscriber_status": {
                "1": "subscribed",
                "2": "not active",
                "3": "unsubscribed",
                "4": "unconfirmed",
            }
        },
    ),
    "activity": _family(
        "customer_timebased",
        "days_since_last_login",
        "days_since_last_order",
        "days_since_first_order",
        "days_inactive",
        "days_without_purchase",
        order_frequency_days="average days between orders",
    ),
    "lifetime": _family(
        "customer_clv",
        "number_of_orders",
        "average_order_value",
        lifetime_sales="sales",
        lifetime_sales_close_to="sales close to",
        lifetime_profit="profit",
        lifetime_refunds="refunds",
    ),
    "order": _family(
        "order_attributes",
        "total_amount",
        "grand_total",
        "subtotal",
        "tax_amount",
        "shipping_amount",
        "discount_amount",
        "status",
        "coupon_code",
        "shipping_method",
        "payment_method",
        "days_since_last_order",
        "average_order_amount",
        "total_ordered_amount",
        total_qty="total quantity",
        created_at="created",
        updated_at="updated",
        store_id="store id",
        currency_code="currency",
    ),
    "order item": _family(
        "order_items",
        "product_name",
        "product_sku",
        "product_type",
        "row_total",
        "row_total_incl_tax",
        "discount_amount",
        "category",
        "category_id",
        "product",
        "product_id",
        qty_ordered="quantity",
        products=True,
    ),
    "cart": _family(
        "cart_attributes",
        "items_count",
        "base_subtotal",
        "base_grand_total",
        "applied_rule_ids",
        "coupon_code",
        "hours_since_updated",
        "minutes_since_updated",
        "hours_since_created",
        "minutes_since_created",
        is_active="active",
        items_qty="items quantity",
        created_at="created",
        updated_at="updated",
        store_id="store id",
        values={"is_active": _YES_NO},
    ),
    "cart item": _family(
        "cart_items",
        "price",
        "base_price",
        "row_total",
        "base_row_total",
        "product_name",
        "product_sku",
        "product_type",
        "category",
        "category_id",
        "product",
        "product_id",
        qty="quantity",
        created_at="created",
        updated_at="updated",
        products=True,
    ),
    "viewed": _family(
        "product_viewed",
        "view_count",
        "days_since_last_view",
        "product",
        "product_id",
        "product_name",
        "product_sku",
        "category",
        "category_id",
        "on_clearance",
        "days_since_viewed_product",
        "days_since_viewed_category",
        last_viewed_at="last viewed",
        values={"on_clearance": _YES_NO},
    ),
    "wishlist": _family(
        "product_wishlist",
        "days_since_added",
        "product",
        "product_id",
        "product_name",
        "product_sku",
        "category",
        "category_id",
        wishlist_items_count="items count",
        wishlist_shared="shared",
        added_at="added",
        values={"wishlist_shared": _YES_NO},
    ),
    "review": _family("review", "rating", "days_since", "count"),
    "segment": _family("segment", "member_of"),
    "sequence": _family("sequence", "finished", "days_since_finished", "running"),
    "today": _family(
        "today",
        "month",
        "day",
        "weekday",
        "date",
        values={"month": _numbered(_MONTHS), "weekday": _numbered(_WEEKDAYS)},
    ),
    "list": _family("list", customer_id="customer id"),
}

BY_TYPE: Mapping[str, tuple[str, Family]] = {
    family.type: (name, family) for name, family in FAMILIES.items()
}
