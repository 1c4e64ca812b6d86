"""What a shop decides about its templates, read when a check first needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sqlalchemy import select

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import CustomerAttribute, CustomerAttributes
from segmail.maho.schema.tables import EAV_TYPES
from segmail.maho.shop import Shop
from segmail.maho.storefront.site import Sites
from segmail.maho.storefront.stores import ADMIN, Stores


@dataclass(frozen=True)
class Facts:
    """A shop's attributes, allowed settings, custom variables, templates and blocks.

    Something that differs between stores exists if any active store has it.
    """

    shop: Shop
    attributes: CustomerAttributes
    _sites: Sites = field(repr=False)
    _values: dict[str, bool] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def load(cls, shop: Shop, *, maho_root: Path | None = None) -> Facts:
        """Read stores, settings and attributes, with a fixed number of statements."""
        with shop.read() as tx:
            config = StoreConfig.load(tx)
            stores = Stores.load(tx)
            attributes = CustomerAttributes.load(tx)
        return cls(shop, attributes, Sites(shop, config, stores, maho_root))

    def allows_config(self, path: str) -> bool:
        """Return whether templates may print a setting (`permission_variable`)."""
        return path in self._sites.allowed_paths

    def has_config(self, path: str) -> bool:
        """Return whether a setting has a value in some store."""
        return any(self._sites.config.value(path, store) for store in self._stores())

    def custom_variable(self, code: str) -> str | None:
        """Return the value of a custom variable for all stores; None if it does not exist."""
        found = [
            text or ""
            for (known, _), texts in self._sites.variables.items()
            if known == code
            for text in texts
        ]
        return "\n".join(found) if found else None

    def allows_block(self, type_: str) -> bool:
        """Return whether templates may run a type of PHP block (`permission_block`)."""
        return type_ in self._sites.allowed_blocks

    def source(self, kind: str, code: str) -> str | None:
        """Return the text of an `include`d template or of a `block`; None if it does not exist."""
        if kind == "include":
            return self._sites.template(code)
        found = (self._sites.block(code, store) for store in self._stores())
        return next((text for text in found if text is not None), None)

    def email(self, config_path: str) -> str | None:
        """Return the transactional template that a setting names in some store; None without one.

        Raises TemplateError if it is one of Maho's files and cannot be read.
        """
        found = (self._sites.email(config_path, store) for store in self._stores())
        return next((text for text in found if text is not None), None)

    def has_values(self, code: str) -> bool:
        """Return whether any customer has a value of an attribute; True without customers."""
        attribute = self.attributes.by_code[code]
        if attribute.backend_type not in EAV_TYPES or not self._has_customers:
            return True
        if code not in self._values:
            self._values[code] = self._find_value(attribute)
        return self._values[code]

    def _find_value(self, attribute: CustomerAttribute) -> bool:
        values = self.shop.tables.customer_values[attribute.backend_type]
        query = select(values.c.entity_id).where(
            values.c.attribute_id == attribute.attribute_id, values.c.value.is_not(None)
        )
        if attribute.backend_type in ("varchar", "text"):
            query = query.where(values.c.value != "")
        with self.shop.database.read() as connection:
            return connection.scalar(query.limit(1)) is not None

    @cached_property
    def _has_customers(self) -> bool:
        with self.shop.database.read() as connection:
            query = select(self.shop.tables.customer.c.entity_id).limit(1)
            return connection.scalar(query) is not None

    def _stores(self) -> Iterator[int]:
        for store in self._sites.stores.stores.values():
            if store.is_active and store.store_id != ADMIN:
                yield store.store_id
