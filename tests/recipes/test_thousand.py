"""A thousand customers, two hosts: none over the cap, none in two campaigns of a group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from segmail.maho.schema.tables import Layout
from tests.campaign_files import apply
from tests.program import start
from tests.shop_builder import ShopBuilder

CUSTOMERS = 1_000
HOSTS = ("one", "two")
MAIL = "sender: {name: S, email: s@example.test}, subject: S, html: <p>x</p>"


def campaign(name: str, more: str) -> str:
    return (
        f"templates: [{{name: {name}, {MAIL}}}]\n"
        f"segments:\n- name: {name}\n  websites: [base]\n  refresh: segmail\n"
        "  conditions: {all: ['newsletter: status = subscribed']}\n"
        f"  automation: {{active: yes, on exit: continue{more}}}\n"
        f"  steps: [{{after: immediately, template: {name}}}]\n"
    )


def both(shop: ShopBuilder, folder: Path, at: str, *arguments: str) -> None:
    """Run a job on two hosts at once, each with its own state; their clocks start at `at`."""
    runs = []
    for host in HOSTS:
        (folder / host).mkdir(exist_ok=True)
        (folder / host / "segmail.toml").write_text('[sending_rules]\ncap = "2 per day"\n')
        runs.append(start(shop.url, folder / host, "--now", f"2026-03-10 {at}", *arguments))
    told = [run.communicate(timeout=300) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told


def counted(shop: ShopBuilder, *where: Any) -> list[int]:
    """Return how many rows each customer has who has some."""
    p = shop.tables.progress
    query = select(func.count()).select_from(p).where(*where).group_by(p.c.customer_id)
    with shop.database.read() as connection:
        return list(connection.scalars(query))


@pytest.mark.parametrize("layout", list(Layout))
def test_nobody_is_over_the_cap_or_twice_in_a_group(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop, p = mariadb_shop, mariadb_shop.tables.progress.c
    shop.config("customer_segmentation/segmail/enabled", "1")
    for _ in range(CUSTOMERS):
        shop.customer()
    for number, name in enumerate(("Low", "Middle", "High")):
        apply(shop, campaign(name, f", group: carts, priority: {number}"))
    for name in ("News", "More", "Most"):
        apply(shop, campaign(name, ""))

    both(shop, tmp_path, "12:00", "refresh-segments", "--all")
    both(shop, tmp_path, "12:00", "refresh-segments", "--all")
    ids = {row["name"]: row["segment_id"] for row in shop.rows(shop.tables.segment)}
    group = [ids[name] for name in ("Low", "Middle", "High")]
    waiting = counted(shop, p.status == "scheduled", p.segment_id.in_(group))
    for at in ("12:10", "12:20", "12:30"):
        both(shop, tmp_path, at, "process-emails", "--limit", "0")

    assert waiting == [1] * CUSTOMERS
    assert counted(shop, p.status == "sent") == [2] * CUSTOMERS
    assert counted(shop, p.status == "scheduled") == [2] * CUSTOMERS
    mails = [file for host in HOSTS for file in (tmp_path / host).glob("mails/*.eml")]
    assert len(mails) == 2 * CUSTOMERS
