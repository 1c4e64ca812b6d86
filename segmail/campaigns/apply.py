"""`campaign apply`: makes a shop match campaign files, each file as a whole or not at all.

A dry run does the same work and rolls it back, so it reports exactly what would happen. If the
database's user may only read, it does so in a copy of what the work reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from segmail.campaigns.automation import apply_automation
from segmail.campaigns.check import check_conditions
from segmail.campaigns.copied import copied_for_plan
from segmail.campaigns.entry import CampaignFile, FileFaults, SegmentEntry
from segmail.campaigns.lists import keep_lists
from segmail.campaigns.named import check_circles, names_of_segments, with_ids
from segmail.campaigns.names import KnownNames, load_rules, load_templates
from segmail.campaigns.newsletters import TemplatePlanner, save_templates
from segmail.campaigns.outcome import CHANGED, CREATED, UNCHANGED, Applied
from segmail.campaigns.plan import SegmentPlanner
from segmail.campaigns.pruned import load_pruned
from segmail.campaigns.sales_rules import load_states as load_rule_states
from segmail.campaigns.sales_rules import plan_rule, save_rules
from segmail.campaigns.segment_changes import find_changes
from segmail.campaigns.steps import StepsRun, apply_steps, check_prefixes
from segmail.errors import ConfigError, DatabaseUnavailable, Fault
from segmail.maho.db.named_lock import named_lock
from segmail.maho.schema.layout import holds_four_bytes
from segmail.maho.schema.rights import CAMPAIGNS, check_rights, is_denied, reading, rights_told
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop, ShopSession
from segmail.maho.steps import load_segments, load_steps
from segmail.segments.naming.shop_names import ShopNames, plain
from segmail.segments.stored.codes import Names, load_groups, load_websites
from segmail.segments.stored.state import load_states
from segmail.segments.stored.store import (
    SegmentPlan,
    lock_creation,
    lock_segments,
    save_plans,
)

_LONGEST_WAIT = 60  # seconds to wait for another run that applies files


@dataclass(frozen=True)
class ReadFile:
    """A file as it was read, with its faults."""

    campaign: CampaignFile
    faults: FileFaults


@dataclass(frozen=True)
class Wish:
    """How files are to be applied; `prune` removes steps that they do not list."""

    prune: bool
    now: datetime
    four_bytes: bool | None = None  # whether the shop's tables can hold emoji; None: ask them
    dry_run: bool = False  # the right to read is enough for one


def plan_files(shop: Shop, files: Sequence[ReadFile], wish: Wish) -> list[Applied]:
    """Return what applying the files would do, without doing it.

    Raises ConfigError with every fault of every file, each with its line; if this is not all that
    is wanted, also with every right that applying needs and the database's user lacks.
    """
    declared = _declared(files)

    def work(tx: Transaction) -> list[Applied]:
        outcomes: list[Applied] = []
        faults: list[Fault] = []
        for file in _in_order(files):
            try:
                outcomes += _apply(tx, file, declared, wish)
            except ConfigError as error:
                faults += error.faults
        if faults:
            raise ConfigError(faults)
        return outcomes

    if not wish.dry_run:
        with rights_told(shop.read, CAMPAIGNS):
            return _rolled_back(shop, work)
    try:
        return _rolled_back(shop, work)
    except (ConfigError, DatabaseUnavailable) as error:
        if not is_denied(error):
            raise
    with shop.read() as tx:
        check_rights(tx, reading(tx.tables))
        wish = replace(wish, four_bytes=holds_four_bytes(tx))
    with copied_for_plan(shop, [file.campaign for file in files]) as copy:
        return _rolled_back(copy, work)


def apply_files(
    shop: Shop,
    files: Sequence[ReadFile],
    wish: Wish,
    *,
    on_applied: Callable[[str], None] = lambda _name: None,
) -> list[Applied]:
    """Apply the files, one transaction each, and return what was done.

    `on_applied` gets the name of each once it is applied. Only one run at a time does so in a shop.
    Raises ConfigError with every fault of a file, or with every right that applying needs and the
    database's user lacks.
    """
    declared = _declared(files)
    outcomes: list[Applied] = []
    with rights_told(shop.read, CAMPAIGNS), _alone(shop) as session:
        for file in _in_order(files):

            def work(tx: Transaction, file: ReadFile = file) -> list[Applied]:
                return _apply(tx, file, declared, wish)

            outcomes += session.transact(work)
            on_applied(file.campaign.name)
    return outcomes


class _Enough(Exception):
    """Ends a transaction whose changes are not wanted."""


def _rolled_back(shop: Shop, work: Callable[[Transaction], list[Applied]]) -> list[Applied]:
    found: list[Applied] = []

    def look(tx: Transaction) -> None:
        found[:] = work(tx)
        raise _Enough

    with suppress(_Enough):
        shop.transact(look)
    return [replace(one, id=None) if one.outcome == CREATED else one for one in found]


@contextmanager
def _alone(shop: Shop) -> Iterator[ShopSession]:
    place = f"{shop.database.url.database}.{shop.tables.segment.name}"
    with (
        shop.session() as session,
        named_lock(session.session, place, "campaigns", wait=_LONGEST_WAIT),
    ):
        yield session


def _declared(files: Sequence[ReadFile]) -> dict[str, set[str]]:
    """Return the names, in lower case, of the templates, rules and segments in the files."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        found["templates"] |= {one.name.casefold() for one in file.campaign.templates}
        found["segments"] |= {plain(one.name) for one in file.campaign.segments}
        found["rules"] |= {one.name.casefold() for one in file.campaign.rules}
    return found


