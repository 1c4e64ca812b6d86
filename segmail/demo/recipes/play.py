"""Applies all recipes to their shop and plays 35 days, as cron and customers would."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from segmail.campaigns.apply import ReadFile, Wish, apply_files
from segmail.campaigns.recipes.recipe import load_recipe, read_recipe, recipe_names, settle_values
from segmail.clock import StandingClock
from segmail.delivery.job import Job
from segmail.demo.mails import WrittenMail, read_mails
from segmail.demo.recipes.cast import CAST, DAYS, START, VALUES, Role
from segmail.demo.recipes.shop import address_of, build_recipes_shop
from segmail.demo.seed import STORES
from segmail.log import nothing_logged
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.time_zones import time_zone
from segmail.maho.db.scratch import open_scratch
from segmail.maho.shop import Shop
from segmail.report import Activity, choose_window, collect_activity
from segmail.segments.import_list import Import, import_list
from segmail.settings import Settings
from segmail.simulate.events import parse_event
from segmail.simulate.findings import Circumstances, Findings, find
from segmail.simulate.play import Course, Player
from segmail.simulate.record import PlayedRow, Record, played_rows
from segmail.transport.mail_url import FileSettings
from segmail.transport.recorder import Transport

_ZONE = STORES[0].timezone
_SHOP, _MAILS, _PAGE = "shop.sqlite", "mails", "mails.html"


@dataclass(frozen=True)
class UseCase:
    """A recipe, the segment that it makes, and who plays in it."""

    recipe: str
    segment: str
    cast: Sequence[Role]


@dataclass(frozen=True)
class PlayedRecipes:
    """What happened in the 35 days; `mails` are by recipient and subject, as files."""

    folder: Path
    cases: Sequence[UseCase]
    findings: Findings
    rows: Sequence[PlayedRow]
    mails: Sequence[WrittenMail]
    report: Activity
    cleaned: Mapping[str, int]

    @property
    def page(self) -> Path:
        """The page that shows the mails."""
        return self.folder / _PAGE


def play_recipes(folder: Path) -> PlayedRecipes:
    """Build the shop in `folder`, which is emptied, and play."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shop = build_recipes_shop(open_scratch(folder / _SHOP))
    try:
        return play_in(shop, folder, days=DAYS, transport=FileSettings(folder / _MAILS))
    finally:
        shop.database.close()


def play_in(
    shop: Shop, folder: Path, *, days: int, transport: Transport, cast: Sequence[Role] = CAST
) -> PlayedRecipes:
    """Play in a shop built for the cast; a host's records of its runs go into `folder`."""
    with nothing_logged():
        return _play(shop, folder, days, transport, cast)


def _play(
    shop: Shop, folder: Path, days: int, transport: Transport, cast: Sequence[Role]
) -> PlayedRecipes:
    recipes = {role.recipe for role in cast}
    files = {name: _file(name) for name in recipe_names() if name in recipes}
    applied = apply_files(shop, list(files.values()), Wish(prune=False, now=START))
    cases = [_case(name, file, cast) for name, file in files.items()]
    for case in cases:
        _import(shop, case)
    with shop.read() as tx:
        config = StoreConfig.load(tx)
        events = [
            parse_event(tx, f"{id} {told}", start=START)
            for id, role in enumerate(cast, start=1)
            for told in role.then
        ]
    clock = StandingClock(START)
    job = Job(shop, config, Settings(state_dir=folder / "state"), clock)
    record = Record(shop, start=START, zone=time_zone(_ZONE))
    course = Course(START, START + timedelta(days=days), events)
    played = Player(job, clock, course, record, transport).play()
    about = Circumstances(_ZONE, len(cast), len(cast), {"created": len(applied)}, (), ())
    return PlayedRecipes(
        folder=folder,
        cases=cases,
        findings=find(shop, played, about),
        rows=list(played_rows(shop)),
        mails=read_mails(folder / _MAILS),
        report=_report(shop, clock, days),
        cleaned=played.cleaned,
    )


def _file(name: str) -> ReadFile:
    recipe = load_recipe(name)
    websites = ", ".join(store.code for store in STORES)
    return read_recipe(recipe, settle_values(recipe, VALUES.get(name, {}), websites=websites))


def _case(name: str, file: ReadFile, cast: Sequence[Role]) -> UseCase:
    [segment] = file.campaign.segments
    return UseCase(name, segment.name, [role for role in cast if role.recipe == name])


def _import(shop: Shop, case: UseCase) -> None:
    listed = [address_of(role) for role in case.cast if role.listed]
    if listed:
        what = Import("\n".join(listed).encode(), f"{case.recipe}.txt")
        import_list(shop, case.segment, what, dry_run=False, now=START)


def _report(shop: Shop, clock: StandingClock, days: int) -> Activity:
    end = START + timedelta(days=days)
    clock.put(end)
    window = choose_window(now=end, hours=None, since=START, until=None)
    return collect_activity(shop, window, now=end)
