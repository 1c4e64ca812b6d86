"""Customers with the attributes that are asked for, and their newsletter subscriptions."""

from __future__ import annotations

import enum
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from sqlalchemy import func, select

from segmail.maho.db.value_lists import among
from segmail.maho.schema.tables import EAV_TYPES
from segmail.maho.schema.transaction import Transaction

_COLUMNS = ("increment_id", "updated_at")  # of customer_entity, for templates only
_PAGE = 50_000  # addresses read at a time
NAME_ATTRIBUTES = ("prefix", "firstname", "middlename", "lastname", "suffix")


class SubscriberStatus(enum.IntEnum):
    """`newsletter_subscriber.subscriber_status`; a number that Maho does not define is UNKNOWN."""

    UNKNOWN = 0
    SUBSCRIBED = 1
    NOT_ACTIVE = 2
    UNSUBSCRIBED = 3
    UNCONFIRMED = 4

    @classmethod
    def _missing_(cls, value: object) -> SubscriberStatus:
        return cls.UNKNOWN


@dataclass(frozen=True)
class CustomerAttribute:
    """A customer attribute and where its values are stored."""

    attribute_id: int
    code: str
    backend_type: str  # the value table's name ends in it; static: a column of customer_entity
    is_visible: bool


@dataclass(frozen=True)
class CustomerAttributes:
    """Every attribute of customers, by code."""

    by_code: Mapping[str, CustomerAttribute]

    @classmethod
    def load(cls, tx: Transaction) -> CustomerAttributes:
        """Read the attributes with one statement."""
        attribute, entity_type, shown = (
            tx.tables.attribute,
            tx.tables.entity_type,
            tx.tables.customer_attribute,
        )
        rows = tx.connection.execute(
            select(
                attribute.c.attribute_id,
                attribute.c.attribute_code,
                attribute.c.backend_type,
                shown.c.is_visible,
            )
            .join_from(
                attribute, entity_type, entity_type.c.entity_type_id == attribute.c.entity_type_id
            )
            .outerjoin(shown, shown.c.attribute_id == attribute.c.attribute_id)
            .where(entity_type.c.entity_type_code == "customer")
        )
        return cls({row[1]: CustomerAttribute(*row[:3], is_visible=bool(row[3])) for row in rows})

    @cached_property
    def visible(self) -> Mapping[str, bool]:
        """Whether each attribute is shown, as `names.full_name` needs it."""
        return {code: attribute.is_visible for code, attribute in self.by_code.items()}


@dataclass(frozen=True)
class Customer:
    """A customer account; `values` are the attributes that were asked for, as Maho stores them."""

    customer_id: int
    website_id: int | None
    store_id: int | None
    group_id: int
    email: str
    is_active: bool
    created_at: datetime | None  # UTC
    values: Mapping[str, object]


@dataclass(frozen=True)
class Subscriber:
    """A newsletter subscription."""

    subscriber_id: int
    customer_id: int
    store_id: int | None
    email: str
    status: SubscriberStatus
    confirm_code: str | None


class RefusedAddresses:
    """The addresses that unsubscribed, each in its store, whichever account the subscription is of.

    They are kept as sorted eight-byte numbers: a shop may have a million of them.
    """

    def __init__(self, keys: array[int], mark: tuple[object, ...]) -> None:
        self._keys = keys
        self._mark = mark

    @classmethod
    def load(cls, tx: Transaction, known: RefusedAddresses | None = None) -> RefusedAddresses:
        """Read them with one statement if `known` is still right, otherwise with a few more."""
        s = tx.tables.subscriber.c
        unsubscribed = s.subscriber_status == SubscriberStatus.UNSUBSCRIBED.value
        marks = select(
            func.count(),
            func.sum(s.subscriber_id),
            func.sum(s.store_id),
            func.sum(func.length(s.subscriber_email)),
        ).where(unsubscribed)
        mark = tuple(tx.connection.execute(marks).one())
        if known is not None and known._mark == mark:
            return known
        keys = array("q")
        last = 0
        while mark[0]:
            page = tx.connection.execute(
                select(s.subscriber_id, s.store_id, s.subscriber_email)
                .where(unsubscribed, s.subscriber_id > last)
                .order_by(s.subscriber_id)
                .limit(_PAGE)
            ).all()
            keys.extend(_address_key(store_id, email or "") for _, store_id, email in page)
            if len(page) < _PAGE:
                break
            last = page[-1][0]
        return cls(array("q", sorted(keys)), mark)

    def has(self, store_id: int | None, email: str) -> bool:
        """Return whether an address has unsubscribed in a store."""
        key = _address_key(store_id, email)
        place = bisect_left(self._keys, key)
        return place < len(self._keys) and self._keys[place] == key


