"""The time zones of websites: a customer's day is the day in their website."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select

from segmail.errors import ConfigError, Fault
from segmail.maho.config.defaults import DEFAULTS
from segmail.maho.schema.transaction import Transaction

TIMEZONE = "general/locale/timezone"


def load_website_zones(tx: Transaction) -> dict[int, str]:
    """Return the names of the websites' time zones by website id, with two statements.

    A website's own value counts, else that of the default scope, else the one that Maho ships. An
    empty value is UTC, as everywhere in Maho, and so is an unknown one, of which `doctor` tells:
    the customers of the other websites do not wait until it is mended.
    """
    c, w = tx.tables.config.c, tx.tables.website.c
    rows = tx.connection.execute(select(c.scope, c.scope_id, c.value).where(c.path == TIMEZONE))
    told = {(row.scope, row.scope_id): row.value or "UTC" for row in rows}
    default = told.get(("default", 0), DEFAULTS.get(TIMEZONE, "UTC"))
    ids = tx.connection.scalars(select(w.website_id).where(w.website_id != 0)).all()
    return {id: _known(told.get(("websites", id), default)) for id in ids}


def time_zone(name: str, *, of: str = "") -> ZoneInfo:
    """Return the zone of this name; raise ConfigError, with `of` whom, if it is unknown here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            Fault(
                f"{TIMEZONE}: '{name}'{of} is no time zone known here.",
                "Choose one in Maho's configuration, General > Locale Options.",
            )
        ) from error


def _known(name: str) -> str:
    try:
        return time_zone(name).key
    except ConfigError:
        return "UTC"
