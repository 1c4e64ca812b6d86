"""The demo shop's customers, all invented, and when each of them entered or left a segment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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


@dataclass(frozen=True)
class Visit:
    """A customer entered a segment, or left it, some time ago."""

    segment: SegmentSeed
    ago: str
    trigger: Trigger = Trigger.ENTER

    @property
    def at(self) -> datetime:
        return NOW - timedelta(minutes=parse_delay(self.ago))


@dataclass(frozen=True)
class Person:
    """A customer; `status` is that of their newsletter subscription, None where they have none."""

    first: str
    last: str
    store: StoreSeed
    status: SubscriberStatus | None
    visits: tuple[Visit, ...] = ()
    is_active: bool = True


def _us(name: str, *visits: Visit, status: SubscriberStatus | None = SUBSCRIBED) -> Person:
    return _person(name, US, status, visits)


def _it(name: str, *visits: Visit, status: SubscriberStatus | None = SUBSCRIBED) -> Person:
    return _person(name, ITALY, status, visits)


def _person(
    name: str, store: StoreSeed, status: SubscriberStatus | None, visits: tuple[Visit, ...]
) -> Person:
    first, _, last = name.partition(" ")
    return Person(first, last, store, status, visits)


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
    # The first step of a welcome is due half an hour after they joined.
    _us("Nora Whitfield", _joined("35m")),
    _us("Caleb Okafor", _joined("48m")),
    _us("June Abernathy", _joined("52m")),
    _us("Tomás Rivera", _joined("1h 10m")),
    _us("Priya Raman", _joined("1h 20m")),
    _us("Wes Lindqvist", _joined("4m")),
    _us("Odette Marsh", _joined("11m")),
    # These are not, or no longer, subscribed.
    _us("Harlan Pike", _joined("41m"), status=UNSUBSCRIBED),
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
    _us("Rosalind Okoye", _joined("5 days"), _winter("104 days")),
    # Baskets: a reminder after an hour, a coupon after a day, a last call after a week.
    _us("Gideon Marsh", _basket("1h 5m"), _winter("104 days")),
    _us("Hazel Lindgren", _basket("1h 40m"), _winter("103 days")),
    _us("Otis Freeman", _basket("24h 10m"), _winter("103 days")),
    _us("Pearl Nakamura", _basket("24h 35m"), _winter("103 days")),
    _us("Rufus Tan", _basket("24h 50m"), _winter("102 days")),
    _us("Winifred Cole", _basket("7 days 30m"), _winter("102 days")),
    _us("Ezra Holloway", _basket("2 days"), _winter("102 days")),
    _us("Clementine Ash", _basket("20 days"), _basket("1h 20m")),
    # The club's sales rule is switched off; those who leave the club are missed.
    _us("Leopold Stein", _club("15m"), _winter("101 days")),
    _us("Sylvie Arden", _club("40m"), _winter("101 days")),
    _us("Monty Fairweather", _club("24h 20m", Trigger.EXIT), _winter("101 days")),
    _us("Adaeze Nwosu", _club("24h 45m", Trigger.EXIT), _winter("100 days")),
    # The birthday template is broken.
    _us("Florence Quill", _BIRTHDAY, _winter("100 days")),
    _it("Ginevra Sala", _BIRTHDAY, _winter("100 days")),
    # The winter sale is over and switched off: who entered it since is held.
    _us("Barnaby Stokes", _winter("3 days")),
    _us("Delphine Roy", _winter("9h")),
    _it("Ludovica Pace", _winter("2 days")),
    # Italy: in Italian, in euro, by Rome's clock.
    _it("Niccolò D'Amico", _iscritto("33m")),
    _it("Chiara Bellandi", _iscritto("47m")),
    _it("Matteo Orsini", _iscritto("1h 15m")),
    _it("Benedetta Rinaldi", _iscritto("2 days 5m"), _winter("99 days")),
    _it("Elia Fontana", _iscritto("2 days 20m"), _winter("99 days")),
    _it("Zoë Marchetti", _iscritto("2 days 45m"), _winter("98 days")),
    _it("Tobia Ferri", _iscritto("5 days 40m"), _winter("98 days")),
    _it("Agnese Conti", _iscritto("26h"), _winter("97 days")),
    _it("Ruggero Villa", _iscritto("36m"), status=UNSUBSCRIBED),
    _it("Serafina Longo", _iscritto("58m"), status=None),
    Person("Orlando", "Neri", ITALY, SUBSCRIBED, (_iscritto("54m"),), is_active=False),
)
