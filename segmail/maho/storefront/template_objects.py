"""The objects that a template sees: the customer, the store, the subscription.

Each shows its stored values and the methods named here, and nothing else of Maho or Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import get_args

from segmail.maho.customers import Customer, Subscriber
from segmail.maho.storefront.customer_name import full_name, subscriber_name
from segmail.maho.storefront.site import StoreSite
from segmail.maho.storefront.urls import BaseUrl
from segmail.templates import DataObject

Argument = str | float

NO_ADDRESSES: Mapping[str, Mapping[str, object]] = {}
_ADDRESS_METHODS = {
    "getDefaultBillingAddress": "default_billing",
    "getPrimaryBillingAddress": "default_billing",
    "getDefaultShippingAddress": "default_shipping",
    "getPrimaryShippingAddress": "default_shipping",
}


def customer_object(
    customer: Customer,
    visible: Mapping[str, bool],
    store: object,
    addresses: Mapping[str, Mapping[str, object]] = NO_ADDRESSES,
) -> DataObject:
    """Return `customer`.

    `visible` are the attributes that count for the full name, `store` is what `customer.getStore()`
    returns, `addresses` are `default_billing` and `default_shipping`, if they exist and the
    template asks for them.
    """
    data: dict[str, object] = {
        "entity_id": customer.customer_id,
        "website_id": customer.website_id,
        "store_id": customer.store_id,
        "group_id": customer.group_id,
        "email": customer.email,
        "is_active": int(customer.is_active),
        "created_at": _stored_time(customer.created_at),
        **customer.values,
    }
    methods: dict[str, Callable[..., object]] = {
        "getId": lambda: customer.customer_id,
        "getName": lambda: full_name(customer.values, visible),
        "getStore": lambda: store,
    }
    for name, kind in _ADDRESS_METHODS.items():
        address = addresses.get(kind)
        methods[name] = _answer(address_object(address)) if address else _nothing
    return DataObject(data, methods, "customer")


def _nothing() -> None:
    return None


def _answer(value: object) -> Callable[[], object]:
    return lambda: value


def address_object(address: Mapping[str, object]) -> DataObject:
    """Return an address; `country` is its code, as in Maho, and `street` has several lines."""
    lines = str(address.get("street") or "").split("\n")
    data = {**address, "country": address.get("country_id")}
    data |= {f"street{number}": line for number, line in enumerate(lines, 1)}
    return DataObject(
        data,
        {
            "getCountry": lambda: address.get("country_id"),
            "getStreetFull": lambda: "\n".join(lines),
            "getStreet1": lambda: lines[0],
            "getStreet2": lambda: lines[1] if len(lines) > 1 else None,
        },
        "address",
    )


def store_object(site: StoreSite) -> DataObject:
    """Return `store`. Its `getConfig(path)` reads only what `{{config}}` may read, too."""
    store = site.store
    data: dict[str, object] = {
        "store_id": store.store_id,
        "code": store.code,
        "name": store.name,
        "website_id": store.website_id,
        "group_id": store.group_id,
        "is_active": int(store.is_active),
    }
    group = {"group_id": store.group_id, "name": store.group_name}
    website = {"website_id": store.website_id, "name": store.website_name}
    frontend_name = _frontend_name(site)
    methods: dict[str, Callable[..., object]] = {
        "getId": lambda: store.store_id,
        "getFrontendName": lambda: frontend_name,
        "getGroup": lambda: DataObject(group, {}, "store.group"),
        "getWebsite": lambda: DataObject(website, {}, "store.website"),
        "getConfig": lambda path="": site.config(str(path)),
        "getBaseUrl": lambda kind="link", secure=0: _base_url(site, kind, secure),
        # In Maho's cron, where another store is current, a store's URL names its store.
        "getUrl": lambda route="": site.store_url(_text(route), {"_store_to_url": "1"}),
    }
    return DataObject(data, methods, "store")


def subscriber_object(
    subscriber: Subscriber,
    site: StoreSite,
    values: Mapping[str, object],
    visible: Mapping[str, bool],
) -> DataObject:
    """Return `subscriber`, whose links use `site`; `values` are the customer's attributes."""
    data: dict[str, object] = {
        "subscriber_id": subscriber.subscriber_id,
        "customer_id": subscriber.customer_id,
        "store_id": subscriber.store_id,
        "subscriber_email": subscriber.email,
        "subscriber_status": int(subscriber.status),
        "subscriber_confirm_code": subscriber.confirm_code,
    }
    methods: dict[str, Callable[..., object]] = {
        "getId": lambda: subscriber.subscriber_id,
        "getEmail": lambda: subscriber.email,
        "getCode": lambda: subscriber.confirm_code,
        "getStatus": lambda: int(subscriber.status),
        "getSubscriberFullName": lambda: subscriber_name(values, visible),
        "getUnsubscriptionLink": lambda: site.unsubscribe_url(subscriber),
        "getConfirmationLink": lambda: site.confirm_url(subscriber),
    }
    return DataObject(data, methods, "subscriber")


def _stored_time(moment: datetime | None) -> str | None:
    return moment.isoformat(" ", "seconds")[:19] if moment else None


def _frontend_name(site: StoreSite) -> str:
    told = site.sites.config.value("general/store_information/name", site.store.store_id)
    return site.store.group_name if told in (None, "", "0") else str(told)


def _base_url(site: StoreSite, kind: Argument, secure: Argument) -> str | None:
    for known in get_args(BaseUrl):
        if kind == known:
            return site.urls.base_url(known, secure=secure not in ("", "0", 0))
    return None


def _text(argument: Argument) -> str:
    return argument if isinstance(argument, str) else f"{argument:g}"
