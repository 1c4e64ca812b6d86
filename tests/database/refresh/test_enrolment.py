"""Whom a refresh enrols, and whose steps it stops."""

from __future__ import annotations

from datetime import timedelta

import pytest

from segmail.maho.policies import Goal
from segmail.maho.schema.tables import Layout
from segmail.segments.refresh import RefreshState
from tests.database.refresh.refreshing import (
    IN,
    OUT,
    decide,
    members,
    move,
    order,
    refresh_one,
    scheduled,
)
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

BOTH = pytest.mark.parametrize("layout", list(Layout))
PREFIXES = pytest.mark.parametrize("prefix", ["", "maho_"])
SHIPPED = pytest.mark.parametrize("layout", [Layout.SHIPPED])


@BOTH
@PREFIXES
def test_who_enters_gets_every_active_step_reckoned_from_now(shop: ShopBuilder) -> None:
    segment = shop.segment()
    soon = shop.step(segment, number=1, delay_minutes=60)
    shop.step(segment, number=2, is_active=0)
    later = shop.step(segment, number=3, delay_minutes=3 * 1440)
    ada = shop.customer()

    assert refresh_one(shop).enrolled == 1

    first, second = shop.rows(shop.tables.progress)
    assert first | {"progress_id": 0} == {
        "progress_id": 0,
        "customer_id": ada,
        "segment_id": segment,
        "sequence_id": soon,
        "queue_id": None,
        "step_number": 1,
        "trigger_type": "enter",
        "status": "scheduled",
        "created_at": shop.now,
        "scheduled_at": shop.now + timedelta(hours=1),
        "sent_at": None,
    }
    assert (second["sequence_id"], second["step_number"]) == (later, 3)
    assert second["scheduled_at"] == shop.now + timedelta(days=3)


def test_who_stays_is_not_enrolled_again(shop: ShopBuilder) -> None:
    shop.step(shop.segment())
    ada = shop.customer()
    refresh_one(shop)

    refresh_one(shop, minutes=15)

    assert scheduled(shop) == [(ada, "enter", 1)]


def test_only_subscribed_customers_are_enrolled_but_all_are_members(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment)
    ada, never = shop.customer(), shop.customer(subscribed=False)
    gone = shop.customer("bob@example.test", subscribed=False)
    shop.subscriber(gone, "bob@example.test", status=3)
    shop.subscriber(gone, "other@example.test", status=1)

    done = refresh_one(shop)

    assert scheduled(shop) == [(ada, "enter", 1)]
    assert done.not_enrolled == {"not subscribed": 2}
    assert members(shop, segment) == {ada, never, gone}


def test_a_subscription_with_another_address_counts_where_there_is_no_own(
    shop: ShopBuilder,
) -> None:
    shop.step(shop.segment())
    ada = shop.customer("ada@example.test", subscribed=False)
    shop.subscriber(ada, "ADA@work.test")

    assert refresh_one(shop).enrolled == 1


@SHIPPED
def test_who_leaves_is_stopped_and_gets_the_exit_steps(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment, number=1, delay_minutes=60)
    shop.step(segment, number=1, trigger="exit")
    ada = shop.customer()
    refresh_one(shop)
    move(shop, ada, OUT)

    done = refresh_one(shop, minutes=15)

    assert (done.left, done.stopped, done.enrolled) == (1, 1, 1)
    assert scheduled(shop) == [(ada, "exit", 1)]
    [skipped] = shop.rows(shop.tables.progress, status="skipped")
    assert skipped["trigger_type"] == "enter"


@pytest.mark.parametrize("layout", [Layout.SPEC])
def test_in_the_specifications_layout_the_segment_has_the_trigger(shop: ShopBuilder) -> None:
    shop.step(shop.segment(trigger="exit"))
    ada = shop.customer()

    entered = refresh_one(shop)
    move(shop, ada, OUT)
    left = refresh_one(shop, minutes=15)

    assert (entered.enrolled, entered.not_enrolled, left.enrolled) == (0, {}, 1)
    assert scheduled(shop) == [(ada, "exit", 1)]


