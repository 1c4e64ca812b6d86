"""A run looks again before each mail: what is forbidden while it runs is not sent."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.policies import Goal, OnExit, save_policy
from segmail.segments.conditions.write import conditions_as_php
from tests.program import start
from tests.sales_builder import SalesBuilder, every, leaf
from tests.shop_builder import ShopBuilder
from tests.smtp_server import Fault, Server, recording_server, scripted_server
from tests.waiting import until

NOON = ("--config", "segmail.toml", "--now", "2026-03-10 12:00")
ALL = (*NOON, "process-emails", "--limit", "0")


@pytest.fixture(autouse=True)
def quick_looks(tmp_path: Path) -> None:
    """Four mails a second, all claimed at once: a domain's limit does not make claims smaller."""
    (tmp_path / "segmail.toml").write_text(
        "[delivery]\nrecheck_seconds = 1\ndomain_per_minute = 240\n"
    )


def test_whoever_is_forbidden_while_a_run_goes_on_gets_no_mail(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop, t = mariadb_shop, mariadb_shop.tables
    sales = SalesBuilder(shop)
    step = shop.step(shop.segment())
    switched_off = shop.step(shop.segment(), number=2)
    ended = shop.rule()
    has_a_cart = every(leaf("cart_attributes", "items_qty", ">", 0))
    held_segment, goal_segment, cart_segment, manual = (
        shop.segment(),
        shop.segment(),
        shop.segment(conditions_serialized=conditions_as_php(has_a_cart)),
        shop.segment(refresh_mode="manual"),
    )
    shop.transact(
        lambda tx: save_policy(tx, goal_segment, {"goal": Goal.ORDER, "on_exit": OnExit.CONTINUE})
    )
    for _ in range(6):  # those that are sent meanwhile
        shop.due(step, shop.customer(), scheduled_at=shop.now - timedelta(hours=1))
    who = {
        name: shop.customer(f"{name}@example.test")
        for name in (
            "stopped",
            "gone",
            "inactive",
            "refused",
            "off",
            "held",
            "bought",
            "emptied",
            "left",
            "worthless",
            "fine",
        )
    }
    cart = sales.cart(who["emptied"], items_qty=1)
    member = {"segment_id": manual, "customer_id": who["left"], "website_id": 1}
    shop.insert_all(t.member, [{**member, "added_at": shop.now, "updated_at": shop.now}])
    steps = {
        "off": switched_off,
        "held": shop.step(held_segment),
        "bought": shop.step(goal_segment),
        "emptied": shop.step(cart_segment),
        "left": shop.step(manual),
        "worthless": shop.step(shop.segment(), rule_id=ended, coupon_prefix="W"),
    }
    rows = {name: shop.due(steps.get(name, step), id) for name, id in who.items()}

    def forbid() -> None:
        shop.change(t.subscriber, {"customer_id": who["stopped"]}, subscriber_status=3)
        shop.change(t.progress, {"progress_id": rows["stopped"]}, status="skipped")
        shop.database.transact(
            lambda c: c.execute(delete(t.customer).where(t.customer.c.entity_id == who["gone"]))
        )
        shop.change(t.customer, {"entity_id": who["inactive"]}, is_active=0)
        shop.subscriber(0, "Refused@example.test", status=3)
        shop.change(t.sequence, {"sequence_id": switched_off}, is_active=0)
        shop.change(t.segment, {"segment_id": held_segment}, auto_email_active=0)
        shop.change(t.rule, {"rule_id": ended}, is_active=0)
        sales.order(who["bought"])
        shop.change(sales.sales.quote, {"entity_id": cart}, items_qty=0)
        shop.database.transact(
            lambda c: c.execute(delete(t.member).where(t.member.c.customer_id == who["left"]))
        )

    with (
        recording_server() as server,
        start(shop.url, tmp_path, *ALL, env=_mail_to(server)) as process,
    ):
        until(lambda: len(server.messages) >= 1)
        forbid()
        out, err = process.communicate(timeout=300)

    assert (process.returncode, out) == (1, "")  # one failed
    assert "1 of " in err
    named = {message.rcpt_to[0] for message in server.messages} & {
        f"{name}@example.test" for name in who
    }
    assert named == {"fine@example.test"}
    statuses = {name: shop.rows(t.progress, progress_id=id) for name, id in rows.items()}
    assert {name: [row["status"] for row in found] for name, found in statuses.items()} == {
        "stopped": ["skipped"],
        "gone": [],
        "inactive": ["skipped"],
        "refused": ["skipped"],
        "off": ["skipped"],
        "held": ["scheduled"],
        "bought": ["skipped"],
        "emptied": ["skipped"],
        "left": ["skipped"],
        "worthless": ["failed"],
        "fine": ["sent"],
    }
    [held] = statuses["held"]
    assert held["scheduled_at"] == shop.now - timedelta(minutes=1)
    assert {row["queue_status"] for row in shop.rows(t.queue)} == {
        QueueStatus.SENT,
        QueueStatus.CANCEL,
    }
    log = (tmp_path / "segmail.log").read_text()
    for name, reason in (
        (
            "stopped",
            "it was ended elsewhere meanwhile, as 'skipped': the customer is not subscribed",
        ),
        ("gone", "the customer does not exist any more"),
        ("inactive", "the customer's account is inactive"),
        ("refused", "the address has unsubscribed from the newsletter by another subscription"),
        ("off", "the step is switched off"),
        ("held", "held: the segment or its automation is switched off"),
        ("bought", "the customer has ordered since the sequence began"),
        ("emptied", "the customer does not match the segment's conditions any more"),
        ("left", "the customer has left the segment"),
        ("worthless", f'Sales rule {ended} "15% off" is not active.'),
    ):
        assert f"progress {rows[name]}: {reason}" in log


def test_switching_automation_off_ends_a_run_and_leaves_the_rest_scheduled(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop = mariadb_shop
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(40)]

    with (
        recording_server() as server,
        start(shop.url, tmp_path, *ALL, env=_mail_to(server)) as process,
    ):
        until(lambda: len(server.messages) >= 1)
        shop.config("customer_segmentation/email_automation/enabled", "0")
        process.communicate(timeout=300)

    assert process.returncode == 0
    assert 1 <= len(server.messages) <= 9
    assert sum(shop.status(row) == "sent" for row in rows) == len(server.messages)
    assert sum(shop.status(row) == "scheduled" for row in rows) == 40 - len(server.messages)


def test_a_slow_run_that_is_killed_leaves_a_handful_of_paused_mailings(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop = mariadb_shop
    step = shop.step(shop.segment())
    for _ in range(40):
        shop.due(step, shop.customer())

    (tmp_path / "segmail.toml").write_text("")
    command = (*ALL, "--rate", "1")
    with (
        recording_server() as server,
        start(shop.url, tmp_path, *command, env=_mail_to(server)) as process,
    ):
        until(lambda: len(server.messages) >= 1)
        process.kill()

    paused = shop.rows(shop.tables.queue, queue_status=QueueStatus.PAUSE)
    assert 1 <= len(paused) <= 5


def test_the_next_claim_is_recorded_while_one_is_sent_and_a_signal_gives_both_back(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop, queue = mariadb_shop, mariadb_shop.tables.queue
    step = shop.step(shop.segment())
    rows = [shop.due(step, shop.customer()) for _ in range(60)]

    command = (*ALL, "--connections", "1")
    with (
        scripted_server({"end": Fault.HANG}) as server,
        start(shop.url, tmp_path, *command, env=_mail_to(server)) as process,
    ):
        assert server.hanging.wait(300)
        until(lambda: len(shop.rows(queue, queue_status=QueueStatus.PAUSE)) == 60)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=300)

    found = [shop.progress(row) for row in rows]
    assert Counter(row["status"] for row in found) == {"scheduled": 59, "failed": 1}
    assert {row["scheduled_at"] for row in found} == {shop.now - timedelta(minutes=1)}
    assert [row["queue_status"] for row in shop.rows(queue)] == [QueueStatus.CANCEL]


def _mail_to(server: Server) -> dict[str, str]:
    return {"SEGMAIL_SMTP_URL": server.url("timeout=90")}
