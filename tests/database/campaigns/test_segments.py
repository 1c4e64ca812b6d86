"""Files of segments, applied to a shop and exported from it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from segmail.campaigns.entry import SegmentEntry
from segmail.campaigns.write import write_entries
from segmail.errors import ConditionError, ConfigError, InputError
from segmail.maho.policies import Goal, OnExit, Policy, RefreshedBy, load_policies
from segmail.maho.schema.tables import Layout
from segmail.segments.conditions.canonical import canonical_tree
from segmail.segments.conditions.read import read_conditions
from tests.campaign_files import apply, export
from tests.database.segments.use_case_shop import fill
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

VIP = """\
segments:
  - name: VIP
    description: Spent a lot
    active: true
    websites: [base]
    customer groups: [General]
    refresh: automatic
    automation:
      on exit: stop
      goal: order
    conditions:
      all:
        - lifetime: sales > 1000
        - none:
            - newsletter: status = unsubscribed
"""
ABANDONED = """\
segments:
  - name: Abandoned
    active: true
    websites: [base]
    customer groups: all
    refresh: segmail
    conditions:
      all:
        - cart: active = yes
        - cart: minutes since updated >= 60
"""
USE_CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "use_cases.json").read_text()
)


def policy(shop: ShopBuilder, segment_id: int) -> Policy:
    with shop.read() as tx:
        return load_policies(tx).get(segment_id, Policy())


def faults(shop: ShopBuilder, file: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        apply(shop, file)
    assert shop.rows(shop.tables.segment, name="VIP") == []
    return tuple(map(str, caught.value.faults))


@pytest.mark.parametrize("layout", list(Layout))
def test_a_new_segment_is_created(sales: SalesBuilder, shop: ShopBuilder) -> None:
    [done] = apply(shop, VIP)

    row = shop.row(shop.tables.segment)
    assert (done.id, done.outcome) == (row["segment_id"], "created")
    assert (row["name"], row["description"], row["is_active"]) == ("VIP", "Spent a lot", 1)
    assert (row["website_ids"], row["customer_group_ids"]) == ("1", "1")
    assert (row["refresh_mode"], row["refresh_status"]) == ("auto", "pending")
    assert (row["created_at"], row["last_refresh_at"]) == (shop.now, None)
    assert row["auto_email_active"] == 0
    assert policy(shop, row["segment_id"]) == Policy(OnExit.STOP, Goal.ORDER)


def test_applied_again_nothing_changes(sales: SalesBuilder, shop: ShopBuilder) -> None:
    apply(shop, VIP)
    before = shop.rows(shop.tables.segment)

    shop.now += timedelta(hours=1)
    [done] = apply(shop, VIP)

    assert (done.outcome, done.changes) == ("unchanged", [])
    assert shop.rows(shop.tables.segment) == before


@pytest.mark.parametrize("file", [VIP, ABANDONED])
def test_what_was_applied_is_exported_as_it_was(
    sales: SalesBuilder, shop: ShopBuilder, file: str
) -> None:
    apply(shop, file)

    assert export(shop) == file


def test_the_use_cases_survive_a_file(sales: SalesBuilder, shop: ShopBuilder) -> None:
    fill(sales)
    trees = [canonical_tree(read_conditions(json.dumps(case["conditions"]))) for case in USE_CASES]
    entries = [
        SegmentEntry(case["name"], active=True, websites=("base",), groups=(), tree=tree)
        for case, tree in zip(USE_CASES, trees, strict=True)
    ]

    apply(shop, write_entries(entries))
    file = export(shop)

    stored = [row["conditions_serialized"] for row in shop.rows(shop.tables.segment)]
    assert [read_conditions(conditions) for conditions in stored] == trees
    assert {done.outcome for done in apply(shop, file)} == {"unchanged"}


def test_conditions_that_only_segmail_knows_are_kept_from_maho(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    apply(shop, ABANDONED.replace("    refresh: segmail\n", ""))

    row = shop.row(shop.tables.segment)
    assert row["refresh_mode"] == "manual"
    assert policy(shop, row["segment_id"]).refreshed_by is RefreshedBy.SEGMAIL


@pytest.mark.parametrize("refresh", ["automatic", "manual"])
def test_such_conditions_cannot_be_left_to_maho(
    sales: SalesBuilder, shop: ShopBuilder, refresh: str
) -> None:
    [fault] = faults(shop, ABANDONED.replace("refresh: segmail", f"refresh: {refresh}"))

    assert fault.startswith("f.yaml:6: It has conditions that Maho does not know")


def test_a_changed_condition_waits_for_the_next_refresh(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    segment_id = apply(shop, VIP)[0].id
    refreshed = {"last_refresh_at": shop.now, "refresh_status": "completed"}
    shop.change(shop.tables.segment, {"segment_id": segment_id}, **refreshed)
    shop.now += timedelta(hours=1)

    [done] = apply(shop, VIP.replace("1000", "2000"))

    row = shop.row(shop.tables.segment)
    assert [change.key for change in done.changes] == ["conditions"]
    assert (row["last_refresh_at"], row["refresh_status"]) == (None, "pending")
    assert (row["created_at"], row["updated_at"]) == (shop.now - timedelta(hours=1), shop.now)


def test_another_description_leaves_the_refresh_as_it_was(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    segment_id = apply(shop, VIP)[0].id
    shop.change(shop.tables.segment, {"segment_id": segment_id}, last_refresh_at=shop.now)

    [done] = apply(shop, "segments: [{name: vip, description: , automation: {goal: none}}]")

    row = shop.row(shop.tables.segment)
    assert [(change.key, change.before, change.after) for change in done.changes] == [
        ("name", "VIP", "vip"),
        ("description", "Spent a lot", ""),
        ("goal", "order", "none"),
    ]
    assert (row["last_refresh_at"], row["description"]) == (shop.now, "")
    assert policy(shop, row["segment_id"]) == Policy(OnExit.STOP)


def test_stored_conditions_keep_their_bytes(sales: SalesBuilder, shop: ShopBuilder) -> None:
    stored = json.dumps({"type": "", "aggregator": "all", "value": 1, "conditions": []}, indent=3)
    shop.segment("VIP", conditions_serialized=stored, website_ids="1")

    apply(shop, "segments:\n- name: VIP\n  active: false\n  conditions: {all: []}\n")

    row = shop.row(shop.tables.segment)
    assert (row["is_active"], row["conditions_serialized"]) == (0, stored)


def test_conditions_that_cannot_be_read_are_replaced(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    shop.segment("VIP", conditions_serialized="rubbish", website_ids="1")

    with pytest.raises(ConditionError, match="'VIP': The stored conditions cannot be read"):
        export(shop)
    [done] = apply(shop, VIP)

    assert done.changes[-1].before == "(unreadable)"
    assert "lifetime" in export(shop, "vip")


def test_a_dry_run_tells_and_writes_nothing(sales: SalesBuilder, shop: ShopBuilder) -> None:
    [done] = apply(shop, VIP, dry_run=True)

    assert (done.id, done.outcome) == (None, "created")
    assert shop.rows(shop.tables.segment) == []


def test_every_fault_is_told_and_nothing_is_written(sales: SalesBuilder, shop: ShopBuilder) -> None:
    shop.segment("Twice")
    shop.segment("twice")

    told = faults(shop, VIP + """\
  - name: Bad
    websites: [base, nowhere, 7]
    customer groups: [Wholesale]
    active: maybe
    conditions:
      any:
        - order: grand total > much
        - cart: minutes since updated contains 5
  - name: New
  - name: Twice