def test_an_account_that_was_switched_off_leaves_without_an_exit_mail(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment, trigger="exit")
    ada = shop.customer()
    refresh_one(shop)
    shop.change(shop.tables.customer, {"entity_id": ada}, is_active=0)

    done = refresh_one(shop)

    assert (done.left, done.not_enrolled) == (1, {"whose account is inactive or gone": 1})


@SHIPPED
@pytest.mark.parametrize(("overlap", "rows"), [(0, 1), (1, 2)])
def test_overlap_means_what_its_name_says(shop: ShopBuilder, overlap: int, rows: int) -> None:
    segment = shop.segment(allow_overlapping_sequences=overlap)
    step = shop.step(segment)
    ada = shop.customer(group_id=OUT)
    shop.due(step, ada, scheduled_at=shop.now + timedelta(days=1))
    move(shop, ada, IN)

    done = refresh_one(shop)

    assert len(scheduled(shop)) == rows
    assert done.not_enrolled == ({} if overlap else {"with steps still scheduled": 1})


@pytest.mark.parametrize("overlap", [0, 1])
def test_who_comes_back_after_the_last_step_is_enrolled_again_if_it_may_be_sent_again(
    shop: ShopBuilder, overlap: int
) -> None:
    segment = shop.segment(allow_overlapping_sequences=overlap)
    ada = shop.customer()
    shop.due(shop.step(segment, max_sends=2), ada, status="sent")

    assert refresh_one(shop).enrolled == 1


@BOTH
@pytest.mark.parametrize("max_sends", [1, 2])
def test_who_has_used_up_a_step_is_not_enrolled_even_in_steps_added_later(
    shop: ShopBuilder, max_sends: int
) -> None:
    segment = shop.segment()
    first = shop.step(segment, number=1, max_sends=max_sends)
    ada, bob = shop.customer(), shop.customer()
    for _ in range(max_sends):
        shop.due(first, ada, status="sent")
    shop.due(first, bob, status="failed")
    shop.step(segment, number=2)

    done = refresh_one(shop)

    assert done.not_enrolled == {"who had all sends of a step before": 1}
    assert scheduled(shop) == [(bob, "enter", 1), (bob, "enter", 2)]


def test_a_step_that_is_switched_off_uses_nothing_up(shop: ShopBuilder) -> None:
    segment = shop.segment()
    first = shop.step(segment, number=1, is_active=0)
    shop.step(segment, number=2)
    ada = shop.customer()
    shop.due(first, ada, status="sent")

    assert refresh_one(shop).enrolled == 1


def _unconfirmed(shop: ShopBuilder) -> int:
    ada = shop.customer()
    shop.change(shop.tables.subscriber, {"customer_id": ada}, subscriber_status=4)
    return ada


def _confirm(shop: ShopBuilder, customer_id: int) -> None:
    shop.change(shop.tables.subscriber, {"customer_id": customer_id}, subscriber_status=1)


@BOTH
@pytest.mark.parametrize(("days", "enrolled"), [(6, 1), (8, 0)])
def test_who_confirms_a_subscription_after_entering_is_enrolled_for_some_days(
    shop: ShopBuilder, days: int, enrolled: int
) -> None:
    shop.step(shop.segment())
    ada = _unconfirmed(shop)
    assert refresh_one(shop).not_enrolled == {"not subscribed": 1}
    _confirm(shop, ada)

    done = refresh_one(shop, minutes=days * 1440)

    assert (done.entered, done.enrolled, done.late) == (0, enrolled, enrolled)
    assert refresh_one(shop, minutes=days * 1440 + 15).enrolled == 0


