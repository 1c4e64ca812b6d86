"""Scheduling failed steps again: which ones, and what becomes of the rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from segmail.errors import InputError
from segmail.history import retry
from segmail.history.failures import Failure, FailureFilter, load_failures
from segmail.history.retry import RetryRequest, find_failures, schedule_again
from segmail.maho import progress
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.schema.tables import Layout
from tests.database.history.failed import INTERRUPTED, failed, problem
from tests.database.long_table import fill, rows_read
from tests.shop_builder import ShopBuilder


@pytest.fixture
def step(shop: ShopBuilder) -> int:
    return shop.step(shop.segment("VIP"))


def ids(shop: ShopBuilder, **asked: Any) -> list[int]:
    return [
        failure.progress_id for failure in find_failures(shop.shop, RetryRequest(**asked)).failures
    ]


def everything(shop: ShopBuilder) -> tuple[Failure, ...]:
    return find_failures(shop.shop, RetryRequest(everything=True)).failures


def again(shop: ShopBuilder, failures: tuple[Failure, ...]) -> int:
    return schedule_again(shop.shop, failures, due_at=shop.now, now=shop.now)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("prefix", ["", "m_"])
def test_each_selector_finds_its_own(shop: ShopBuilder) -> None:
    vip, new = shop.segment("VIP"), shop.segment("New")
    first, second, third = shop.step(vip), shop.step(vip, number=2), shop.step(new)
    ada = shop.customer("ada@example.test")
    early = shop.now - timedelta(days=2)
    one = failed(shop, first, "550 No such user", customer=ada, at=early)
    two = failed(shop, second, INTERRUPTED)
    three = failed(shop, third, "Sales rule 3 is not active.")

    assert ids(shop, step="VIP:enter:1") == ids(shop, step=str(first)) == [one]
    assert ids(shop, segment="vip") == [one, two]
    assert ids(shop, customer="ADA@example.test") == [one]
    assert ids(shop, reason="SALES RULE") == [three]
    assert ids(shop, until=shop.now - timedelta(days=1)) == [one]
    assert ids(shop, since=shop.now, reason="interrupted") == [two]
    assert ids(shop, progress_ids=(three, one)) == [one, three]
    assert ids(shop, everything=True) == [one, two, three]


def test_a_part_of_a_reason_is_taken_by_the_letter(shop: ShopBuilder, step: int) -> None:
    failed(shop, step, "550 No such user")
    percent = failed(shop, step, "The coupon '100%_off' is over.")

    assert ids(shop, reason="100%_off") == [percent]
    assert ids(shop, reason="%such%") == []


def test_only_the_reason_of_the_last_try_counts(shop: ShopBuilder, step: int) -> None:
    row = failed(shop, step, "451 Try later")
    problem(shop, shop.progress(row)["queue_id"], "given up after 2 tries: 452 Full")

    assert ids(shop, reason="451") == []
    assert ids(shop, reason="452") == [row]


@pytest.mark.parametrize("asked", [{}, {"everything": True, "reason": "550"}])
def test_a_person_must_say_which(shop: ShopBuilder, asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--all-failed"):
        find_failures(shop.shop, RetryRequest(**asked))


def test_a_listing_says_what_a_person_should_know(shop: ShopBuilder) -> None:
    segment = shop.segment("VIP", automation=False)
    row = failed(shop, shop.step(segment, is_active=0), INTERRUPTED)

    [failure] = everything(shop)

    assert (failure.progress_id, failure.step, failure.failed_at) == (row, "VIP:enter:1", shop.now)
    assert failure.may_have_arrived
    assert failure.notes == (
        "may have arrived",
        "has left the segment",
        "the step is switched off",
        "held: the segment is switched off",
    )


def test_a_member_of_a_segment_that_sends_needs_no_note(shop: ShopBuilder, step: int) -> None:
    customer = shop.customer()
    shop.insert(
        shop.tables.member,
        segment_id=1,
        customer_id=customer,
        website_id=1,
        added_at=shop.now,
        updated_at=shop.now,
    )
    failed(shop, step, customer=customer)

    assert everything(shop)[0].notes == ()


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(
    ("used", "note"), [(1, "has arrived: its coupon was used"), (0, "may have arrived")]
)
def test_a_used_coupon_proves_that_an_interrupted_mail_arrived(
    shop: ShopBuilder, used: int, note: str
) -> None:
    rule = shop.rule()
    step = shop.step(shop.segment("VIP"), rule_id=rule, coupon_prefix="VIP")
    row = failed(shop, step, INTERRUPTED, customer=shop.customer())
    code = "VIP1BCDFGHJKMN"
    shop.insert(
        shop.tables.coupon, rule_id=rule, code=code, times_used=used, type=1, created_at=shop.now
    )
    where = {"queue_id": shop.progress(row)["queue_id"]}
    shop.change(shop.tables.queue, where, newsletter_text=f"<p>{code}</p>")

    assert everything(shop)[0].notes[0] == note


@pytest.mark.parametrize("status", ["sent", "skipped", "scheduled"])
def test_what_has_not_failed_is_left_alone_and_told(
    shop: ShopBuilder, step: int, status: str
) -> None:
    row = shop.due(step, shop.customer(), status=status)

    found = find_failures(shop.shop, RetryRequest(progress_ids=(row,)))

    assert found.failures == ()
    assert found.refused == (f"Progress {row} is left alone: it is {status}, not failed.",)


@pytest.mark.parametrize("open_", [QueueStatus.NEVER, QueueStatus.SENDING, QueueStatus.PAUSE])
def test_what_mahos_newsletter_cron_may_still_send_is_left_alone(
    shop: ShopBuilder, step: int, open_: QueueStatus
) -> None:
    row = failed(shop, step, queue_status=open_)

    found = find_failures(shop.shop, RetryRequest(progress_ids=(row,)))

    assert found.failures == ()
    assert "its attempt is still open" in found.refused[0]


def test_a_progress_row_that_does_not_exist_is_an_error(shop: ShopBuilder) -> None:
    with pytest.raises(InputError, match="no progress row 8, 9"):
        find_failures(shop.shop, RetryRequest(progress_ids=(9, 8)))


def test_a_scheduled_row_keeps_its_attempt_and_is_due(shop: ShopBuilder, step: int) -> None:
    row = failed(shop, step)
    before = shop.progress(row)

    assert again(shop, everything(shop)) == 1

    assert shop.progress(row) == before | {"status": "scheduled", "scheduled_at": shop.now}
    assert [text["problem_error_text"] for text in shop.rows(shop.tables.problem)] == [
        "550 5.1.1 No such user",
        "scheduled again by segmail retry at 2026-03-10 12:00 UTC",
    ]


def test_a_row_without_an_attempt_is_scheduled_too(shop: ShopBuilder, step: int) -> None:
    row = shop.due(step, shop.customer(), status="failed")

    assert everything(shop)[0].reason is None
    assert again(shop, everything(shop)) == 1
    assert shop.status(row) == "scheduled"
    assert shop.rows(shop.tables.problem) == []


def test_two_persons_at_once_schedule_a_row_once(shop: ShopBuilder, step: int) -> None:
    failed(shop, step)
    listed = everything(shop)

    assert (again(shop, listed), again(shop, listed)) == (1, 0)
    assert len(shop.rows(shop.tables.problem)) == 2


def test_a_row_that_failed_once_more_since_it_was_listed_is_left_alone(
    shop: ShopBuilder, step: int
) -> None:
    row = failed(shop, step)
    listed = everything(shop)
    problem(shop, shop.progress(row)["queue_id"], INTERRUPTED)

    assert again(shop, listed) == 0
    assert shop.status(row) == "failed"


def test_many_rows_go_in_chunks_with_the_same_statements_each(
    shop: ShopBuilder, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_CHUNK", 4)
    for _ in range(10):
        failed(shop, step)
    listed = everything(shop)
    statements: list[str] = []
    advanced: list[int] = []
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2].split()[0])
    )

    schedule_again(shop.shop, listed, due_at=shop.now, now=shop.now, advance=advanced.append)

    assert advanced == [4, 4, 2]
    assert [s for s in statements if s != "BEGIN"] == ["SELECT", "SELECT", "INSERT", "UPDATE"] * 3


@pytest.mark.parametrize(
    ("segments", "analyzed"),
    [
        (1, True),
        (20, False),
        pytest.param(1, False, marks=pytest.mark.thorough),
        pytest.param(20, True, marks=pytest.mark.thorough),
    ],
)
def test_only_the_failed_steps_of_a_long_table_are_read(
    mariadb_shop: ShopBuilder, segments: int, analyzed: bool
) -> None:
    shop = mariadb_shop
    fill(shop, segments=segments, analyzed=analyzed)
    found: list[Failure] = []

    with shop.read() as tx:
        chosen = FailureFilter(until=shop.now)
        read = rows_read(tx.connection, lambda: found.extend(load_failures(tx, chosen)))

    assert len(found) == 50
    assert read < 1_000


def test_no_more_failed_steps_are_read_than_are_scheduled_at_a_time(
    mariadb_shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = mariadb_shop
    fill(shop)
    for row in shop.rows(shop.tables.progress, status="failed"):
        problem(shop, row["queue_id"], "550 No such user")
    monkeypatch.setattr(progress, "_MANY", 1_000)
    hour = timedelta(hours=1)

    def reads(**asked: Any) -> tuple[int, int]:
        with shop.read() as tx:
            found: list[Failure] = []
            chosen = FailureFilter(**asked)
            read = rows_read(tx.connection, lambda: found.extend(load_failures(tx, chosen)))
        return len(found), read

    for asked in ({"reason": "550"}, {}):
        number, read = reads(limit=5, **asked)
        assert (number, read < 150) == (5, True)
    number, read = reads(since=shop.now - 5 * hour, lateness=hour)
    assert (number, read < 150) == (3, True)
    assert find_failures(shop.shop, RetryRequest(everything=True, limit=49)).more
    assert not find_failures(shop.shop, RetryRequest(everything=True, limit=50)).more
