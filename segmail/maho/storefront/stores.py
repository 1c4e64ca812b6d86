"""The shop's stores, and which of them writes to a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from segmail.errors import ConfigError
from segmail.maho.schema.transaction import Transaction

ADMIN = 0


@dataclass(frozen=True)
class Store:
    """A store view with its group and website (`core_store`)."""

    store_id: int
    code: str
    name: str
    website_id: int
    group_id: int
    group_name: str
    website_name: str
    is_active: bool


@dataclass(frozen=True)
class Stores:
    """Every store of the shop, by id, and each website's default store."""

    stores: Mapping[int, Store]
    defaults: Mapping[int, int]  # website id → store id
    default_website_id: int | None

    @classmethod
    def load(cls, tx: Transaction) -> Stores:
        """Read stores, groups and websites with two statements."""
        websites = _read_websites(tx)
        return cls(
            _read_stores(tx),
            {row.website_id: row.default_store_id for row in websites if row.default_store_id},
            next((row.website_id for row in websites if row.is_default), None),
        )

    def by_id(self, store_id: int | None) -> Store | None:
        """Return a store, active or not; None if no store has this id."""
        return None if store_id is None else self.stores.get(store_id)

    def for_customer(
        self,
        subscriber_store_id: int | None,
        customer_store_id: int | None,
        website_id: int | None,
    ) -> Store:
        """Return the store in whose name a customer is written to.

        It is the store where they subscribed, else the one of their account, provided it exists, is
        active and not the admin; else the default store of their website; else the shop's.

        Raises ConfigError if the shop has no active store at all.
        """
        for store_id in (subscriber_store_id, customer_store_id):
            store = self.by_id(store_id)
            if store and _speaks(store):
                return store
        return self._default_of(website_id) or self.default

    @property
    def default(self) -> Store:
        """The default store of the default website, else the first active one."""
        found = self._default_of(self.default_website_id) or self._first_active(None)
        if found is None:
            raise ConfigError("core_store: the shop has no active store to send mails for.")
        return found

    @property
    def single_store_mode(self) -> bool:
        """Whether there is at most one store besides the admin; Maho then omits store codes."""
        return sum(store_id != ADMIN for store_id in self.stores) <= 1

    @property
    def speaking(self) -> list[Store]:
        """The stores in whose name customers may be written to."""
        return [store for store in self.stores.values() if _speaks(store)]

    def _default_of(self, website_id: int | None) -> Store | None:
        if website_id is None or website_id == ADMIN:
            return None
        store = self.by_id(self.defaults.get(website_id))
        return store if store and _speaks(store) else self._first_active(website_id)

    def _first_active(self, website_id: int | None) -> Store | None:
        for store in self.stores.values():
            if _speaks(store) and website_id in (None, store.website_id):
                return store
        return None


def _read_stores(tx: Transaction) -> dict[int, Store]:
    store, group, website = tx.tables.store, tx.tables.store_group, tx.tables.website
    rows = tx.connection.execute(
        select(
            store.c.store_id,
            store.c.code,
            store.c.name,
            store.c.website_id,
            store.c.group_id,
            group.c.name.label("group_name"),
            website.c.name.label("website_name"),
            store.c.is_active,
        )
        .outerjoin_from(store, group, group.c.group_id == store.c.group_id)
        .outerjoin(website, website.c.website_id == store.c.website_id)
        .order_by(store.c.sort_order, store.c.store_id)
    )
    return {row.store_id: _store(row) for row in rows}


def _read_websites(tx: Transaction) -> Sequence[Row[*tuple[Any, ...]]]:
    website, group = tx.tables.website, tx.tables.store_group
    return tx.connection.execute(
        select(website.c.website_id, website.c.is_default, group.c.default_store_id)
        .outerjoin_from(website, group, group.c.group_id == website.c.default_group_id)
        .order_by(website.c.sort_order, website.c.website_id)
    ).all()


def _store(row: Row[*tuple[Any, ...]]) -> Store:
    return Store(
        row.store_id,
        row.code,
        row.name,
        row.website_id,
        row.group_id,
        row.group_name or "",
        row.website_name or "",
        bool(row.is_active),
    )


def _speaks(store: Store) -> bool:
    return store.is_active and store.store_id != ADMIN
