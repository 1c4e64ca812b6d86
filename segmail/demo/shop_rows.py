"""The demo shop itself as rows: websites, stores, settings, customers, subscribers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from segmail.demo.customer_actions import Act
from segmail.demo.people import PEOPLE, Person
from segmail.demo.seed import NOW, STORES, StoreSeed
from segmail.demo.seed_rows import Rows, id_in
from segmail.maho.schema.tables import Tables

CUSTOMER_GROUP = 1

_CUSTOMER_TYPE = 1
_FIRST_NAME, _LAST_NAME, _BIRTHDAY = 1, 2, 3
_ATTRIBUTES = {
    "firstname": "varchar",
    "lastname": "varchar",
    "dob": "datetime",
    "email": "static",
    "group_id": "static",
    "store_id": "static",
    "website_id": "static",
    "created_at": "static",
}


def shop_rows(tables: Tables) -> Rows:
    """Return the rows of everything but the automation."""
    return [*store_rows(tables), (tables.config, setting_rows()), *_customer_rows(tables)]


def email(person: Person) -> str:
    """Return a customer's invented address, in a domain that nobody can own."""
    name = f"{person.first}.{person.last}".lower()
    plain = name.translate(str.maketrans("áòëö", "aoeo", "' "))
    return f"{plain}@mail.example"


def store_rows(t: Tables) -> Rows:
    """Return the rows of websites, stores and the customer group."""
    admin = {"store_id": 0, "code": "admin", "website_id": 0, "group_id": 0, "name": "Admin"}
    return [
        (t.website, [_website(0, "admin", "Admin"), *map(_website_of, STORES)]),
        (t.store_group, [_group(0, "Default"), *map(_group_of, STORES)]),
        (t.store, [{**admin, "is_active": 1}, *map(_store, STORES)]),
        (
            t.customer_group,
            [{"customer_group_id": CUSTOMER_GROUP, "customer_group_code": "General"}],
        ),
    ]


def _website(id: int, code: str, name: str) -> dict[str, Any]:
    return {
        "website_id": id,
        "code": code,
        "name": name,
        "default_group_id": id,
        "is_default": int(id == 1),
    }


def _website_of(store: StoreSeed) -> dict[str, Any]:
    return _website(id_in(STORES, store), store.code, store.name)


def _group(id: int, name: str) -> dict[str, Any]:
    return {"group_id": id, "website_id": id, "name": name, "default_store_id": id}


def _group_of(store: StoreSeed) -> dict[str, Any]:
    return _group(id_in(STORES, store), store.name)


def _store(store: StoreSeed) -> dict[str, Any]:
    id = id_in(STORES, store)
    return {
        "store_id": id,
        "code": store.code,
        "website_id": id,
        "group_id": id,
        "name": store.name,
        "is_active": 1,
    }


def setting_rows() -> list[dict[str, Any]]:
    """Return the stores' settings: addresses, languages, clocks, currencies."""
    prices_by_website = {
        "scope": "default",
        "scope_id": 0,
        "path": "catalog/price/scope",
        "value": "1",
    }
    return [
        prices_by_website,
        *(
            {"scope": "websites", "scope_id": id_in(STORES, store), "path": path, "value": value}
            for store in STORES
            for path, value in _settings_of(store).items()
        ),
    ]


def _settings_of(store: StoreSeed) -> dict[str, str]:
    return {
        "web/unsecure/base_url": store.url,
        "web/secure/base_url": store.url,
        "general/store_information/name": store.name,
        "general/locale/code": store.locale,
        "general/locale/timezone": store.timezone,
        "currency/options/base": store.currency,
        "currency/options/default": store.currency,
        "currency/options/allow": store.currency,
    }


def _customer_rows(t: Tables) -> Rows:
    people = list(enumerate(PEOPLE, start=1))
    return [
        (
            t.entity_type,
            [
                {
                    "entity_type_id": _CUSTOMER_TYPE,
                    "entity_type_code": "customer",
                    "entity_model": "customer/customer",
                }
            ],
        ),
        (t.attribute, _attributes()),
        (
            t.customer_attribute,
            [{"attribute_id": id, "is_visible": 1} for id, _ in enumerate(_ATTRIBUTES, start=1)],
        ),
        (t.customer, [_customer(id, person) for id, person in people]),
        (
            t.customer_values["varchar"],
            [row for id, person in people for row in _names(id, person)],
        ),
        (
            t.customer_values["datetime"],
            [row for id, person in people for row in _birthdays(id, person)],
        ),
        (t.subscriber, [_subscriber(id, person) for id, person in people if person.status]),
    ]


def _attributes() -> list[dict[str, Any]]:
    return [
        {
            "attribute_id": id,
            "entity_type_id": _CUSTOMER_TYPE,
            "attribute_code": code,
            "backend_type": backend,
        }
        for id, (code, backend) in enumerate(_ATTRIBUTES.items(), start=1)
    ]


def _customer(id: int, person: Person) -> dict[str, Any]:
    created_at = _registered_at(person)
    return {
        "entity_id": id,
        "entity_type_id": _CUSTOMER_TYPE,
        "website_id": id_in(STORES, person.store),
        "store_id": id_in(STORES, person.store),
        "group_id": CUSTOMER_GROUP,
        "email": email(person),
        "is_active": 1,
        "created_at": created_at,
        "updated_at": created_at,
    }


def _registered_at(person: Person) -> datetime:
    registered = [deed.at for deed in person.deeds if deed.act is Act.REGISTER]
    return min(registered or [NOW - timedelta(days=300), *(deed.at for deed in person.deeds)])


def _names(id: int, person: Person) -> list[dict[str, Any]]:
    return [_value(id, _FIRST_NAME, person.first), _value(id, _LAST_NAME, person.last)]


def _birthdays(id: int, person: Person) -> list[dict[str, Any]]:
    days = [deed.at for deed in person.deeds if deed.act is Act.HAVE_BIRTHDAY]
    born = [day + relativedelta(years=-30 - id, hour=0, minute=0) for day in days]
    return [_value(id, _BIRTHDAY, day) for day in born]


def _value(id: int, attribute_id: int, value: object) -> dict[str, Any]:
    return {
        "entity_type_id": _CUSTOMER_TYPE,
        "attribute_id": attribute_id,
        "entity_id": id,
        "value": value,
    }


def _subscriber(id: int, person: Person) -> dict[str, Any]:
    return {
        "customer_id": id,
        "store_id": id_in(STORES, person.store),
        "subscriber_email": email(person),
        "subscriber_status": person.status,
        "subscriber_confirm_code": f"demo{id:04d}",
        "change_status_at": NOW - timedelta(days=120),
    }