def _in_order(files: Sequence[ReadFile]) -> list[ReadFile]:
    """Return the files so that each comes after those it refers to, if there is such an order."""
    left, ordered = list(files), []
    while left:
        free = (file for file in left if not _needs(file, [one for one in left if one != file]))
        chosen = next(free, left[0])
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def _needs(file: ReadFile, others: Sequence[ReadFile]) -> bool:
    """Return whether a file refers to something that other files describe, and it does not."""
    own, declared = _declared([file]), _declared(others)
    steps = [step for segment in file.campaign.segments for step in segment.steps or ()]
    templates = {step.template.casefold() for step in steps}
    rules = {step.coupon.rule.casefold() for step in steps if step.coupon}
    named = {name for segment in file.campaign.segments for name in names_of_segments(segment)}
    return bool(
        (templates - own["templates"]) & declared["templates"]
        or (named - own["segments"]) & declared["segments"]
        or (rules - own["rules"]) & declared["rules"]
    )


def _apply(
    tx: Transaction,
    file: ReadFile,
    declared: dict[str, set[str]],
    wish: Wish,
) -> list[Applied]:
    campaign, faults = file.campaign, file.faults.copy()
    lock_creation(tx)
    templates = load_templates(tx, declared["templates"])
    rules = load_rules(tx, declared["rules"])
    _check_names(campaign, templates, rules, faults)
    codes = load_websites(tx), load_groups(tx)
    planner = TemplatePlanner.load(
        tx, campaign.templates, templates, faults, four_bytes=wish.four_bytes
    )
    letters = [planner.plan(entry, templates) for entry in campaign.templates]
    rule_ids = [id for entry in campaign.rules if (id := rules.id(entry.name)) is not None]
    states = load_rule_states(tx, rule_ids)
    rule_plans = [plan_rule(entry, rules, states, codes, faults) for entry in campaign.rules]
    ids = _existing(tx, campaign.segments, faults)
    if ids:
        lock_segments(tx, list(ids.values()))
    new = {-n: one.name for n, one in enumerate(campaign.segments, 1) if _key(one) not in ids}
    naming = ShopNames(tx, new=new)
    said = [with_ids(entry, naming, faults) for entry in campaign.segments]
    plans = _segment_plans(tx, said, ids, new, codes, faults)
    check_conditions(tx, said, faults, new=new, now=wish.now)
    check_circles(tx, said, {**ids, **{name.casefold(): id for id, name in new.items()}}, faults)
    if told := faults.told():
        raise ConfigError(told)
    outcomes = [
        *save_templates(tx, letters, templates, now=wish.now),
        *save_rules(tx, rule_plans, rules, codes),
    ]
    found = [find_changes(plan.before, plan.after, codes, naming) for plan in plans]
    plans = save_plans(tx, plans, now=wish.now)
    titles, rule_titles = _titles(tx)
    run = StepsRun(
        tx,
        templates,
        rules,
        titles,
        rule_titles,
        pruned=load_pruned(tx),
        prune=wish.prune,
        now=wish.now,
    )
    changed = {one.id for one in outcomes if one.is_written and one.id is not None}
    for plan, entry, changes in zip(plans, campaign.segments, found, strict=True):
        outcome = CREATED if plan.before is None else CHANGED if changes else UNCHANGED
        segment = Applied("segment", plan.after.name, outcome, changes, id=plan.segment_id)
        outcomes += _sequence(run, segment, entry, changed, faults)
    if told := faults.told():
        raise ConfigError(told)
    return [replace(one, file=campaign.name) for one in outcomes]


