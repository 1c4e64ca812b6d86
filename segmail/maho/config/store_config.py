"""Maho's store configuration: `core_config_data` over the values that Maho ships."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from segmail.errors import ConfigError
from segmail.maho.config.crypt import decrypt
from segmail.maho.config.defaults import DEFAULTS
from segmail.maho.schema.transaction import Transaction

# On the command line there is no request that names the host; Maho uses this value instead.
_COMMAND_LINE_URL = "http://localhost/"

_UNSECURE = "web/unsecure/base_url"
_SECURE = "web/secure/base_url"

_OVERRIDE = re.compile(r"MAHO_CONFIG__STORES(?:__[A-Z_-]+){4}")


@dataclass(frozen=True)
class ConfigRow:
    """One row of `core_config_data`."""

    scope: str  # default, websites or stores
    scope_id: int
    path: str
    value: str | None


@dataclass(frozen=True)
class ConfigStore:
    """The store whose configuration is read, and its website."""

    store_id: int
    code: str
    website_id: int


@dataclass(frozen=True)
class StoreConfig:
    """The configuration of every store, as it was when it was loaded.

    A store's own value comes first, then its website's, then that of the default scope, then the
    one that Maho ships. A row with NULL or '' hides the levels below it and reads as ''. Store 0 is
    the admin, whose configuration Maho's cron uses.
    """

    rows: Mapping[tuple[str, int, str], str]
    websites: Mapping[int, int]
    _known: dict[tuple[str, int], str | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def load(cls, tx: Transaction, environ: Mapping[str, str] | None = None) -> StoreConfig:
        """Read the configuration with two statements.

        `environ` may carry Maho's overrides (see `from_rows`).
        """
        config, store = tx.tables.config, tx.tables.store
        rows = tx.connection.execute(
            select(config.c.scope, config.c.scope_id, config.c.path, config.c.value).order_by(
                config.c.config_id
            )
        )
        stores = tx.connection.execute(select(store.c.store_id, store.c.code, store.c.website_id))
        return cls.from_rows(
            [ConfigRow(*row) for row in rows], [ConfigStore(*row) for row in stores], environ
        )

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[ConfigRow],
        stores: Iterable[ConfigStore] = (),
        environ: Mapping[str, str] | None = None,
    ) -> StoreConfig:
        """Build the configuration from rows in memory.

        `environ` may contain `MAHO_CONFIG__STORES__<CODE>__<SECTION>__<GROUP>__<FIELD>`, which
        overrides the store's rows in Maho. Maho applies its DEFAULT and WEBSITES overrides too late
        for them to reach a store, so they are ignored here as well.
        """
        stores = list(stores)
        values = {_key(row): row.value or "" for row in rows}
        values |= _overrides({store.code: store.store_id for store in stores}, environ or {})
        websites = {store.store_id: store.website_id for store in stores}
        return cls(values, {0: 0, **websites})

    def value(self, path: str, store_id: int = 0) -> str | None:
        """Return the value of `path` for a store; None if it is not set.

        Placeholders for base URLs are filled in.
        """
        key = path, store_id
        if key not in self._known:  # every mail asks for the same values
            self._known[key] = self._value(path, store_id, frozenset())
        return self._known[key]

    def flag(self, path: str, store_id: int = 0) -> bool:
        """Return whether `path` is on: anything but empty, `0` and `false`, in any case."""
        return (self.value(path, store_id) or "").lower() not in ("", "0", "false")

    def number(self, path: str, store_id: int = 0) -> int | None:
        """Return the whole number of `path`; None if it is not set, or empty.

        Raises ConfigError if it is not a whole number. (Maho would cut `1.9` to 1 and take `x` as
        0, which here would delete everything, as older than zero days.)
        """
        value = (self.value(path, store_id) or "").strip()
        if not value:
            return None
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            raise ConfigError(f"{path}: '{value}' is not a whole number.")
        return int(value)

    def secret(self, path: str, key: str | None, store_id: int = 0) -> str:
        """Return the decrypted value of `path`, '' if there is none.

        Raises ConfigError if it cannot be decrypted with the shop's encryption key.
        """
        try:
            return decrypt(self.value(path, store_id), key)
        except ConfigError as error:
            raise ConfigError(fault.about(f"{path} ") for fault in error.faults) from error

    def _value(self, path: str, store_id: int, inside: frozenset[str]) -> str | None:
        """Return the value. `inside` holds the paths whose placeholders are being filled, so that a
        URL that refers to itself ends as text instead of an endless loop.
        """
        raw = self._raw(path, store_id)
        if raw is None or "{{" not in raw:
            return raw
        inside |= {path}
        for placeholder, source in (
            ("{{unsecure_base_url}}", _UNSECURE),
            ("{{secure_base_url}}", _SECURE),
        ):
            if placeholder in raw:  # Maho fills in only one kind of placeholder
                if source in inside:
                    return raw
                return raw.replace(placeholder, self._value(source, store_id, inside) or "")
        return raw.replace("{{base_url}}", _COMMAND_LINE_URL)

    def _raw(self, path: str, store_id: int) -> str | None:
        website_id = self.websites.get(store_id)
        for scope, scope_id in (("stores", store_id), ("websites", website_id), ("default", 0)):
            if scope_id is not None and (scope, scope_id, path) in self.rows:
                return self.rows[scope, scope_id, path]
        return DEFAULTS.get(path)


def _key(row: ConfigRow) -> tuple[str, int, str]:
    """Return a row's key; like Maho, ignore the default scope's id and empty parts of paths."""
    path = "/".join(part for part in row.path.split("/") if part not in ("", "0"))
    return row.scope, 0 if row.scope == "default" else row.scope_id, path


def _overrides(
    store_ids: Mapping[str, int], environ: Mapping[str, str]
) -> dict[tuple[str, int, str], str]:
    found = {}
    for name, value in environ.items():
        if _OVERRIDE.fullmatch(name):
            code, *path = name.lower().split("__")[2:]
            if code in store_ids:
                found["stores", store_ids[code], "/".join(path)] = value
    return found
