"""Makes a segment's steps match a file, and says what that means for customers under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from segmail.campaigns.entry import FileFaults, SegmentEntry, StepEntry
from segmail.campaigns.names import KnownNames
from segmail.campaigns.outcome import (
    CHANGED,
    CREATED,
    EXTRA,
    REMOVED,
    SWITCHED_OFF,
    UNCHANGED,
    Applied,
    Change,
    changes,
)
from segmail.campaigns.pruned import forget_pruned, remember_pruned
from segmail.campaigns.step_matching import WantedStep, match_steps, number_steps
from segmail.coupons import remember_prefix_of
from segmail.maho.customer_conditions import RETRIGGERED
from segmail.maho.customer_conditions import SWITCHED_OFF as STEP_SWITCHED_OFF
from segmail.maho.progress import ProgressStatus, count_by_step, is_of_step, move_to_delay, stop
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Segment, Step, Trigger
from segmail.sequences.delays import format_delay
from segmail.sequences.store import delete_step, insert_step, skip_scheduled, update_step
from segmail.sequences.wanted_step import DEFAULT_EXPIRES_DAYS, PREFIX, blank_step


@dataclass(frozen=True)
class StepsRun:
    """What the steps of one file have in common."""

    tx: Transaction
    templates: KnownNames
    rules: KnownNames
    titles: Mapping[int, str]  # template id → name
    rule_titles: Mapping[int, str]
    pruned: frozenset[int]  # ids of steps that an earlier --prune switched off
    prune: bool
    now: datetime


@dataclass(frozen=True)
class PlannedStep:
    """A step as it is (None: it is new) and as it is to be; `entry` is None for one left over."""

    before: Step | None
    after: Step
    entry: StepEntry | None = None


def apply_steps(
    run: StepsRun, segment: Segment, existing: Sequence[Step], entry: SegmentEntry
) -> tuple[list[PlannedStep], list[Applied]]:
    """Write the steps that the entry lists; `existing` are the segment's, in order."""
    if entry.steps is None:
        kept = [PlannedStep(step, step) for step in existing]
        return kept, []
    listed = _listed(run, segment, existing, entry)
    used = {plan.before.sequence_id for plan in listed if plan.before}
    left = [step for step in existing if step.sequence_id not in used]
    counts = count_by_step(run.tx, [step.sequence_id for step in existing])
    gone, kept_left = _left_over(run, left, counts)
    _remember(run, listed, gone, counts)
    planned = _numbered(run.tx.tables.layout, listed, kept_left)
    _write(run, planned, [step for step in gone if not any(counts[step.sequence_id].values())])
    listed = [one for one in planned if one.entry is not None]
    outcomes = [
        *(_outcome(run, one, counts) for one in listed),
        *(_left_outcome(run, step, counts) for step in left if run.prune or step.is_active),
    ]
    return planned, [one for one in outcomes if one is not None]


def check_prefixes(planned: Sequence[PlannedStep], faults: FileFaults) -> None:
    """Add coupon prefixes to `faults` that Maho's form would refuse, unless a step has them."""
    for one in planned:
        before = None if one.before is None else one.before.coupon_prefix
        if one.entry is not None and one.after.coupon_prefix != before:
            check_prefix(one.entry, faults)


def check_prefix(entry: StepEntry, faults: FileFaults) -> None:
    """Add a step's coupon prefix to `faults` if Maho's form would refuse it."""
    prefix = entry.coupon.prefix if entry.coupon else None
    if prefix and not PREFIX.fullmatch(prefix):
        what = f"The prefix '{prefix}' must be letters A-Z and digits, at most 10 of them."
        faults.add(entry.lines["coupon"], what)


def _remember(
    run: StepsRun,
    listed: Sequence[PlannedStep],
    gone: Sequence[Step],
    counts: Mapping[int, Mapping[str, int]],
) -> None:
    """Remember which steps this switched off; forget those that are listed again or gone."""
    off = [
        one.sequence_id for one in gone if one.is_active and any(counts[one.sequence_id].values())
    ]
    back = {
        one.before.sequence_id
        for one in listed
        if one.before and one.entry and one.entry.active is not False
    }
    back |= {one.sequence_id for one in gone if not any(counts[one.sequence_id].values())}
    if off:
        remember_pruned(run.tx, off)
    if forgotten := back & run.pruned:
        forget_pruned(run.tx, forgotten)


