"""One shop: its database, its tables in their layout, its encryption key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sqlalchemy import URL

from segmail.errors import ConfigError, SchemaError
from segmail.maho.db.database import Database, Session
from segmail.maho.db.information_schema import timestamp_columns
from segmail.maho.schema.layout import find_layout
from segmail.maho.schema.rights import unreadable_tables
from segmail.maho.schema.tables import Layout, Tables, build_tables
from segmail.maho.schema.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True)
class Shop:
    """What every use case needs to work on a shop."""

    database: Database
    tables: Tables
    crypt_key: str | None = field(default=None, repr=False)

    @property
    def layout(self) -> Layout:
        return self.tables.layout

    def rehearsal(self) -> Shop:
        """Return the same shop for a dry run: its transactions are rolled back."""
        return replace(self, database=self.database.rehearsal())

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Yield a transaction that only reads; raises what `Database.read` raises."""
        with self.database.read() as connection:
            yield Transaction(connection, self.tables)

    def transact(self, work: Callable[[Transaction], T], *, idempotent: bool = False) -> T:
        """Return what `work` returns, as `Database.transact` does."""
        return self.database.transact(
            lambda connection: work(Transaction(connection, self.tables)), idempotent=idempotent
        )

    @contextmanager
    def session(self) -> Iterator[ShopSession]:
        """Yield several transactions on one connection; see `Database.session`."""
        with self.database.session() as session:
            yield ShopSession(session, self.tables)

    @classmethod
    def open(cls, url: URL, *, prefix: str = "", crypt_key: str | None = None) -> Shop:
        """Connect to a shop and find its layout.

        Raises SchemaError if the automation tables are missing, DatabaseUnavailable or ConfigError
        if the database cannot be used.
        """
        database = Database(url)
        with database.read() as connection:
            layout = find_layout(connection, prefix)
            timestamps = timestamp_columns(connection, _written(prefix)) if layout else frozenset()
            hidden = {} if layout else unreadable_tables(connection, build_tables(prefix))
        if layout is None:
            if hidden:
                raise ConfigError(hidden.values())
            raise SchemaError(
                f"The database {url.render_as_string(hide_password=True)} has no automation tables "
                f"with the prefix '{prefix}'. `segmail schema check` lists what is missing, "
                "`segmail schema apply` creates it."
            )
        return cls(database, build_tables(prefix, layout, timestamps), crypt_key)


def _written(prefix: str) -> list[str]:
    """Return the names of the tables into which times are written."""
    names = (
        *("customer_segment", "customer_segment_customer", "customer_segment_email_sequence"),
        *("customer_segment_sequence_progress", "newsletter_queue", "newsletter_queue_link"),
        *("newsletter_template", "salesrule_coupon", "cron_schedule"),
    )
    return [prefix + name for name in names]


@dataclass(frozen=True)
class ShopSession:
    """Transactions of a shop on one connection."""

    session: Session
    tables: Tables

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Return what `work` returns, as `Session.transact` does."""
        return self.session.transact(lambda connection: work(Transaction(connection, self.tables)))
