"""Products, carts, orders and lists that a running Maho showed, and the shop that it showed.

`golden/content.json` has what Maho printed in three store views and for three customer groups,
`golden/content_shop.json` the rows of that shop which mails read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, insert, table, text
from sqlalchemy import column as bare_column

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import (
    CustomerAttributes,
    load_customers,
)
from segmail.maho.db.database import Database
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.mail.items.needs import ItemNeeds, item_needs
from segmail.mail.items.reader import BatchItems, MailItems, Shelf, ShownTo
from segmail.mail.run_cache import RunCache
from segmail.templates import Kind, compile_template

_GOLDEN = Path(__file__).with_name("golden")
RECORDED: dict[str, Any] = json.loads((_GOLDEN / "content.json").read_text("utf-8"))
RECORDED_AT = datetime.fromisoformat(RECORDED["now_utc"]).replace(tzinfo=UTC)
PRODUCT_IDS: dict[str, int] = RECORDED["product_ids"]


class ContentShop:
    """The recorded shop on one engine, with what a run keeps of it."""

    def __init__(self, database: Database) -> None:
        self.shop = Shop(database, build_tables("", Layout.SHIPPED))
        with self.shop.read() as tx:
            self.config = StoreConfig.load(tx)
            self.attributes = CustomerAttributes.load(tx)
        self.cache = RunCache(self.shop, self.config, [], maho_root=None)
        self.shelf: Shelf = self.cache.shelf({})

    def reader(
        self,
        customer_id: int,
        store: str,
        needs: ItemNeeds,
        tx: Transaction,
        *,
        group_id: int | None = None,
    ) -> ShownTo:
        """Return a customer who is written to in a store view."""
        codes = {"default_billing", "default_shipping"}
        found = load_customers(tx, [customer_id], codes, self.attributes)[customer_id]
        stores = self.shelf.sites.stores.stores.values()
        [view] = [it for it in stores if it.code == store]
        return ShownTo(found, self.cache.sites.of(view), self.cache.locale(view), needs)

    def mail(self, customer_id: int, store: str, needs: ItemNeeds) -> MailItems:
        """Return what a mail to the customer shows."""
        with self.shop.read() as tx:
            reader = self.reader(customer_id, store, needs, tx)
            items = BatchItems.load(tx, self.shelf, [reader], now=RECORDED_AT)
        return MailItems(items, reader)

    def rendered(
        self, source: str, customer_id: int, store: str, *, kind: Kind = Kind.HTML
    ) -> tuple[str, str]:
        """Return a template rendered for a customer, as HTML and as text."""
        template = compile_template(source, kind=kind)
        [view] = [it for it in self.shelf.sites.stores.stores.values() if it.code == store]
        site = self.cache.sites.of(view)
        shown = self.mail(customer_id, store, item_needs([template.all_needs(site)]))
        text = template.render(shown.variables(), site)
        return shown.printed.in_html(text), shown.printed.in_text(text)


@contextmanager
def content_shop(url: URL) -> Iterator[ContentShop]:
    """Create the tables in an empty database, fill them, and yield the shop."""
    engine = create_engine(url)
    data = json.loads((_GOLDEN / "content_shop.json").read_text("utf-8"))
    with engine.begin() as connection:
        build_tables("", Layout.SHIPPED).metadata.create_all(connection)
        build_sales_tables("").metadata.create_all(connection)
        build_catalog_tables("").metadata.create_all(connection)
        if connection.dialect.name != "sqlite":
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            connection.execute(text("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"))
        for name, recorded in data.items():
            if recorded["rows"]:
                target = table(name, *map(bare_column, recorded["columns"]))
                rows = [
                    dict(zip(recorded["columns"], row, strict=True)) for row in recorded["rows"]
                ]
                connection.execute(insert(target), rows)
    engine.dispose()
    database = Database(url)
    yield ContentShop(database)
    database.close()
