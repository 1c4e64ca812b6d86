"""Caps hold whoever sends: several hosts at once, each with its own state, and two refreshes."""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from tests import program
from tests.database.refresh.refreshing import decide
from tests.shop_builder import ShopBuilder

_CUSTOMERS, _CAMPAIGNS = 40, 3
_RULES = '[sending_rules]\ncap = "2 per day"\n'


def start(shop: ShopBuilder, folder: Path, host: str) -> subprocess.Popen[str]:
    """Start a run of the real program as one of several hosts has it."""
    config = folder / f"{host}.toml"
    config.write_text(f"{_RULES}[delivery]\nbatch = 20\n")
    env = {
        "SEGMAIL_CONFIG": str(config),
        "SEGMAIL_STATE_DIR": str(folder / host),
        "SEGMAIL_LOG_FILE": str(folder / f"{host}.log"),
        "SEGMAIL_NOW": f"{shop.now:%Y-%m-%d %H:%M:%S}",
    }
    return program.start(shop.url, folder, "process-emails", "--limit", "0", env=env)


def test_two_hosts_at_once_send_no_address_more_than_its_cap(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    """Two accounts an address, three campaigns each: of six mails that are due, two go out."""
    shop = mariadb_shop
    shop.insert(shop.tables.website, website_id=7, code="b", name="B", default_group_id=1)
    addresses = [f"c{number}@example.test" for number in range(_CUSTOMERS)]
    customers = [
        shop.customer(address.upper() if website == 7 else address, website_id=website)
        for website in (1, 7)
        for address in addresses
    ]
    for priority in range(_CAMPAIGNS):
        segment = shop.segment(website_ids="1,7")
        decide(shop, segment, priority=priority)
        step = shop.step(segment)
        due = {"segment_id": segment, "sequence_id": step, "step_number": 1,
               "trigger_type": "enter", "status": "scheduled", "created_at": shop.now,
               "scheduled_at": shop.now - timedelta(minutes=1)}  # fmt: skip
        shop.insert_all(shop.tables.progress, [{**due, "customer_id": it} for it in customers])

    for _ in range(3):  # what was left to a higher priority is decided by the next run
        runs = [start(shop, tmp_path, host) for host in ("one", "two")]
        told = [run.communicate(timeout=600) for run in runs]
        assert [run.returncode for run in runs] == [0, 0], told

    customer, row = shop.tables.customer.c, shop.tables.progress.c
    with shop.database.read() as connection:
        query = (
            select(func.lower(customer.email), row.status, func.count())
            .join_from(
                shop.tables.progress, shop.tables.customer, customer.entity_id == row.customer_id
            )
            .group_by(func.lower(customer.email), row.status)
        )
        counts = {tuple(found[:2]): found[2] for found in connection.execute(query)}
        later = connection.scalar(
            select(func.min(row.scheduled_at)).where(row.status == "scheduled")
        )
    sent = Counter({address: counts.get((address, "sent"), 0) for address in addresses})
    assert set(sent.values()) == {2}
    assert {counts[address, "scheduled"] for address in addresses} == {2 * _CAMPAIGNS - 2}
    assert later is not None
    assert later >= shop.now + timedelta(days=1)
    assert len(list((tmp_path / "mails").glob("*.eml"))) == 2 * _CUSTOMERS
