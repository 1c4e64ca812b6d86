"""The demo shop's customers, all invented, and when each of them entered or left a segment.

Customers whose action has not yet made them enter or leave do so at the next refresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from segmail.demo.customer_actions import Act, Deed
from segmail.demo.seed import (
    BASKETS,
    BIRTHDAYS,
    CLUB_MEMBERS,
    ITALIANS,
    ITALY,
    NEWCOMERS,
    NOW,
    US,
    WINTER_SALE,
    SegmentSeed,
    StoreSeed,
)
from segmail.maho.customers import SubscriberStatus
from segmail.maho.steps import Trigger
from segmail.sequences.delays import parse_delay

SUBSCRIBED = SubscriberStatus.SUBSCRIBED
NOT_ACTIVE = SubscriberStatus.NOT_ACTIVE
UNSUBSCRIBED = SubscriberStatus.UNSUBSCRIBED
UNCONFIRMED = SubscriberStatus.UNCONFIRMED

_CLUBS_ORDER = 620


@dataclass(frozen=True)
class Visit:
    """A customer entered a segment, or left it, some time ago."""

    segment: SegmentSeed
    ago: str
    trigger: Trigger = Trigger.ENTER

    @property
    def at(self) -> datetime:
        return _before(self.ago)

    @property
    def deed(self) -> Deed:
        """What they did to enter."""
        at = self.at - timedelta(minutes=self.segment.settles)
        return Deed(self.segment.entered_by, at, _CLUBS_ORDER)


@dataclass(frozen=True)
class Person:
    """A customer; `status` is that of their newsletter subscription, None if they have none."""

    first: str
    last: str
    store: StoreSeed
    status: SubscriberStatus | None
    visits: tuple[Visit, ...]
    other_deeds: tuple[Deed, ...]

    @property
    def deeds(self) -> list[Deed]:
        """What they did in the shop: by the segments they entered, and otherwise."""
        entered = [visit for visit in self.visits if visit.trigger is Trigger.ENTER]
        return [*(visit.deed for visit in entered), *self.other_deeds]


def _us(name: str, *past: Visit | Deed, status: SubscriberStatus | None = SUBSCRIBED) -> Person:
    return _person(name, US, status, past)


def _it(name: str, *past: Visit | Deed, status: SubscriberStatus | None = SUBSCRIBED) -> Person:
    return _person(name, ITALY, status, past)


def _person(
    name: str, store: StoreSeed, status: SubscriberStatus | None, past: tuple[Visit | Deed, ...]
) -> Person:
    first, _, last = name.partition(" ")
    visits = tuple(one for one in past if isinstance(one, Visit))
    deeds = tuple(one for one in past if isinstance(one, Deed))
    return Person(first, last, store, status, visits, deeds)


def _before(ago: str) -> datetime:
    return NOW - timedelta(minutes=parse_delay(ago))


def _registered(ago: str) -> Deed:
    return Deed(Act.REGISTER, _before(ago))


def _filled_cart(ago: str) -> Deed:
    return Deed(Act.FILL_CART, _before(ago))


def _ordered(ago: str, amount: int) -> Deed:
    return Deed(Act.ORDER, _before(ago), amount)


def _looked(ago: str) -> Deed:
    return Deed(Act.LOOK, _before(ago))


def _joined(ago: str) -> Visit:
    return Visit(NEWCOMERS, ago)


def _iscritto(ago: str) -> Visit:
    return Visit(ITALIANS, ago)


def _basket(ago: str) -> Visit:
    return Visit(BASKETS, ago)


def _winter(ago: str) -> Visit:
    return Visit(WINTER_SALE, ago)


def _club(ago: str, trigger: Trigger = Trigger.ENTER) -> Visit:
    return Visit(CLUB_MEMBERS, ago, trigger)


_BIRTHDAY = Visit(BIRTHDAYS, "20m")

PEOPLE = (
    # The first step of a welcome is due half an hour after they joined; two join at this refresh.
    _us("Nora Whitfield", _joined("35m")),
    _us("Caleb Okafor", _joined("48m")),
    _us("June Abernathy", _joined("52m")),
    _us("Tomás Rivera", _joined("1h 10m")),
    _us("Priya Raman", _joined("1h 20m")),
    _us("Wes Lindqvist", _registered("4m")),
    _us("Odette Marsh", _registered("11m")),
    # The first unsubscribes between two jobs; the others are not, or no longer, subscribed.
    _us("Harlan Pike", _joined("41m")),
    _us("Imogen Vale", _joined("44m"), status=NOT_ACTIVE),
    _us("Dashiell Kerr", _joined("50m"), status=UNCONFIRMED),
    _us("Lucinda Frost", _joined("55m"), status=None),
    # Three days after the welcome comes a plain text, after seven days a coupon.
    _us("Amos Greer", _joined("3 days 10m")),
    _us("Beatrix Sung", _joined("3 days 25m")),
    _us("Theo Castellanos", _joined("3 days 40m")),
    _us("Marguerite Olsen", _joined("7 days 15m")),
    _us("Silas Boateng", _joined("7 days 30m")),
    _us("Ivy Delacroix-Hart", _joined("7 days 50m")),
    _us("Rosalind Okoye", _joined("5 days"), _ordered("2h", 84)),  # no longer new
    # Baskets: a reminder after an hour, a coupon after a day, a last call after a week.
    _us("Gideon Marsh", _basket("1h 5m"), _winter("104 days")),
    _us("Hazel Lindgren", _basket("1h 40m"), _winter("103 days")),
    _us("Otis Freeman", _basket("24h 10m"), _winter("103 days")),
    _us("Pearl Nakamura", _basket("24h 35m"), _winter("103 days")),
    _us("Rufus Tan", _basket("24h 50m"), _winter("102 days")),
    _us("Winifred Cole", _basket("7 days 30m"), _winter("102 days")),
    _us("Ezra Holloway", _basket("2 days"), _winter("102 days"), _ordered("3h", 61)),
    _us("Juno Blackwood", _filled_cart("40m")),
    _us("Clementine Ash", _basket("20 days"), _basket("1h 20m")),
    # The club's sales rule is switched off; those who leave the club are missed.
    _us("Leopold Stein", _club("15m"), _winter("101 days")),
    _us("Sylvie Arden", _club("40m"), _winter("101 days")),
    _us("Monty Fairweather", _club("24h 20m", Trigger.EXIT), _ordered("367 days", 700)),
    _us("Adaeze Nwosu", _club("24h 45m", Trigger.EXIT), _ordered("367 days", 540)),
    _us("Cornelius Wade", _club("366 days")),
    # The birthday template is broken.
    _us("Florence Quill", _BIRTHDAY, _winter("100 days")),
    _it("Ginevra Sala", _BIRTHDAY, _winter("100 days")),
    # The winter sale is over and switched off: customers who entered it since are held, or not
    # enrolled.
    _us("Barnaby Stokes", _winter("3 days")),
    _us("Delphine Roy", _winter("9h")),
    _it("Ludovica Pace", _winter("2 days")),
    _us("Ingrid Falk", _looked("25m")),
    _it("Ottavia Greco", _winter("99 days")),
    _it("Fabrizio Lodi", _winter("98 days")),
    _it("Mirella Sanna", _winter("97 days")),
    _us("Quentin Moss", _winter("104 days")),
    _us("Lavinia Strand", _winter("101 days")),
    # Italy: in Italian, in euro, by Rome's clock.
    _it("Niccolò D'Amico", _iscritto("33m")),
    _it("Chiara Bellandi", _iscritto("47m")),
    _it("Matteo Orsini", _iscritto("1h 15m")),
    _it("Benedetta Rinaldi", _iscritto("2 days 5m")),
    _it("Elia Fontana", _iscritto("2 days 20m")),
    _it("Zoë Marchetti", _iscritto("2 days 45m")),
    _it("Tobia Ferri", _iscritto("5 days 40m")),
    _it("Agnese Conti", _iscritto("26h")),
    _it("Ruggero Villa", _iscritto("36m"), status=UNSUBSCRIBED),
    _it("Serafina Longo", _iscritto("58m"), status=None),
    _it("Orlando Neri", _iscritto("54m")),  # closes the account between two jobs
)
