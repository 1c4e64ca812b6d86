"""The demo shop as data: its stores, sales rules and segments with their sequences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from segmail.demo.customer_actions import Act
from segmail.maho.steps import Trigger

NOW = datetime(2026, 3, 10, 14, 5, tzinfo=UTC)

# The job that sends was off for an hour: what came due in it is still to be sent.
LAST_RUN = NOW - timedelta(hours=1)

WARM_THINGS = 1  # a category


@dataclass(frozen=True)
class StoreSeed:
    """A website with its one store."""

    code: str
    name: str
    url: str
    locale: str
    timezone: str
    currency: str


US = StoreSeed(
    "us",
    "Juniper & Finch",
    "https://www.juniper-finch.example/",
    "en_US",
    "America/New_York",
    "USD",
)
ITALY = StoreSeed(
    "it",
    "Juniper & Finch Italia",
    "https://it.juniper-finch.example/",
    "it_IT",
    "Europe/Rome",
    "EUR",
)
STORES = (US, ITALY)


@dataclass(frozen=True)
class RuleSeed:
    """A sales rule that can generate coupons, unless it is switched off."""

    name: str
    description: str
    action: str
    amount: Decimal
    stores: tuple[StoreSeed, ...]
    is_active: bool = True


FIRST_ORDER = RuleSeed("10% first order", "10% off", "by_percent", Decimal(10), (US,))
BASKET = RuleSeed("15% basket", "15% off the basket", "by_percent", Decimal(15), (US,))
CLUB = RuleSeed("Club 2025", "20% for the club", "by_percent", Decimal(20), (US,), is_active=False)
WINTER = RuleSeed("Winter sale", "25% off warm things", "by_percent", Decimal(25), STORES)
TEN_EURO = RuleSeed("10 euro", "10 € sul primo ordine", "by_fixed", Decimal(10), (ITALY,))
RULES = (FIRST_ORDER, BASKET, CLUB, WINTER, TEN_EURO)


@dataclass(frozen=True)
class StepSeed:
    """A step of a sequence: a letter some time after customers enter or leave."""

    number: int
    letter: str
    delay: str
    trigger: Trigger = Trigger.ENTER
    rule: RuleSeed | None = None
    prefix: str | None = None
    expires_days: int = 30
    is_active: bool = True


@dataclass(frozen=True)
class SegmentSeed:
    """A segment; if `automation` is off, its due rows are held.

    All `conditions` must hold, each written as in a campaign file; `entered_by` is what its members
    did, so many minutes (`settles`) before they entered.
    """

    name: str
    conditions: tuple[tuple[str, str], ...]
    entered_by: Act
    steps: tuple[StepSeed, ...]
    stores: tuple[StoreSeed, ...] = STORES
    automation: bool = True
    settles: int = 0


NEWCOMERS = SegmentSeed(
    "New customers",
    (("customer", "days since registration <= 14"), ("lifetime", "number of orders = 0")),
    Act.REGISTER,
    (
        StepSeed(1, "Welcome", "30m"),
        StepSeed(2, "Three things worth knowing", "3 days"),
        StepSeed(
            3,
            "Ten percent to start with",
            "7 days",
            rule=FIRST_ORDER,
            prefix="HELLO",
            expires_days=14,
        ),
    ),
    (US,),
)
ITALIANS = SegmentSeed(
    "Nuovi clienti",
    (("customer", "days since registration <= 14"),),
    Act.REGISTER,
    (
        StepSeed(1, "Benvenuto", "30m"),
        StepSeed(2, "Dieci euro per te", "2 days", rule=TEN_EURO, prefix="CIAO"),
        StepSeed(3, "Benvenuto", "5 days", is_active=False),
    ),
    (ITALY,),
)
BASKETS = SegmentSeed(
    "Abandoned baskets",
    (
        ("cart", "active = yes"),
        ("cart", "items count > 0"),
        ("cart", "minutes since updated >= 30"),
    ),
    Act.FILL_CART,
    (
        StepSeed(1, "You left something", "1h"),
        StepSeed(
            2, "Still thinking it over?", "1 day", rule=BASKET, prefix="BASKET", expires_days=7
        ),
        StepSeed(3, "Last call for your basket", "7 days"),
    ),
    (US,),
    settles=30,
)
CLUB_MEMBERS = SegmentSeed(
    "Club members",
    (("lifetime", "sales >= 500"), ("activity", "days since last order <= 365")),
    Act.ORDER,
    (
        StepSeed(1, "Welcome to the club", "immediately", rule=CLUB, prefix="CLUB"),
        StepSeed(1, "We miss you", "1 day", Trigger.EXIT),
    ),
    (US,),
)
BIRTHDAYS = SegmentSeed(
    "Birthday today",
    (("customer", "days until birthday = 0"),),
    Act.HAVE_BIRTHDAY,
    (StepSeed(1, "Happy birthday", "immediately"),),
)
WINTER_SALE = SegmentSeed(
    "Winter sale",
    (("viewed", f"category id = {WARM_THINGS}"),),
    Act.LOOK,
    (
        StepSeed(1, "Winter sale", "immediately", rule=WINTER, prefix="WINTER", expires_days=10),
        StepSeed(2, "Winter sale, last day", "3 days"),
    ),
    automation=False,
)
SEGMENTS = (NEWCOMERS, ITALIANS, BASKETS, CLUB_MEMBERS, BIRTHDAYS, WINTER_SALE)

# The merchant's own batch on the winter rule: also expired, but the cleanup must leave it alone.
MERCHANTS_CODES = tuple(f"SNOW-{word}" for word in ("FLAKE", "BALL", "MAN", "DROP", "SHOE", "LINE"))
