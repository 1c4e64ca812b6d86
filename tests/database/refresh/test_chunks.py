"""Large refreshes, which go in several transactions; only on a server, which has row locks."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, text

from segmail.clock import Clock
from segmail.maho.db.database import Database
from segmail.maho.policies import Goal
from segmail.maho.shop import Shop
from segmail.segments.refresh import (
    Choice,
    Refreshed,
    RefreshOptions,
    RefreshState,
    refresh_segments,
)
from tests.database.refresh.crowd import Crowd
from tests.database.refresh.interrupting import NEXT_CHUNK, before, locked, refused
from tests.database.refresh.refreshing import (
    IN,
    OUT,
    decide,
    matching_group,
    members,
    move,
    order,
    refresh_one,
    scheduled,
)
from tests.program import run, start
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

NOW = {"SEGMAIL_NOW": "2026-03-10 12:00"}


@pytest.fixture
def other(mariadb_shop: ShopBuilder) -> Iterator[Database]:
    """Somebody else who works on the same database."""
    database = Database(mariadb_shop.url)
    yield database
    database.close()


@pytest.fixture
def six(mariadb_shop: ShopBuilder) -> list[int]:
    """Six customers who are to enter the shop's one segment, with a step: two chunks of three."""
    mariadb_shop.step(mariadb_shop.segment())
    return [mariadb_shop.customer(f"c{n}@example.test") for n in range(6)]