def _address_key(store_id: int | None, email: str) -> int:
    """Return a number for an address; of a million, two share one in one of ten million shops."""
    return hash((store_id, email.strip().casefold()))


def load_customers(
    tx: Transaction,
    ids: Collection[int],
    codes: Collection[str],
    attributes: CustomerAttributes | None,
) -> dict[int, Customer]:
    """Return the customers that exist, by id, with the values of the attributes `codes`.

    The parts of the name are always included. Takes one statement for the accounts and one for each
    value table that is needed, for every thousand customers. Without `attributes`, only the
    accounts are read.
    """
    wanted = (
        []
        if attributes is None
        else [
            attributes.by_code[code]
            for code in {*NAME_ATTRIBUTES, *codes}
            if code in attributes.by_code
        ]
    )
    c = tx.tables.customer.c
    others = [code for code in _COLUMNS if code in codes]
    columns = (c.entity_id, c.website_id, c.store_id, c.group_id, c.email, c.is_active,
               c.created_at, *(c[code] for code in others))  # fmt: skip
    found: dict[int, Customer] = {}
    for some in _batches(ids):
        values = _values(tx, some, wanted)
        chosen = select(*columns).where(among(c.entity_id, some))
        for row in tx.connection.execute(chosen).all():
            # Taken apart: a value costs ten times as much by its name.
            id, website_id, store_id, group_id, email, is_active, created_at, *more = row
            stored = dict(zip(others, map(_as_stored, more), strict=True)) | values[id]
            found[id] = Customer(
                id, website_id, store_id, group_id, email or "", bool(is_active), created_at, stored
            )
    return found


def load_subscribers(tx: Transaction, customer_ids: Collection[int]) -> dict[int, Subscriber]:
    """Return, for each customer who has one, the subscription that decides.

    Maho allows several. The one with the account's own address decides, else a subscribed one, else
    the oldest: Maho itself takes whichever comes first.
    """
    subscriber, customer = tx.tables.subscriber, tx.tables.customer
    s = subscriber.c
    best: dict[int, tuple[tuple[bool, bool, int], Subscriber]] = {}
    for some in _batches(customer_ids):
        query = (
            select(s.subscriber_id, s.customer_id, s.store_id, s.subscriber_email,
                   s.subscriber_status, s.subscriber_confirm_code, customer.c.email)
            .join_from(subscriber, customer, customer.c.entity_id == s.customer_id)
            .where(among(s.customer_id, some))
        )  # fmt: skip
        for row in tx.connection.execute(query).all():
            id, customer_id, store_id, email, status, code, own = row
            status = SubscriberStatus(status)
            found = Subscriber(id, customer_id, store_id, email or "", status, code)
            # The lowest decides: own address, then subscribed, then oldest.
            rank = (
                found.email.casefold() != (own or "").casefold(),
                status is not SubscriberStatus.SUBSCRIBED,
                id,
            )
            if customer_id not in best or rank < best[customer_id][0]:
                best[customer_id] = rank, found
    return {customer_id: found for customer_id, (_, found) in best.items()}


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    return (ordered[start : start + 1000] for start in range(0, len(ordered), 1000))


def _values(
    tx: Transaction,
    ids: Collection[int],
    wanted: Iterable[CustomerAttribute],
) -> Mapping[int, dict[str, object]]:
    codes: dict[str, dict[int, str]] = defaultdict(dict)
    for attribute in wanted:
        if attribute.backend_type in EAV_TYPES:
            codes[attribute.backend_type][attribute.attribute_id] = attribute.code
    found: dict[int, dict[str, object]] = defaultdict(dict)
    for type_, by_id in codes.items():
        table = tx.tables.customer_values[type_]
        rows = tx.connection.execute(
            select(table.c.entity_id, table.c.attribute_id, table.c.value).where(
                among(table.c.entity_id, ids), table.c.attribute_id.in_(by_id)
            )
        )
        for entity_id, attribute_id, value in rows.all():
            found[entity_id][by_id[attribute_id]] = _as_stored(value)
    return found


def _as_stored(value: object) -> object:
    """Return a value as Maho reads it: dates and decimals are text there."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value) if isinstance(value, Decimal) else value