def _listed(
    run: StepsRun, segment: Segment, existing: Sequence[Step], entry: SegmentEntry
) -> list[PlannedStep]:
    entries = entry.steps or ()
    wanted = [
        WantedStep(run.templates.id(one.template) or 0, one.trigger or entry.trigger)
        for one in entries
    ]

    def only_template_differs(step: Step, index: int) -> bool:
        after = _after(run, step, entries[index], wanted[index])
        return replace(after, template_id=step.template_id) == step

    matched = match_steps(existing, wanted, only_template_differs)
    trigger = entry.trigger or segment.trigger or Trigger.ENTER
    blank = replace(blank_step(segment), trigger=trigger)
    return [
        PlannedStep(before, _after(run, before or blank, one, want), one)
        for before, one, want in zip(matched, entries, wanted, strict=True)
    ]


def _after(run: StepsRun, start: Step, entry: StepEntry, wanted: WantedStep) -> Step:
    pruned = start.sequence_id in run.pruned
    said: dict[str, Any] = {
        "template_id": wanted.template_id,
        "trigger": wanted.trigger,
        "delay_minutes": entry.delay_minutes,
        "is_active": True if pruned and entry.active is None else entry.active,
        "max_sends": entry.max_sends,
    }
    policy = start.policy
    if entry.repeat is not None or entry.no_repeat:
        policy = replace(policy, repeat=entry.repeat)
    if entry.expiry is not None:
        policy = replace(policy, expiry=entry.expiry)
    said["policy"] = policy
    if entry.coupon is not None:
        coupon = entry.coupon
        said |= {
            "generate_coupon": True,
            "rule_id": run.rules.id(coupon.rule),
            "coupon_expires_days": coupon.expires_days,
        }
        stored = start.coupon_prefix or ""
        if coupon.prefix is not None and coupon.prefix.upper() != stored.upper():
            said["coupon_prefix"] = coupon.prefix or None
    step = replace(start, **{key: value for key, value in said.items() if value is not None})
    if entry.no_coupon and start.generate_coupon:
        step = replace(
            step,
            generate_coupon=False,
            rule_id=None,
            coupon_prefix=None,
            coupon_expires_days=DEFAULT_EXPIRES_DAYS,
        )
    return step


def _left_over(
    run: StepsRun, left: Sequence[Step], counts: Mapping[int, Mapping[str, int]]
) -> tuple[list[Step], list[PlannedStep]]:
    """Return which steps are removed, and which stay; one with rows stays for its history."""
    if not run.prune:
        return [], [PlannedStep(step, step) for step in left]
    stay = [step for step in left if any(counts[step.sequence_id].values())]
    off = [PlannedStep(step, replace(step, is_active=False)) for step in stay]
    return list(left), off


def _numbered(
    layout: Layout, listed: Sequence[PlannedStep], left: Sequence[PlannedStep]
) -> list[PlannedStep]:
    """Return the steps with their numbers: those switched off come after the last."""
    triggers = {one.after.trigger for one in (*listed, *left)}
    groups: list[set[Trigger]] = (
        [set(Trigger)] if layout is Layout.SPEC else [{trigger} for trigger in sorted(triggers)]
    )
    numbered: list[PlannedStep] = []
    for group in groups:
        mine = [one for one in listed if one.after.trigger in group]
        others = [one for one in left if one.after.trigger in group]
        staying = [one for one in others if one.after == one.before]
        ending = [one for one in others if one.after != one.before]
        moved = [one for one in mine if one.before and one.before.trigger not in group]
        fresh = [replace(one.after, step_number=0) if one in moved else one.after for one in mine]
        numbers = number_steps(fresh, [one.after.step_number for one in staying])
        behind = max((*numbers, *(one.after.step_number for one in staying)), default=0)
        ends = number_steps([one.after for one in ending], list(range(1, behind + 1)))
        for one, number in zip((*mine, *ending), (*numbers, *ends), strict=True):
            numbered.append(replace(one, after=replace(one.after, step_number=number)))
        numbered += staying
    return numbered


def _write(run: StepsRun, planned: list[PlannedStep], gone: Sequence[Step]) -> None:
    """Write what differs, in an order that violates no unique key."""
    for step in gone:
        delete_step(run.tx, step.sequence_id)
    pairs = [(one.before, one.after) for one in planned if one.before]
    changed = [(before, after) for before, after in pairs if before != after]
    aside = max((step.step_number for pair in pairs for step in pair), default=0)
    ready = []
    for before, after in changed:
        remember_prefix_of(run.tx, before)
        away = before
        if _place(before) != _place(after):
            aside += 1
            away = replace(before, step_number=aside)
            update_step(run.tx, before, away, now=run.now)
        ready.append((away, after))
    for away, after in ready:
        update_step(run.tx, away, after, now=run.now)
    for index, one in enumerate(planned):
        if one.before is None:
            id = insert_step(run.tx, one.after, now=run.now)
            planned[index] = replace(one, after=replace(one.after, sequence_id=id))


