"""The variables that mails' templates can use, as `segmail.delivery` provides them, without a shop.

A test compares these lists with the real variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from segmail.coupons import COUPON_VARIABLES


@dataclass(frozen=True)
class TemplateObject:
    """An object: its data keys, and its methods in lower case with the objects they return.

    `is_open` says that it may have other members, too.
    """

    name: str
    keys: frozenset[str] = frozenset()
    methods: Mapping[str, TemplateObject | None] = field(default_factory=dict)
    is_open: bool = False


# A variable's object; None if the variable is a single value.
Known: TypeAlias = Mapping[str, TemplateObject | None]

ANY_OBJECT = TemplateObject("value", is_open=True)  # a parameter that is known only when rendering

SHOP_VALUES = frozenset(
    {
        "logo_url",
        "logo_alt",
        "logo_width",
        "logo_height",
        "phone",
        "store_phone",
        "store_hours",
        "store_email",
        "non_inline_styles",
    }
)

_CUSTOMER_VALUES = frozenset(
    {
        "customer_name",
        "customer_firstname",
        "customer_lastname",
        "customer_email",
        "segment_name",
        "step_number",
        "email",
        "name",
    }
)

_GROUP = TemplateObject("store.group", frozenset({"group_id", "name"}))
_WEBSITE = TemplateObject("store.website", frozenset({"website_id", "name"}))

STORE = TemplateObject(
    "store",
    frozenset({"store_id", "code", "name", "website_id", "group_id", "is_active"}),
    {
        "getid": None,
        "getfrontendname": None,
        "getgroup": _GROUP,
        "getwebsite": _WEBSITE,
        "getconfig": None,
        "getbaseurl": None,
        "geturl": None,
    },
)

SUBSCRIBER = TemplateObject(
    "subscriber",
    frozenset(
        {
            "subscriber_id",
            "customer_id",
            "store_id",
            "subscriber_email",
            "subscriber_status",
            "subscriber_confirm_code",
        }
    ),
    {
        "getid": None,
        "getemail": None,
        "getcode": None,
        "getstatus": None,
        "getsubscriberfullname": None,
        "getunsubscriptionlink": None,
        "getconfirmationlink": None,
    },
)

THIS = TemplateObject(
    "this",
    frozenset(
        {
            "template_id",
            "template_code",
            "template_type",
            "template_subject",
            "template_styles",
            "template_sender_name",
            "template_sender_email",
        }
    ),
    {"getid": None},
)
THIS_INCLUDED = TemplateObject("this", frozenset({"template_code", "template_text"}))


def _twins(*names: str) -> dict[str, TemplateObject | None]:
    return {f"get{name}{form}": None for name in names for form in ("html", "text")}


CART = TemplateObject(
    "cart",
    frozenset(
        {
            "items_count",
            "items_qty",
            "subtotal",
            "grand_total",
            "url",
            "updated_at",
            "first_item_name",
        }
    ),
    _twins("items"),
)
ORDER = TemplateObject(
    "order",
    frozenset(
        {"increment_id", "status_label", "grand_total", "created_at", "url", "tracking_numbers"}
    ),
    _twins("items"),
)
PRODUCTS = TemplateObject(
    "products",
    methods=_twins("viewed", "clearance", "bestsellers", "crosssells", "wishlist"),
)
LOYALTY = TemplateObject("loyalty", frozenset({"lifetime_sales", "next_tier", "missing"}))
ADDRESS = TemplateObject(
    "address",
    frozenset(
        {
            "prefix",
            "firstname",
            "middlename",
            "lastname",
            "suffix",
            "company",
            "street",
            "street1",
            "street2",
            "city",
            "region",
            "region_id",
            "postcode",
            "country",
            "country_id",
            "telephone",
            "fax",
            "vat_id",
        }
    ),
    dict.fromkeys(("getcountry", "getstreetfull", "getstreet1", "getstreet2")),
)

ACCOUNT_KEYS = frozenset(
    {
        "entity_id",
        "website_id",
        "store_id",
        "group_id",
        "email",
        "is_active",
        "created_at",
        "updated_at",
        "increment_id",
    }
)
_CUSTOMER_METHODS: Mapping[str, TemplateObject | None] = {
    "getid": None,
    "getname": None,
    "getstore": STORE,
    "getdefaultbillingaddress": ADDRESS,
    "getdefaultshippingaddress": ADDRESS,
    "getprimarybillingaddress": ADDRESS,
    "getprimaryshippingaddress": ADDRESS,
}


def mail_objects(attributes: Iterable[str] | None) -> dict[str, TemplateObject | None]:
    """Return every variable of a mail; `attributes` are the customers' (None: unknown)."""
    keys = ACCOUNT_KEYS | frozenset(attributes or ())
    return {
        **dict.fromkeys(_CUSTOMER_VALUES | SHOP_VALUES | COUPON_VARIABLES),
        "customer": TemplateObject("customer", keys, _CUSTOMER_METHODS, is_open=attributes is None),
        "store": STORE,
        "subscriber": SUBSCRIBER,
        "this": THIS,
        "cart": CART,
        "order": ORDER,
        "products": PRODUCTS,
        "loyalty": LOYALTY,
    }
