"""A shop whose customers are drawn at random, and days that are really played on it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from segmail.campaigns.apply import ReadFile, Wish, apply_files
from segmail.campaigns.recipes.recipe import load_recipe, read_recipe, settle_values
from segmail.clock import StandingClock
from segmail.delivery.job import Job, Options
from segmail.delivery.process import process_emails
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.shop import Shop
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh import Choice, RefreshOptions, refresh_segments, sweep_up
from segmail.settings import Settings
from segmail.simulate.events import happen, parse_event
from segmail.simulate.rhythm import Rhythm
from tests.catalog_builder import Catalog
from tests.shop_builder import ShopBuilder

RECIPES = ("abandoned-cart", "birthday", "post-purchase", "vip", "welcome")
CUSTOMERS = 30


def recipes(names: Sequence[str] = RECIPES) -> list[ReadFile]:
    """Return recipes as campaign files of website `base`."""
    found = []
    for name in names:
        recipe = load_recipe(name)
        found.append(read_recipe(recipe, settle_values(recipe, {}, websites="base", examples=True)))
    return found


def fill(shop: ShopBuilder, *, seed: int) -> None:
    """Give the shop customers who registered, filled carts, ordered or were born at any time."""
    draw = random.Random(seed)  # noqa: S311 - not a secret
    sales = Catalog(shop)
    shop.config("customer_segmentation/email_automation/enabled", "1")
    shop.config("trans_email/ident_general/name", "Shop")
    shop.config("trans_email/ident_general/email", "hello@example.test")
    shop.config("general/locale/timezone", "Europe/Rome")
    product = sales.sold("Tea")

    def ago(days: float) -> timedelta:
        return timedelta(minutes=draw.randrange(int(days * 24 * 60)))

    for _ in range(CUSTOMERS):
        born = (shop.now + timedelta(days=draw.randrange(-5, 6))).replace(year=1980, hour=0)
        dob = {"dob": born.replace(tzinfo=None)} if draw.random() < 0.5 else {}
        customer = shop.customer(subscribed=draw.random() < 0.85, values=dob)
        registered = shop.now - ago(12)
        shop.change(shop.tables.customer, {"entity_id": customer}, created_at=registered)
        if draw.random() < 0.5:
            total = Decimal(draw.randrange(10, 400))
            cart = sales.cart(customer, ago=ago(4), base_grand_total=total, grand_total=total)
            sales.in_cart(cart, product, qty=1, store_id=1, product_type="simple", row_total=total)
        if draw.random() < 0.4:
            sales.order(customer, str(draw.randrange(10, 2_000)), ago=ago(4))


def play(
    shop: Shop,
    folder: Path,
    *,
    start: datetime,
    days: int,
    rhythm: Rhythm,
    files: Sequence[ReadFile],
    events: Sequence[str],
) -> None:
    """Play the days as cron would: each run of each job, whether it has something to do or not."""
    with shop.read() as tx:
        waiting = sorted(
            (parse_event(tx, told, start=start) for told in events), key=lambda event: event.at
        )
    apply_files(shop, files, Wish(prune=False, now=start))
    with shop.read() as tx:
        config = StoreConfig.load(tx)
    clock = StandingClock(start)
    settings = Settings(state_dir=folder / "state", smtp_url=f"file://{folder}/mails", enabled=True)
    job = Job(shop, config, settings, clock)
    now, until = start, start + timedelta(days=days)
    while now < until:
        clock.put(now)
        while waiting and waiting[0].at <= now:
            event = waiting.pop(0)
            shop.transact(lambda tx, event=event: happen(tx, event))  # type: ignore[misc]
        if rhythm.refresh_at(now) == now:
            sweep_up(shop, now=now)
            matching = matching_by_conditions()
            refresh_segments(shop, Choice(), RefreshOptions(), clock=clock, matching=matching)
        if rhythm.send_at(now) == now:
            process_emails(job, Options(limit=rhythm.limit))
        now = now.replace(second=0) + timedelta(minutes=1)


_SAME = ("customer_id", "step_number", "trigger_type", "status", "created_at", "scheduled_at",
         "sent_at")  # fmt: skip


def state(shop: Shop) -> dict[str, list[Any]]:
    """Return members and progress rows, with names for the ids that may differ."""
    t = shop.tables
    with shop.read() as tx:
        names = dict(tx.connection.execute(select(t.segment.c.segment_id, t.segment.c.name)).all())
        members = [
            (names[row.segment_id], row.customer_id, row.added_at)
            for row in tx.connection.execute(select(t.member))
        ]
        rows = [
            (names[row.segment_id], *(getattr(row, column) for column in _SAME))
            for row in tx.connection.execute(select(t.progress))
        ]
    return {"members": sorted(members), "progress": sorted(rows, key=str)}
