"""The use case of `simulate`: a copy of the shop, with campaign files applied, played for days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from segmail.campaigns.apply import ReadFile, Wish, apply_files
from segmail.campaigns.named import leaves_of, products_named
from segmail.clock import StandingClock
from segmail.delivery.job import Job
from segmail.errors import InputError
from segmail.log import nothing_logged
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.switch import automation_switch
from segmail.maho.config.time_zones import TIMEZONE, time_zone
from segmail.maho.db.scratch import open_scratch
from segmail.maho.lookup import find_customer
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.segments.refresh import RefreshOptions
from segmail.settings import Settings
from segmail.simulate.copy import copy_shop
from segmail.simulate.differences import find_differences
from segmail.simulate.events import Event, parse_event
from segmail.simulate.findings import Circumstances, Findings, find
from segmail.simulate.play import Course, Player
from segmail.simulate.record import PlayedRow, Record, played_rows
from segmail.simulate.rhythm import Rhythm
from segmail.simulate.sample import Chosen, choose_customers
from segmail.throw_away import throw_away_folder
from segmail.transport.recorder import RecorderSettings

USUAL_SAMPLE = 2_000  # customers


@dataclass(frozen=True)
class Question:
    """What a simulation is asked: which files, customers and days, and what customers do.

    `customers` are ids or addresses; if there are some, nobody else is played. `sample` is how many
    are played otherwise; 0: all. With `whole`, each refresh asks everybody, which takes longer and
    finds the same.
    """

    days: int
    files: Sequence[ReadFile] = ()
    customers: Sequence[str] = ()
    sample: int = USUAL_SAMPLE
    events: Sequence[str] = ()
    rhythm: Rhythm = field(default_factory=Rhythm)
    whole: bool = False


@dataclass(frozen=True)
class Simulation:
    """A finished simulation; `rows` reads what became of each step from its copy."""

    found: Findings
    shop: Shop
    chosen: Sequence[int]  # the customers who were asked for by name

    def rows(self) -> Iterator[PlayedRow]:
        """Yield what became of steps, in order of time."""
        return played_rows(self.shop)


@dataclass(frozen=True)
class Watching:
    """Callbacks for progress: `copied` so many more customers, `played` so many more days."""

    copied: Callable[[int], None] = lambda _count: None
    played: Callable[[int], None] = lambda _count: None


@contextmanager
def simulated(
    shop: Shop, settings: Settings, question: Question, *, now: datetime, watching: Watching
) -> Iterator[Simulation]:
    """Yield the simulation, whose copy of the shop is removed afterwards.

    The shop is only read, nothing is sent, and no log is written. Raises InputError for customers
    and events that mean nothing, ConfigError with every fault of the files, and what the shop's
    database raises.
    """
    start = now.replace(microsecond=0)
    with throw_away_folder() as folder, nothing_logged():
        sample, events, chosen, copy = _copied(shop, question, folder, start, watching)
        with closing(copy.database):
            files = list(question.files)
            applied = apply_files(copy, files, Wish(prune=False, now=start)) if files else []
            with copy.read() as tx:
                config = StoreConfig.load(tx, settings.overrides)
            zone = config.value(TIMEZONE) or "UTC"
            clock = StandingClock(start)
            job = Job(copy, config, _settings(settings, folder), clock)
            record = Record(copy, start=start, zone=time_zone(zone))
            course = Course(
                start,
                start + timedelta(days=question.days),
                events,
                question.rhythm,
                RefreshOptions(
                    enrol_limit=settings.segments.enrol_limit,
                    chunk=settings.segments.chunk,
                    late_days=settings.segments.late_days,
                ),
                whole=question.whole,
            )
            differences = find_differences(shop, copy, sample.ids, now=start)
            player = Player(job, clock, course, record, RecorderSettings(lambda _envelope: None))
            played = player.play(on_day=lambda: watching.played(1))
            told = Circumstances(
                zone=zone,
                customers=len(sample.ids),
                of_customers=sample.of,
                applied=dict(Counter(one.outcome for one in applied)),
                differences=differences,
                notes=list(_notes(config, settings, sample)),
            )
            yield Simulation(find(copy, played, told), copy, chosen)


def _copied(
    shop: Shop, question: Question, folder: Path, start: datetime, watching: Watching
) -> tuple[Chosen, list[Event], list[int], Shop]:
    file = folder / "shop.sqlite"
    with shop.read() as tx:
        events = [parse_event(tx, told, start=start) for told in question.events]
        chosen = [find_customer(tx, one) for one in question.customers]
        sample = _sample(tx, question, [*chosen, *(event.customer_id for event in events)])
        filling = open_scratch(file, foreign_keys=False)
        try:
            products = products_named(tx, leaves_of(file.campaign for file in question.files))
            copy = copy_shop(
                tx, filling, sample.ids, products=products, on_customers=watching.copied
            )
        finally:
            filling.close()
    until = start + timedelta(days=question.days)
    for event in events:
        if event.at >= until:
            raise InputError(f"--event '{event.told}': that is after the simulation ends.")
    return sample, events, chosen, replace(copy, database=open_scratch(file))


def _sample(tx: Transaction, question: Question, always: Sequence[int]) -> Chosen:
    if question.customers:
        return choose_customers(tx, most=len(set(always)), always=always)
    return choose_customers(tx, most=question.sample or None, always=always)


def _settings(settings: Settings, folder: Path) -> Settings:
    """Return the settings for the copy: no transport, no files of the shop's host."""
    return replace(
        settings,
        database_url=None,
        smtp_url=None,
        crypt_key=None,
        log_file=None,
        state_dir=folder / "state",
        enabled=True,
        message=replace(settings.message, text_part=False),  # nobody reads it
    )


def _notes(config: StoreConfig, settings: Settings, sample: Chosen) -> Iterator[str]:
    switch = automation_switch(config, settings.enabled)
    if not switch.on:
        yield f"The automation is switched off ({switch.setting}); it was played as if it were on."
    if len(sample.ids) < sample.of:
        yield (
            f"{len(sample.ids):,} of {sample.of:,} active customers were played; the shop's "
            "numbers are that much larger. --sample plays more, --sample 0 all."
        )