def test_accounts_of_a_chunk_are_free_while_the_next_one_is_written(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    customer, seen = mariadb_shop.tables.customer, []

    with before(
        mariadb_shop,
        "INSERT INTO customer_segment_sequence_progress",
        lambda: seen.append(locked(other, customer, "entity_id")),
    ):
        refresh_one(mariadb_shop, chunk=3)

    assert seen == [set(six[3:])]


def test_another_refresh_finds_the_segment_taken_between_two_chunks(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    second: list[Refreshed] = []

    with before(
        mariadb_shop, NEXT_CHUNK, lambda: second.append(refresh_as(other, mariadb_shop, chunk=3))
    ):
        done = refresh_one(mariadb_shop, chunk=3)

    assert [one.state for one in second] == [RefreshState.BUSY]
    assert (done.state, done.enrolled) == (RefreshState.REFRESHED, 6)
    assert refresh_as(other, mariadb_shop).state is RefreshState.REFRESHED
    assert scheduled(mariadb_shop) == [(id, "enter", 1) for id in six]


def test_a_cluster_that_forbids_named_locks_is_refreshed_all_the_same(
    mariadb_shop: ShopBuilder, six: list[int]
) -> None:
    """Percona XtraDB Cluster does, unless `pxc_strict_mode` is changed."""
    with refused(mariadb_shop, "SELECT get_lock", number=1105):
        done = refresh_one(mariadb_shop, chunk=3)

    assert (done.state, done.enrolled) == (RefreshState.REFRESHED, 6)


def test_nobody_changes_the_segment_between_two_chunks_maho_neither(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    segment, seen = mariadb_shop.tables.segment, []

    with before(
        mariadb_shop, NEXT_CHUNK, lambda: seen.append(locked(other, segment, "segment_id"))
    ):
        refresh_one(mariadb_shop, chunk=3)

    assert seen == [{1}]
    assert locked(other, segment, "segment_id") == set()


def test_whoever_saved_the_segment_before_the_first_chunk_comes_first(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    """Maho's refresh begins so, and then looks up who is a member."""
    segment = mariadb_shop.tables.segment
    as_loaded = mariadb_shop.row(segment)

    def save() -> None:
        other.transact(lambda maho: maho.execute(segment.update().values(as_loaded)))

    with before(mariadb_shop, "SELECT customer_segment.updated_at", save, number=1):
        done = refresh_one(mariadb_shop, chunk=3)

    assert (done.state, members(mariadb_shop, 1)) == (RefreshState.UNFINISHED, set())
    assert refresh_one(mariadb_shop, chunk=3).enrolled == 6


def test_who_is_changed_between_two_chunks_is_looked_at_again(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    added, unsubscribed, deleted = six[3:]
    tables = mariadb_shop.tables

    def change() -> None:
        times = {"added_at": mariadb_shop.now, "updated_at": mariadb_shop.now}
        with other.engine.begin() as maho:
            row = {"segment_id": 1, "customer_id": added, "website_id": 1, **times}
            maho.execute(insert(tables.member), [row])
            maho.execute(
                delete(tables.subscriber).where(tables.subscriber.c.customer_id == unsubscribed)
            )
            maho.execute(delete(tables.customer).where(tables.customer.c.entity_id == deleted))

    with before(mariadb_shop, NEXT_CHUNK, change):
        done = refresh_one(mariadb_shop, chunk=3)

    assert (done.entered, done.enrolled, done.not_enrolled) == (4, 3, {"not subscribed": 1})
    assert members(mariadb_shop, 1) == {*six[:3], added, unsubscribed}
    assert scheduled(mariadb_shop) == [(id, "enter", 1) for id in six[:3]]


def test_a_chunk_that_is_repeated_counts_once(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    customer = mariadb_shop.tables.customer
    gone = delete(customer).where(customer.c.entity_id == six[4])

    def remove() -> None:
        other.transact(lambda connection: connection.execute(gone))

    with before(mariadb_shop, "INSERT INTO customer_segment_customer", remove):
        done = refresh_one(mariadb_shop, chunk=3)

    assert (done.entered, done.enrolled) == (5, 5)
    assert scheduled(mariadb_shop) == [(id, "enter", 1) for id in six if id != six[4]]


def test_steps_that_are_changed_end_the_refresh_and_the_next_one_does_the_rest(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    steps = mariadb_shop.tables.sequence

    def add_delay() -> None:
        other.transact(
            lambda connection: connection.execute(steps.update().values(delay_minutes=5))
        )

    with before(mariadb_shop, NEXT_CHUNK, add_delay, number=1):
        done = refresh_one(mariadb_shop, chunk=3)
    status = mariadb_shop.row(mariadb_shop.tables.segment)["refresh_status"]
    rest = refresh_one(mariadb_shop, chunk=3)

    assert (done.state, done.entered, status) == (RefreshState.UNFINISHED, 3, "pending")
    assert "changed meanwhile" in str(done.reason)
    assert (rest.state, rest.entered, len(scheduled(mariadb_shop))) == (
        RefreshState.REFRESHED,
        3,
        6,
    )


@pytest.mark.parametrize("chunks", [0, 1])
def test_a_signal_ends_it_after_the_chunk(
    mariadb_shop: ShopBuilder, six: list[int], chunks: int
) -> None:
    looks = iter([False, *[False] * chunks, True])

    [done] = refresh_segments(
        mariadb_shop.shop,
        Choice(),
        RefreshOptions(chunk=3),
        clock=Clock(mariadb_shop.now),
        matching=matching_group(mariadb_shop),
        is_stopping=lambda: next(looks),
    )

    assert (done.state, done.enrolled) == (RefreshState.UNFINISHED, 3 * chunks)
    assert (refresh_one(mariadb_shop, chunk=3).enrolled, members(mariadb_shop, 1)) == (
        6 - 3 * chunks,
        set(six),
    )
    assert scheduled(mariadb_shop) == [(id, "enter", 1) for id in six]


def test_a_lost_connection_keeps_the_chunks_that_were_committed(
    mariadb_shop: ShopBuilder, other: Database, six: list[int]
) -> None:
    with before(mariadb_shop, NEXT_CHUNK, lambda: kill_the_others(other)):
        done = refresh_one(mariadb_shop, chunk=3)
    kept = members(mariadb_shop, 1)
    rest = refresh_one(mariadb_shop, chunk=3)

    assert (done.state, done.exit_code, kept) == (RefreshState.FAILED, 75, set(six[:3]))
    assert (rest.state, rest.enrolled) == (RefreshState.REFRESHED, 3)
    assert scheduled(mariadb_shop) == [(id, "enter", 1) for id in six]


def test_the_blast_guard_is_asked_before_the_first_chunk(
    mariadb_shop: ShopBuilder, six: list[int]
) -> None:
    refused = refresh_one(mariadb_shop, chunk=3, enrol_limit=5)

    assert (refused.state, len(members(mariadb_shop, 1))) == (RefreshState.WAITING, 6)
    assert refresh_one(mariadb_shop, chunk=3, enrol_limit=6).enrolled == 6


def test_the_blast_guard_counts_who_would_be_enrolled_not_who_enters(
    mariadb_shop: ShopBuilder, six: list[int]
) -> None:
    mariadb_shop.customer(subscribed=False)

    done = refresh_one(mariadb_shop, chunk=3, enrol_limit=6)

    assert (done.state, done.entered, done.enrolled) == (RefreshState.REFRESHED, 7, 6)


@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_a_refresh_tells_and_does_the_same_in_chunks_of_any_size(
    mariadb_shop: ShopBuilder, chunk: int
) -> None:
    segment = mariadb_shop.segment(allow_overlapping_sequences=0)
    mariadb_shop.step(segment)
    mariadb_shop.step(segment, trigger="exit")
    decide(mariadb_shop, segment, goal=Goal.ORDER)
    order(mariadb_shop, 4711, at=mariadb_shop.now)
    people = [
        mariadb_shop.customer(subscribed=n != 2, group_id=IN if n < 6 else OUT) for n in range(9)
    ]
    refresh_one(mariadb_shop, chunk=chunk)
    for id in people[:5]:
        move(mariadb_shop, id, OUT)
    for id in people[6:]:
        move(mariadb_shop, id, IN)
    order(mariadb_shop, people[0], at=mariadb_shop.now)

    told = refresh_one(mariadb_shop, minutes=15, chunk=chunk, dry_run=True)
    done = refresh_one(mariadb_shop, minutes=15, chunk=chunk)

    assert replace(told, seconds=0) == replace(done, seconds=0)
    assert (done.members, done.entered, done.left, done.enrolled) == (4, 3, 5, 7)
    assert (done.stopped, done.ordered, done.not_enrolled) == (3, 1, {"not subscribed": 1})
    assert members(mariadb_shop, segment) == {people[5], *people[6:]}
    assert mariadb_shop.row(mariadb_shop.tables.segment)["refresh_status"] == "completed"


def test_sigterm_ends_the_program_in_order(mariadb_shop: ShopBuilder, tmp_path: Path) -> None:
    crowd = Crowd(mariadb_shop, 400)
    crowd.move(200)
    config = tmp_path / "small-chunks.toml"
    config.write_text("[segments]\nchunk = 1\n")
    small = {**NOW, "SEGMAIL_CONFIG": str(config)}
    before = members(mariadb_shop, crowd.segment_id)

    with start(mariadb_shop.url, tmp_path, "refresh-segments", env=small) as process:
        while process.poll() is None and members(mariadb_shop, crowd.segment_id) == before:
            pass
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate()
    now = members(mariadb_shop, crowd.segment_id)
    rows = crowd.rows()
    run(mariadb_shop.url, tmp_path, "refresh-segments", env=NOW)

    assert (process.returncode, err, rows) == (0, "", crowd.rows_of(now))
    assert (
        "stopped by a signal; the next run does the rest" in (tmp_path / "segmail.log").read_text()
    )
    assert crowd.rows() == crowd.expected_rows()


def refresh_as(database: Database, shop: ShopBuilder, **options: Any) -> Refreshed:
    """Refresh on connections of somebody else's."""
    [done] = refresh_segments(
        Shop(database, shop.tables),
        Choice(),
        RefreshOptions(**options),
        clock=Clock(shop.now),
        matching=matching_group(shop),
    )
    return done


def kill_the_others(database: Database) -> None:
    with database.read() as connection:
        mine = connection.scalar(text("SELECT CONNECTION_ID()"))
        threads = connection.execute(
            text(
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id != :me"
            ),
            {"me": mine},
        )
        for (id,) in threads.all():
            connection.exec_driver_sql(f"KILL {id}")
