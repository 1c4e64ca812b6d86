"""Refreshes that are killed, that overlap, and that run beside `process-emails`."""

from __future__ import annotations

import random
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, create_engine, event, insert, select
from sqlalchemy.exc import OperationalError

from segmail.clock import Clock
from segmail.maho.schema.transaction import Transaction
from segmail.segments.refresh import (
    Candidate,
    Choice,
    RefreshOptions,
    RefreshState,
    refresh_segments,
)
from tests.database.refresh.crowd import Crowd
from tests.database.refresh.refreshing import (
    matching_group,
    members,
    refresh_one,
    scheduled,
)
from tests.program import run, start
from tests.shop_builder import ShopBuilder
from tests.thorough import by_far

pytestmark = pytest.mark.both_engines

NOW = {"SEGMAIL_NOW": "2026-03-10 12:00"}
REFRESH = ("refresh-segments",)


def begin(shop: ShopBuilder, folder: Path, *command: str) -> subprocess.Popen[str]:
    """Start the program; on a server a refresh of these crowds goes in several chunks."""
    (folder / "segmail.toml").write_text("[segments]\nchunk = 15\n")
    return start(shop.url, folder, *command, env={**NOW, **mails(folder)})


def mails(folder: Path) -> dict[str, str]:
    return {"SEGMAIL_SMTP_URL": f"file://{folder}/mails"}


def test_a_refresh_killed_at_any_moment_loses_and_repeats_nothing(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    shop = mariadb_shop
    crowd, chance = Crowd(shop, 1_200), random.Random(20260310)  # noqa: S311 - not a secret
    killed = 0
    for _ in range(by_far(3, 6)):
        crowd.move(40)
        with begin(shop, tmp_path, *REFRESH) as process:
            try:
                process.wait(timeout=chance.uniform(0.02, 0.4))
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
            process.communicate()

    done = run(shop.url, tmp_path, *REFRESH, env=NOW)

    assert (done.returncode, done.stderr, killed > 0) == (0, "", True)
    assert members(shop, crowd.segment_id) == crowd.expected_members()
    assert crowd.rows() == crowd.expected_rows()
    assert shop.row(shop.tables.segment)["refresh_status"] == "completed"


def test_two_refreshes_at_once_enrol_everybody_once(shop: ShopBuilder, tmp_path: Path) -> None:
    crowd = Crowd(shop, 600)
    for _ in range(by_far(1, 2)):
        crowd.move(100)
        both = [begin(shop, tmp_path, *REFRESH) for _ in range(2)]
        ended = [(process.communicate(), process.returncode) for process in both]
        assert [(err, code) for (_, err), code in ended] == [("", 0)] * 2

    run(shop.url, tmp_path, *REFRESH, env=NOW)

    assert members(shop, crowd.segment_id) == crowd.expected_members()
    assert crowd.rows() == crowd.expected_rows()


def test_beside_process_emails_who_leaves_is_sent_a_step_or_stopped(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    crowd = Crowd(shop, 600)
    crowd.move(150)
    sending = begin(shop, tmp_path, "process-emails", "--limit", "0")
    refreshing = begin(shop, tmp_path, *REFRESH)
    for process in (sending, refreshing):
        _out, err = process.communicate()
        assert (process.returncode, err) == (0, "")

    rows = crowd.rows()

    first = crowd.enter[0]
    for id in crowd.inside:
        ends = {status for (who, step, status) in rows if (who, step) == (id, first)}
        assert ends <= ({"sent", "skipped"} if id in crowd.left else {"sent", "scheduled"})
    sent = sum(count for (_, _, status), count in rows.items() if status == "sent")
    assert len(list((tmp_path / "mails").glob("*.eml"))) == sent
    assert members(shop, crowd.segment_id) == crowd.expected_members()


def test_a_segment_that_somebody_works_on_is_left_to_them(mariadb_shop: ShopBuilder) -> None:
    shop = mariadb_shop
    segment = shop.segment()
    shop.customer()
    c = shop.tables.segment.c
    with shop.database.engine.begin() as other:
        other.execute(shop.tables.segment.select().where(c.segment_id == segment).with_for_update())

        done = refresh_one(shop)

    assert (done.state, done.exit_code) == (RefreshState.BUSY, 0)
    assert members(shop, segment) == set()


def test_mahos_own_refresh_cannot_add_members_while_one_is_at_work(
    mariadb_shop: ShopBuilder,
) -> None:
    shop = mariadb_shop
    segment = shop.segment()
    shop.step(segment)
    ada = shop.customer()
    group, refused = matching_group(shop), []

    def matching(
        tx: Transaction, candidate: Candidate, now: datetime, among: Any = None
    ) -> Select[Any]:
        assert among is None
        row = {"segment_id": segment, "customer_id": ada, "website_id": 1}
        times = {"added_at": now, "updated_at": now}
        with shop.database.engine.connect() as maho:
            maho.exec_driver_sql("SET innodb_lock_wait_timeout = 1")
            with pytest.raises(OperationalError) as waited:
                maho.execute(insert(shop.tables.member), [{**row, **times}])
            refused.append(waited.value.orig)
        found: Select[Any] = group(tx, candidate, now)
        return found

    [done] = refresh_segments(
        shop.shop, Choice(), RefreshOptions(), clock=Clock(shop.now), matching=matching
    )

    assert [error.args[0] for error in refused if error] == [1205]
    assert (done.enrolled, scheduled(shop)) == (1, [(ada, "enter", 1)])


def test_where_foreign_keys_are_missing_who_loses_the_race_looks_again(
    mariadb_shop: ShopBuilder,
) -> None:
    shop = mariadb_shop
    segment = shop.segment()
    shop.step(segment)
    row = {"segment_id": segment, "customer_id": shop.customer(), "website_id": 1}
    maho = create_engine(shop.url)

    def add_first(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {shop.tables.member.name}") and not count_members():
            with maho.begin() as connection:
                connection.exec_driver_sql("SET foreign_key_checks = 0")
                times = {"added_at": shop.now, "updated_at": shop.now}
                connection.execute(insert(shop.tables.member), [{**row, **times}])

    def count_members() -> int:
        with maho.connect() as connection:
            return len(connection.execute(select(shop.tables.member)).all())

    event.listen(shop.database.engine, "before_cursor_execute", add_first)

    done = refresh_one(shop)

    maho.dispose()
    assert (done.state, done.entered, scheduled(shop)) == (RefreshState.REFRESHED, 0, [])


def test_members_that_maho_added_first_are_not_enrolled_a_second_time(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment)
    row = {"segment_id": segment, "customer_id": shop.customer(), "website_id": 1}
    times = {"added_at": shop.now, "updated_at": shop.now}
    shop.insert_all(shop.tables.member, [{**row, **times}])

    assert refresh_one(shop).entered == 0
    assert scheduled(shop) == []