def _sequence(
    run: StepsRun,
    outcome: Applied,
    entry: SegmentEntry,
    changed: set[int],
    faults: FileFaults,
) -> list[Applied]:
    """Write a segment's steps and its automation."""
    ids = [] if outcome.id is None else [outcome.id]
    [segment] = [one for one in load_segments(run.tx) if one.segment_id in ids]
    existing = load_steps(run.tx, segment_ids=ids)
    planned, steps = apply_steps(run, segment, existing, entry)
    check_prefixes(planned, faults)
    automation = apply_automation(run, segment, planned, entry, changed, faults)
    changes = [*outcome.changes, *automation.changes]
    state = outcome.outcome if outcome.outcome != UNCHANGED or not changes else CHANGED
    whole = replace(outcome, outcome=state, changes=changes, effects=automation.effects)
    return [whole, *steps]


def _segment_plans(
    tx: Transaction,
    entries: Sequence[SegmentEntry],
    ids: dict[str, int],
    new: dict[int, str],
    codes: tuple[Names, Names],
    faults: FileFaults,
) -> list[SegmentPlan]:
    states = load_states(tx, ids.values())
    planner = SegmentPlanner(*codes, faults)
    plans = []
    new_ids = {name.casefold(): id for id, name in new.items()}
    for entry in entries:
        segment_id = ids.get(_key(entry))
        before = None if segment_id is None else states[segment_id]
        after = planner.after(keep_lists(entry, before), before)
        plans.append(SegmentPlan(segment_id, before, after, new_ids.get(_key(entry))))
    return plans


def _key(entry: SegmentEntry) -> str:
    return entry.name.casefold()


def _check_names(
    campaign: CampaignFile, templates: KnownNames, rules: KnownNames, faults: FileFaults
) -> None:
    """Add every name that means nothing, or several things, to `faults`."""
    for template in campaign.templates:
        templates.check(template.name, template.lines["name"], faults, may_be_new=True)
    for rule in campaign.rules:
        rules.check(rule.name, rule.lines["name"], faults, may_be_new=True)
    for step in (step for segment in campaign.segments for step in segment.steps or ()):
        templates.check(step.template, step.lines["template"], faults, may_be_new=False)
        if step.coupon:
            rules.check(step.coupon.rule, step.lines["coupon"], faults, may_be_new=False)


def _titles(tx: Transaction) -> tuple[dict[int, str], dict[int, str]]:
    t, r = tx.tables.template.c, tx.tables.rule.c
    templates = tx.connection.execute(select(t.template_id, t.template_code)).all()
    rules = tx.connection.execute(select(r.rule_id, r.name)).all()
    return (
        {id: name or "" for id, name in templates},
        {id: name or "" for id, name in rules},
    )


def _existing(
    tx: Transaction, entries: Sequence[SegmentEntry], faults: FileFaults
) -> dict[str, int]:
    """Return the ids of the segments that exist, by their names in lower case."""
    found: dict[str, list[int]] = defaultdict(list)
    for segment in load_segments(tx):
        found[segment.name.casefold()].append(segment.segment_id)
    for entry in entries:
        ids = found.get(entry.name.casefold(), [])
        if len(ids) > 1:
            which = " and ".join(map(str, ids))
            faults.add(
                entry.lines["name"], f"The shop has several segments '{entry.name}': {which}."
            )
    names = {entry.name.casefold() for entry in entries}
    return {name: ids[0] for name, ids in found.items() if name in names}