@pytest.mark.parametrize("why", ["automation", "no_enrol", "ordered"])
def test_who_was_not_enrolled_for_another_reason_is_not_enrolled_late(
    shop: ShopBuilder, why: str
) -> None:
    segment = shop.segment(automation=why != "automation")
    shop.step(segment)
    decide(shop, segment, goal=Goal.ORDER)
    ada = _unconfirmed(shop)
    order(shop, ada + 100, at=shop.now)
    refresh_one(shop, enrol=why != "no_enrol")
    _confirm(shop, ada)
    shop.change(shop.tables.segment, {"segment_id": segment}, auto_email_active=1)
    if why == "ordered":
        order(shop, ada, at=shop.now + timedelta(minutes=5))

    assert [refresh_one(shop, minutes=minutes).enrolled for minutes in (15, 30)] == [0, 0]


@SHIPPED
def test_coming_back_ends_the_exit_sequence_and_starts_the_other(shop: ShopBuilder) -> None:
    segment = shop.segment(allow_overlapping_sequences=0)
    shop.step(segment)
    goodbye = shop.step(segment, trigger="exit")
    ada = shop.customer()
    shop.due(goodbye, ada, scheduled_at=shop.now + timedelta(days=1))

    done = refresh_one(shop)

    assert (done.stopped, done.enrolled) == (1, 1)
    assert scheduled(shop) == [(ada, "enter", 1)]


def test_rows_of_another_segment_are_no_overlap(shop: ShopBuilder) -> None:
    other, segment = shop.segment("Other", is_active=0), shop.segment("VIP")
    ada = shop.customer()
    shop.due(shop.step(other), ada)
    shop.step(segment)

    assert refresh_one(shop).enrolled == 1


@BOTH
def test_with_the_automation_off_members_change_and_nobody_is_enrolled(shop: ShopBuilder) -> None:
    segment = shop.segment(automation=False)
    shop.step(segment)
    ada = shop.customer()

    done = refresh_one(shop)

    assert (done.enrolled, done.not_enrolled) == (0, {"while the automation is off": 1})
    assert members(shop, segment) == {ada}


def test_no_enrol_fills_a_segment_silently_and_for_good(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment)
    ada = shop.customer()

    first = refresh_one(shop, enrol=False)
    second = refresh_one(shop)

    assert (first.entered, first.not_enrolled) == (1, {"because of --no-enrol": 1})
    assert (second.enrolled, members(shop, segment)) == (0, {ada})
    assert scheduled(shop) == []


def test_the_blast_guard_lets_nobody_be_enrolled_and_says_what_to_do(
    shop: ShopBuilder,
) -> None:
    segment = shop.segment("VIP")
    shop.step(segment)
    for _ in range(3):
        shop.customer()

    refused = refresh_one(shop, enrol_limit=2)

    assert (refused.state, refused.exit_code) == (RefreshState.WAITING, 1)
    assert "--segment 1 --enrol-limit 3, or --no-enrol" in str(refused.reason)
    assert (len(members(shop, segment)), scheduled(shop)) == (3, [])
    assert refresh_one(shop, enrol_limit=2).waiting == 3
    assert refresh_one(shop, enrol_limit=3).enrolled == 3


