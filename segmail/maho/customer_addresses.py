"""Customers' default addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from segmail.maho.db.value_lists import among
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction

_CODES = (
    "prefix", "firstname", "middlename", "lastname", "suffix", "company", "street", "city",
    "region", "region_id", "postcode", "country_id", "telephone", "fax", "vat_id",
)  # fmt: skip
_TYPES = ("varchar", "int", "text")

Address = Mapping[str, Any]  # by attribute code


def load_addresses(tx: Transaction, owners: Mapping[int, int]) -> dict[int, Address]:
    """Return addresses by id, with their attributes; `owners` gives each one's customer.

    A default address that is gone, or belongs to somebody else, is left out. Six statements.
    """
    sales = build_sales_tables(tx.tables.prefix)
    attribute, entity_type = tx.tables.attribute, tx.tables.entity_type
    c = sales.address.c
    query = select(c.entity_id, c.parent_id).where(among(c.entity_id, owners))
    ids = [id for id, customer_id in tx.connection.execute(query) if owners.get(id) == customer_id]
    known = tx.connection.execute(
        select(attribute.c.attribute_id, attribute.c.attribute_code, attribute.c.backend_type)
        .join_from(
            attribute, entity_type, entity_type.c.entity_type_id == attribute.c.entity_type_id
        )
        .where(
            entity_type.c.entity_type_code == "customer_address",
            attribute.c.attribute_code.in_(_CODES),
        )
    )
    codes: dict[str, dict[int, str]] = {type_: {} for type_ in _TYPES}
    for attribute_id, code, backend_type in known:
        if backend_type in codes:
            codes[backend_type][attribute_id] = code
    found: dict[int, dict[str, Any]] = {id: {} for id in ids}
    for type_, by_id in codes.items():
        v = sales.address_values[type_].c
        values = select(v.entity_id, v.attribute_id, v.value).where(
            among(v.entity_id, ids), among(v.attribute_id, by_id)
        )
        for entity_id, attribute_id, value in tx.connection.execute(values):
            found[entity_id][by_id[attribute_id]] = value
    _name_regions(tx, found.values())
    return dict(found)


def _name_regions(tx: Transaction, addresses: Collection[dict[str, Any]]) -> None:
    """Replace the region as typed by the name of the chosen region of that country, if any."""
    region = build_sales_tables(tx.tables.prefix).region.c
    ids = {address["region_id"] for address in addresses if address.get("region_id")}
    query = select(region.region_id, region.country_id, region.default_name).where(
        among(region.region_id, ids)
    )
    names: dict[int, dict[str, str]] = defaultdict(dict)
    for region_id, country_id, name in tx.connection.execute(query):
        names[region_id][country_id] = name
    for address in addresses:
        named = names.get(address.get("region_id") or 0, {}).get(address.get("country_id") or "")
        if named:
            address["region"] = named
