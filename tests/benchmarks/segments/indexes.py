"""Which indexes that a shop does not have would make the segments' statements faster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bare_database import run
from tests.benchmarks.segments.explain import seconds
from tests.benchmarks.segments.figures import Indexed
from tests.benchmarks.segments.shop import LargeShop

_NAME = "segmail_bench"


@dataclass(frozen=True)
class Trial:
    """An index, and the segments that it is for; the small ones change little in a full shop."""

    table: str
    columns: str
    segments: tuple[str, ...]
    also_full: bool = True

    def __str__(self) -> str:
        return f"{self.table} ({self.columns})"


TRIALS = (
    Trial("log_customer", "customer_id, login_at", ("No login for 180 days",)),
    Trial("sales_flat_order", "customer_id, state, created_at", ("No purchase for 180 days",)),
    Trial(
        "sales_flat_order",
        "customer_id, state, base_grand_total",
        ("Lifetime sales of 2,000", "Never ordered"),
    ),
    Trial(
        "sales_flat_order",
        "customer_id, state, created_at, base_grand_total",
        ("No purchase for 180 days", "Lifetime sales of 2,000"),
    ),
    Trial("sales_flat_order", "coupon_code, customer_id", ("Used the coupon AUTUMN",)),
    Trial("sales_flat_order_item", "sku, order_id", ("Bought SKU-42 or category 7",)),
    Trial(
        "sales_flat_quote",
        "is_active, updated_at, customer_id",
        ("Cart left 1 to 72 hours ago",),
        also_full=False,
    ),
    Trial(
        "report_viewed_product_index",
        "product_id, added_at, customer_id",
        ("Viewed category 7 lately",),
        also_full=False,
    ),
    Trial(
        "customer_entity_datetime",
        "attribute_id, value, entity_id",
        ("Birthday within 7 days",),
        also_full=False,
    ),
    Trial(
        "customer_entity_varchar",
        "attribute_id, value, entity_id",
        ("First name and newcomer",),
        also_full=False,
    ),
)


def try_index(
    shop: LargeShop, trial: Trial, segments: dict[str, int], before: dict[str, float]
) -> Iterator[Indexed]:
    """Time the statements of a trial's segments with its index; the index is dropped again."""
    began = time.monotonic()
    with _index(shop, trial):
        made = time.monotonic() - began
        for name in trial.segments:
            after = seconds(shop, segments[name])
            yield Indexed(trial.table, trial.columns, name, before[name], after, made)


@contextmanager
def _index(shop: LargeShop, trial: Trial) -> Iterator[None]:
    create = f"CREATE INDEX {_NAME} ON {trial.table} ({trial.columns})"
    drop = f"DROP INDEX {_NAME} ON {trial.table}"
    run(shop.url, create, f"ANALYZE TABLE {trial.table}")
    try:
        yield
    finally:  # one of them serves a foreign key
        run(shop.url, "SET foreign_key_checks = 0", drop, f"ANALYZE TABLE {trial.table}")
