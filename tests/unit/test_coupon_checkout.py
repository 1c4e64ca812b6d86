"""Every coupon that segmail makes is accepted at Maho's checkout until its last second."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmail.coupons import Coupon, coupon_variables, expires_at, new_code
from segmail.errors import CouponError
from segmail.maho.rules import Rule, rule_fault
from segmail.maho.storefront.locale import StoreLocale
from tests.each_case import for_each
from tests.unit.checkout import StoredCoupon, Visit, checkout_accepts

_RECORDED = json.loads((Path(__file__).parents[1] / "golden/coupon_checkout.json").read_text())
_CASES = [pytest.param(case, id=case["case"]) for case in _RECORDED["cases"]]

# Codes that Maho accepts but segmail could not have made of such a rule.
_NOT_OURS = {
    "Europe/Rome: coupon_type 2, use_auto_generation 0, coupon type 0": "one code for everybody",
    "Europe/Rome: coupon_type 3, use_auto_generation 0, coupon type 0": "one code for everybody",
    "Europe/Rome: coupon_type 3, use_auto_generation 1, coupon type 0": "one code for everybody",
}

_RULE = Rule(
    rule_id=1,
    name="10%",
    description=None,
    is_active=True,
    coupon_type=2,
    use_auto_generation=True,
    uses_per_customer=0,
    from_date=None,
    to_date=None,
    simple_action="by_percent",
    discount_amount=Decimal(10),
    website_ids=frozenset({1}),
    group_ids=frozenset({1}),
)

# Clock changes by an hour and by half of one, at midnight, and in the last hour of a day.
_ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Rome",
        "America/New_York",
        "America/Santiago",
        "America/Havana",
        "America/Nuuk",
        "America/St_Johns",
        "Africa/Cairo",
        "Asia/Beirut",
        "Asia/Tokyo",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
    ]
)
_MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2033, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def _recorded_rule(case: dict[str, Any]) -> Rule:
    stored = case["rule"]
    return replace(
        _RULE,
        is_active=bool(stored["is_active"]),
        coupon_type=stored["coupon_type"],
        use_auto_generation=bool(stored["use_auto_generation"]),
        uses_per_customer=stored["uses_per_customer"],
        from_date=date.fromisoformat(stored["from_date"]) if stored["from_date"] else None,
        to_date=date.fromisoformat(stored["to_date"]) if stored["to_date"] else None,
        website_ids=frozenset(stored["website_ids"]),
        group_ids=frozenset(stored["group_ids"]),
    )


def _recorded_visit(case: dict[str, Any]) -> Visit:
    now = datetime.fromisoformat(case["now"]).replace(tzinfo=UTC)
    return Visit(
        case["typed"],
        _locale(case["timezone"]).local(now),
        case["customer"]["website_id"],
        case["customer"]["customer_group_id"],
        case["customer"]["customer_id"],
        {int(id): times for id, times in case["rule_uses"].items()},
    )


def _recorded_coupon(case: dict[str, Any]) -> StoredCoupon:
    stored, expires = case["coupon"], case["coupon"]["expiration_date"]
    uses = {int(id): times for id, times in case["coupon_uses"].items()}
    expires = datetime.fromisoformat(expires) if expires else None
    return StoredCoupon(**{**stored, "expiration_date": expires}, uses=uses)


def _locale(timezone: str) -> StoreLocale:
    return StoreLocale("en_US", timezone, "USD", "USD")


@for_each("case", _CASES)
def test_the_model_decides_as_maho_did(case: dict[str, Any]) -> None:
    accepted = checkout_accepts(_recorded_coupon(case), _recorded_rule(case), _recorded_visit(case))

    assert accepted == case["accepted"]


@for_each("case", _CASES)
def test_a_rule_without_fault_is_one_whose_fresh_coupon_maho_accepts(case: dict[str, Any]) -> None:
    rule, visit = _recorded_rule(case), _recorded_visit(case)
    fresh = StoredCoupon(visit.typed, expiration_date=None)

    fault = rule_fault(
        rule,
        today=visit.local_now.date(),
        website_id=visit.website_id,
        group_id=visit.group_id,
        times_used=visit.rule_uses.get(visit.customer_id or 0, 0),
    )

    assert (fault is None) == checkout_accepts(fresh, rule, visit)
    assert fault is None or not case["accepted"] or case["case"] in _NOT_OURS


@settings(deadline=None)
@given(now=_MOMENTS, zone=_ZONES, days=st.one_of(st.none(), st.integers(1, 400)), data=st.data())
def test_a_coupon_is_accepted_from_its_mail_to_the_end_of_its_last_day(
    now: datetime, zone: str, days: int | None, data: st.DataObject
) -> None:
    locale = _locale(zone)
    rule_days = data.draw(st.one_of(st.none(), st.integers(0, 400)), label="rule ends in days")
    rule = replace(_RULE, to_date=_days_on(locale, now, rule_days))
    expires = expires_at(days, locale, rule, now=now)
    assert expires is not None
    over = datetime.combine(expires + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    between = data.draw(st.datetimes(_naive(now), _naive(over) - timedelta(seconds=1)))

    for moment in (now, between.replace(tzinfo=UTC), over - timedelta(seconds=1)):
        assert _accepted(locale, rule, expires, moment)
    for later in (timedelta(), timedelta(hours=1), timedelta(days=1)):
        assert not _accepted(locale, rule, expires, over + later)


@settings(deadline=None)
@given(now=_MOMENTS, zone=_ZONES, days=st.integers(1, 400))
def test_the_mail_names_the_last_day_on_which_the_coupon_works(
    now: datetime, zone: str, days: int
) -> None:
    locale = _locale(zone)
    expires = expires_at(days, locale, _RULE, now=now)

    told = coupon_variables(Coupon("CODE", 1, expires, now), _RULE, locale, markup=False)

    last = date.fromisoformat(str(told["coupon_expires_date"]))
    assert last == locale.today(now) + timedelta(days=days)
    assert _accepted(locale, _RULE, expires, _noon(last, zone))
    assert not _accepted(locale, _RULE, expires, _noon(last + timedelta(days=1), zone))


def test_a_coupon_without_end_is_accepted_for_ever() -> None:
    locale, now = _locale("UTC"), datetime(2026, 3, 10, tzinfo=UTC)

    expires = expires_at(0, locale, _RULE, now=now)

    assert expires is None
    assert _accepted(locale, _RULE, expires, now + timedelta(days=20_000))


@pytest.mark.parametrize("days", [4_400, 10**12, -1])
def test_days_that_do_not_fit_are_refused(days: int) -> None:
    with pytest.raises(CouponError, match="use 0"):
        expires_at(days, _locale("UTC"), _RULE, now=datetime(2026, 3, 10, tzinfo=UTC))


def test_a_rule_that_ends_in_2099_limits_no_coupon() -> None:
    locale, now = _locale("UTC"), datetime(2026, 3, 10, tzinfo=UTC)
    rule = replace(_RULE, to_date=date(2099, 12, 31))

    assert expires_at(0, locale, rule, now=now) is None
    assert str(expires_at(7, locale, rule, now=now)) == "2026-03-17 23:59:59"


def test_a_midnight_that_maho_sets_when_a_rule_is_saved_ends_the_day_before() -> None:
    midnight = datetime.fromisoformat("2026-03-17 00:00:00")

    assert Coupon("CODE", 1, midnight, datetime(2026, 3, 10, tzinfo=UTC)).last_day == date(
        2026, 3, 16
    )


def _accepted(locale: StoreLocale, rule: Rule, expires: datetime | None, moment: datetime) -> bool:
    code = new_code("CART", 42)
    return checkout_accepts(StoredCoupon(code, expires), rule, Visit(code, locale.local(moment)))


def _days_on(locale: StoreLocale, now: datetime, days: int | None) -> date | None:
    return None if days is None else locale.today(now) + timedelta(days=days)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _noon(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