""")  # fmt: skip

    assert [int(fault.split(":")[1]) for fault in told] == [17, 17, 18, 19, 22, 23, 24, 25]
    assert "The shop has no website 'nowhere'; there are base (1)." in told[1]
    assert "'New' is a new segment, which needs 'websites', 'conditions'." in told[6]


@pytest.mark.parametrize("prefix", ["maho_"])
@pytest.mark.parametrize("file", [VIP, ABANDONED])
def test_an_old_maho_gets_php(mariadb_shop: ShopBuilder, prefix: str, file: str) -> None:
    SalesBuilder(mariadb_shop)
    queue = mariadb_shop.tables.queue.name
    modify = f"ALTER TABLE {queue} MODIFY queue_start_at {{}} NULL"
    mariadb_shop.database.transact(lambda c: c.execute(text(modify.format("TIMESTAMP"))))
    try:
        apply(mariadb_shop, file)
    finally:
        mariadb_shop.database.transact(lambda c: c.execute(text(modify.format("DATETIME"))))

    stored = mariadb_shop.row(mariadb_shop.tables.segment)["conditions_serialized"]
    assert stored.startswith('a:7:{s:4:"type";')
    assert export(mariadb_shop) == file


@pytest.mark.parametrize("mode", ["", "STRICT_ALL_TABLES"])
def test_what_the_database_cannot_store_is_refused(mariadb_shop: ShopBuilder, mode: str) -> None:
    SalesBuilder(mariadb_shop)
    engine = mariadb_shop.database.engine
    event.listen(engine, "begin", lambda c: c.exec_driver_sql(f"SET sql_mode = '{mode}'"))

    [fault] = faults(mariadb_shop, VIP.replace("Spent a lot", "Spent 💰"))

    assert "The database cannot store 'VIP' as it is in the file." in fault


def test_a_code_that_two_groups_have_is_exported_as_an_id(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    group = {"customer_group_id": 2, "customer_group_code": "General"}
    shop.database.transact(lambda c: c.execute(insert(shop.tables.customer_group), [group]))
    file = VIP.replace("[General]", "[2]")

    apply(shop, file)

    assert export(shop, "VIP") == file


def test_an_unknown_segment_is_not_exported(shop: ShopBuilder) -> None:
    with pytest.raises(InputError, match="There is no segment 'VIP'"):
        export(shop, "VIP")
