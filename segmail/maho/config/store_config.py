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

# On the command line there is no request to take the host from; Maho puts this in its place.
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
    """The store whose configuration is asked for, and its website."""

    store_id: int
    code: str
    website_id: int


@dataclass(frozen=True)
class StoreConfig:
    """The configuration of every store, as it was when it was loaded.

    A value is the store's own, else its website's, else the default scope's, else the one that
    Maho ships. A row with NULL or '' hides the levels below it and reads as ''. Store 0 is the
    admin, whose configuration Maho's cron uses.
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

        `environ` may carry `MAHO_CONFIG__STORES__<CODE>__<SECTION>__<GROUP>__<FIELD>`, which Maho
        puts over the store's rows. Its DEFAULT and WEBSITES overrides come too late in Maho to
        reach a store, so they are no configuration here either.
        """
        stores = list(stores)
        values = {_key(row): row.value or "" for row in rows}
        values |= _overrides({store.code: store.store_id for store in stores}, environ or {})
        websites = {store.store_id: store.website_id for store in stores}
        return cls(values, {0: 0, **websites})

    def value(self, path: str, store_id: int = 0) -> str | None:
        """Return the value of `path` for a store; None where nobody has set one.

        The placeholders for base URLs are filled in.
        """
        key = path, store_id
        if key not in self._known:  # every mail asks for the same ones
            self._known[key] = self._value(path, store_id, frozenset())
        return self._known[key]

    def flag(self, path: str, store_id: int = 0) -> bool:
        """Return whether `path` is on: anything but nothing, `0` and `false`, in any case."""
        return (self.value(path, store_id) or "").lower() not in ("", "0", "false")

    def number(self, path: str, store_id: int = 0) -> int | None:
        """Return the whole number of `path`; None where nobody has set one, or it is empty.

        Raises ConfigError where it is no whole number. (Maho would cut `1.9` to 1 and take `x`
        as 0, which here would delete everything older than no days at all.)
        """
        value = (self.value(path, store_id) or "").strip()
        if not value:
            return None
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            raise ConfigError(f"{path}: '{value}' is not a whole number.")
        return int(value)

    def secret(self, path: str, key: str | None, store_id: int = 0) -> str:
        """Return the decrypted value of `path`, '' where there is none.

        Raises ConfigError where it cannot be decrypted with the shop's encryption key.
        """
        try:
            return decrypt(self.value(path, store_id), key)
        except ConfigError as error:
            raise ConfigError(fault.about(f"{path} ") for fault in error.faults) from error

    def _value(self, path: str, store_id: int, inside: frozenset[str]) -> str | None:
        """`inside` holds the paths whose placeholders are being filled, so that a URL that names
        itself ends as text instead of going round for ever."""
        raw = self._raw(path, store_id)
        if raw is None or "{{" not in raw:
            return raw
        inside |= {path}
        for placeholder, source in (
            ("{{unsecure_base_url}}", _UNSECURE),
            ("{{secure_base_url}}", _SECURE),
        ):
            if placeholder in raw:  # Maho fills in one kind of placeholder only
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
    """Maho asks for no scope id at default scope, and passes over empty parts of a path."""
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