def _place(step: Step) -> tuple[Trigger, int]:
    return step.trigger, step.step_number


def _outcome(run: StepsRun, one: PlannedStep, counts: Mapping[int, Mapping[str, int]]) -> Applied:
    name = step_name(run.tx.tables.layout, one.after)
    id = one.after.sequence_id
    if one.before is None:
        return Applied("step", name, CREATED, changes(None, _told(run, one.after)), id=id)
    found = changes(_told(run, one.before), _told(run, one.after))
    if one.before == one.after:
        return Applied("step", name, UNCHANGED, id=id)
    return Applied("step", name, CHANGED, found, _effects(run, one, counts[id]), id=id)


def _effects(run: StepsRun, one: PlannedStep, counts: Mapping[str, int]) -> list[str]:
    """Change the waiting rows as the change of the step requires, and say so."""
    before, after, told = one.before, one.after, []
    if before is None:
        return []
    what = f"step {after.step_number}"
    which = is_of_step(run.tx.tables, after.sequence_id)
    waiting = counts[ProgressStatus.SCHEDULED]
    if before.trigger is not after.trigger:
        ended = stop(run.tx, which, reason=RETRIGGERED, now=run.now)
        told.append(f"{what} is sent after customers {after.trigger} now: {_rows(ended)} end")
    elif before.is_active and not after.is_active:
        ended = stop(run.tx, which, reason=STEP_SWITCHED_OFF, now=run.now)
        told.append(f"{what} is switched off: {_rows(ended)} end")
    elif before.delay_minutes != after.delay_minutes:
        moved, due = move_to_delay(run.tx, after, before_minutes=before.delay_minutes, now=run.now)
        sentence = (
            f"{what} moves from {format_delay(before.delay_minutes)} to "
            f"{format_delay(after.delay_minutes)}: {_rows(moved)} move"
        )
        told.append(f"{sentence}, {due:,} of them are due now" if due else sentence)
    if before.template_id != after.template_id and waiting:
        old, new = (run.titles.get(s.template_id, "") for s in (before, after))
        told.append(f"{what} sends '{new}' instead of '{old}': {_rows(waiting)} get it")
    return told


def _left_outcome(
    run: StepsRun, step: Step, counts: Mapping[int, Mapping[str, int]]
) -> Applied | None:
    name = step_name(run.tx.tables.layout, step)
    rows = counts[step.sequence_id]
    about = f"'{run.titles.get(step.template_id, '')}' after {format_delay(step.delay_minutes)}"
    if not run.prune:
        what = f"{about}: `campaign apply --prune` removes it"
        return Applied("step", name, EXTRA, effects=[what], id=step.sequence_id)
    if not any(rows.values()):
        return Applied("step", name, REMOVED, effects=[about], id=step.sequence_id)
    if not step.is_active:
        return None
    ended = skip_scheduled(run.tx, step.sequence_id, now=run.now)
    kept = sum(rows.values())
    what = f"{about}: {_rows(ended)} end, its history of {kept:,} rows stays"
    changed = [Change("active", "yes", "no")]
    return Applied("step", name, SWITCHED_OFF, changed, [what], step.sequence_id)


def step_name(_layout: Layout, step: Step) -> str:
    """Return the name of a step in a plan: `VIP:enter:2`."""
    return f"{step.segment.name}:{step.trigger.value}:{step.step_number}"


def _told(run: StepsRun, step: Step) -> dict[str, str]:
    """Return a step in the words of a file."""
    return {
        "step": str(step.step_number),
        "after": format_delay(step.delay_minutes),
        "template": run.titles.get(step.template_id, str(step.template_id)),
        "trigger": step.trigger.value,
        "active": "yes" if step.is_active else "no",
        "max sends": str(step.max_sends),
        "repeat": step.policy.told()["repeat"],
        "expiry": step.policy.expiry,
        "coupon": _coupon(run, step),
    }


def _coupon(run: StepsRun, step: Step) -> str:
    if not step.generate_coupon:
        return "none"
    rule = run.rule_titles.get(step.rule_id or 0, str(step.rule_id))
    prefix = f", prefix {step.coupon_prefix}" if step.coupon_prefix else ""
    return f"{rule}{prefix}, expires after {step.coupon_expires_days} days"


def _rows(count: int) -> str:
    return f"{count:,} scheduled row" if count == 1 else f"{count:,} scheduled rows"