def test_no_enrol_gives_the_waiting_mails_up(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"))
    for _ in range(3):
        shop.customer()
    refresh_one(shop, enrol_limit=2)

    refresh_one(shop, enrol=False)

    assert refresh_one(shop, enrol_limit=3).enrolled == 0


@SHIPPED
def test_the_blast_guard_never_keeps_anybody_from_leaving(shop: ShopBuilder) -> None:
    segment = shop.segment("VIP")
    shop.step(segment)
    shop.step(segment, trigger="exit")
    people = [shop.customer() for _ in range(3)]
    refresh_one(shop)
    for customer_id in people:
        move(shop, customer_id, OUT)

    done = refresh_one(shop, enrol_limit=2)

    assert (done.state, done.left, done.stopped) == (RefreshState.WAITING, 3, 3)
    assert (members(shop, segment), scheduled(shop)) == (set(), [])


@pytest.fixture
def leavers(shop: ShopBuilder) -> list[int]:
    """Three who left segment 1 at once, more than a refresh may enrol: its goodbyes wait."""
    segment = shop.segment("VIP")
    shop.step(segment, trigger="exit", number=1)
    shop.step(segment, trigger="exit", number=2, delay_minutes=60)
    people = [shop.customer() for _ in range(3)]
    refresh_one(shop)
    for customer_id in people:
        move(shop, customer_id, OUT)
    assert refresh_one(shop, enrol_limit=2).waiting == 3
    return people


def goodbyes(people: list[int]) -> list[tuple[int, str, int]]:
    return sorted((id, "exit", number) for id in people for number in (1, 2))


@SHIPPED
@pytest.mark.parametrize("reentry", ["once", "never", "each entry after 7 days"])
def test_who_left_gets_the_goodbyes_on_a_word(
    shop: ShopBuilder, leavers: list[int], reentry: str
) -> None:
    decide(shop, 1, on_reentry=reentry)
    told = shop.rows(shop.tables.progress)
    assert [(row["status"], row["step_number"]) for row in told] == [("skipped", 1)] * 3
    assert refresh_one(shop, enrol_limit=2, minutes=15).waiting == 3

    done = refresh_one(shop, enrol_limit=3, minutes=30)

    assert (done.enrolled, done.left, done.waiting) == (3, 0, 0)
    assert scheduled(shop) == goodbyes(leavers)
    assert len(shop.rows(shop.tables.progress)) == 6
    assert refresh_one(shop, enrol_limit=3, minutes=45).enrolled == 0


@SHIPPED
def test_who_came_back_or_unsubscribed_meanwhile_gets_no_goodbye(
    shop: ShopBuilder, leavers: list[int]
) -> None:
    back, unsubscribed, gone = leavers
    move(shop, back, IN)
    shop.change(shop.tables.subscriber, {"customer_id": unsubscribed}, subscriber_status=3)

    refresh_one(shop, enrol_limit=3, minutes=30)

    assert scheduled(shop) == goodbyes([gone])


@SHIPPED
def test_goodbyes_wait_for_seven_days_and_not_after_no_enrol(
    shop: ShopBuilder, leavers: list[int]
) -> None:
    assert refresh_one(shop, enrol_limit=3, minutes=8 * 1440).enrolled == 0

    refresh_one(shop, enrol=False, minutes=60)

    assert refresh_one(shop, enrol_limit=3, minutes=75).enrolled == 0
    assert shop.rows(shop.tables.progress) == []


@SHIPPED
def test_goodbyes_wait_where_chunks_are_written(shop: ShopBuilder, leavers: list[int]) -> None:
    for customer_id in leavers:
        move(shop, customer_id, IN)
    refresh_one(shop, chunk=1)
    for customer_id in leavers:
        move(shop, customer_id, OUT)

    assert refresh_one(shop, chunk=1, enrol_limit=2, minutes=15).waiting == 3
    assert refresh_one(shop, chunk=1, enrol_limit=3, minutes=30).enrolled == 3

    assert scheduled(shop) == goodbyes(leavers)


def test_the_blast_guard_minds_only_those_who_would_get_mail(shop: ShopBuilder) -> None:
    shop.step(shop.segment("VIP"))
    shop.customer()
    for _ in range(3):
        shop.customer(subscribed=False)

    assert refresh_one(shop, enrol_limit=1).enrolled == 1


def test_a_first_fill_of_many_is_right(shop: ShopBuilder) -> None:
    segment = shop.segment()
    shop.step(segment, number=1)
    shop.step(segment, number=2)
    people = [shop.customer(group_id=IN) for _ in range(30)]

    done = refresh_one(shop)

    assert (done.entered, done.enrolled, members(shop, segment)) == (30, 30, set(people))
    assert scheduled(shop) == sorted((id, "enter", n) for id in people for n in (1, 2))
