"""Runs that overlap, over many due rows, with one mail server behind them."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select

from tests.program import start
from tests.shop_builder import ATTRIBUTES, ShopBuilder
from tests.smtp_server import scripted_server

_CHUNK = 1000
_COMMAND = ("--now", "2026-03-10 12:00", "process-emails", "--limit", "0")


def check_overlapping(shop: ShopBuilder, folder: Path, *, rows: int, runs: int) -> None:
    """Start all runs at once; assert that every row became exactly one message."""
    _make_due(shop, rows)
    with scripted_server({"EHLO": "250-mail.test\n250-PIPELINING\n250 8BITMIME"}) as server:
        env = {"SEGMAIL_SMTP_URL": server.url()}
        processes = [start(shop.url, folder, *_COMMAND, env=env) for _ in range(runs)]
        ended = [(process.communicate(timeout=600), process.returncode) for process in processes]

    received = collections.Counter(message.rcpt_to for message in server.messages)
    t = shop.tables
    assert ended == [(("", ""), 0)] * runs
    assert set(received.values()) == {1}
    assert len(received) == rows
    assert len(shop.rows(t.progress, status="sent")) == rows
    assert len(shop.rows(t.queue_link)) == len(shop.rows(t.queue, queue_status=3)) == rows
    assert len(shop.rows(t.coupon)) == len({c["code"] for c in shop.rows(t.coupon)}) == rows


def _make_due(shop: ShopBuilder, rows: int) -> None:
    template = shop.template("<p>{{var customer_firstname}}: {{var coupon_code}}</p>")
    step = shop.step(shop.segment(), template, rule_id=shop.rule())
    t, joined = shop.tables, shop.now - timedelta(days=100)
    named = list(ATTRIBUTES).index("firstname") + 1
    customer = {"website_id": 1, "store_id": 1, "group_id": 1, "is_active": 1,
                "created_at": joined, "updated_at": joined}  # fmt: skip
    for ids in _chunks(rows):
        emails = {id: f"customer{id}@example.test" for id in ids}
        shop.insert_all(
            t.customer, [{"entity_id": id, "email": emails[id], **customer} for id in ids]
        )
        shop.insert_all(
            t.subscriber,
            [{"customer_id": id, "subscriber_email": emails[id], "subscriber_status": 1,
              "store_id": 1, "subscriber_confirm_code": f"code{id}"} for id in ids],
        )  # fmt: skip
        shop.insert_all(
            t.customer_values["varchar"],
            [{"entity_type_id": 1, "attribute_id": named, "entity_id": id, "value": f"Ada {id}"}
             for id in ids],
        )  # fmt: skip
    _schedule(shop, step)


def _schedule(shop: ShopBuilder, step: int) -> None:
    first = shop.due(step, 1)
    c, row = shop.tables.progress.c, shop.progress(first)
    same = [column for column in c if column.name not in ("progress_id", "customer_id")]
    customers = shop.tables.customer.c.entity_id
    copies = (
        select(customers, *same).join_from(
            shop.tables.progress, shop.tables.customer, customers > 1
        )
    ).where(c.progress_id == row["progress_id"])
    into = insert(shop.tables.progress).from_select(
        ["customer_id", *(column.name for column in same)], copies
    )
    shop.database.transact(lambda connection: connection.execute(into))


def _chunks(count: int) -> Iterator[range]:
    return (range(start, min(start + _CHUNK, count + 1)) for start in range(1, count + 1, _CHUNK))
