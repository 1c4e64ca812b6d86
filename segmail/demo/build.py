"""Builds the demo shop: Maho's tables in a new SQLite file, filled with the seed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, insert

from segmail.demo.campaign_rows import campaign_rows, segmails_own
from segmail.demo.customer_action_rows import deed_rows
from segmail.demo.history_rows import history_rows
from segmail.demo.seed_rows import Rows
from segmail.demo.shop_rows import shop_rows
from segmail.maho.db.database import Database
from segmail.maho.policies import RefreshedBy, save_policy
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import build_tables
from segmail.maho.schema.transaction import Transaction


def build_shop(file: Path) -> None:
    """Create the shop in `file`, which must not exist; one INSERT per table, one transaction."""
    tables, sales = build_tables(), build_sales_tables()
    file.touch(exist_ok=False)
    database = Database(URL.create("sqlite", database=str(file)))
    rows: Rows = [
        *shop_rows(tables),
        *campaign_rows(tables),
        *history_rows(tables),
        *deed_rows(sales),
    ]

    def work(tx: Transaction) -> None:
        tables.metadata.create_all(tx.connection)
        sales.metadata.create_all(tx.connection)
        build_catalog_tables().metadata.create_all(tx.connection)
        for table, values in rows:
            tx.connection.execute(insert(table), values)
        for segment_id in segmails_own():
            save_policy(tx, segment_id, {"refreshed_by": RefreshedBy.SEGMAIL})

    database.transact(lambda connection: work(Transaction(connection, tables)))
    database.close()
