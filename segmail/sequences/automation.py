"""Switches the automation of a segment on and off, and sets its policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from segmail.errors import ConfigError, InputError
from segmail.maho.customer_conditions import RETRIGGERED
from segmail.maho.held_segments import mark_held
from segmail.maho.lookup import find_segment
from segmail.maho.policies import Policy, RefreshedBy, load_policies, save_enrols_since, save_policy
from segmail.maho.progress import count_due, count_pending, is_pending_in, stop
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Segment, Step, Trigger, load_steps
from segmail.sequences.stay_checks import stay_findings
from segmail.sequences.store import lock_segment, set_automation, set_refresh_mode
from segmail.sequences.switch import require_sendable


@dataclass(frozen=True)
class Automation:
    """A segment's automation as it is now.

    `changed` is False if it was so before; likewise `policy_changed` for the policies.
    """

    segment_id: int
    segment: str
    active: bool
    trigger: Trigger | None  # None if each step has its own
    changed: bool
    policy: Policy
    policy_changed: bool
    scheduled: int
    due: int  # scheduled rows that are due: held while the automation is off
    other_trigger: int  # scheduled rows of another trigger, which were skipped
    warnings: list[str]


def switch_automation(
    shop: Shop,
    given: str,
    *,
    active: bool,
    trigger: Trigger | None,
    policies: Mapping[str, object] | None = None,
    now: datetime,
) -> Automation:
    """Switch the automation of the segment that `given` names.

    In SPEC's layout `trigger` becomes the segment's own (by default it stays as it is, else
    `enter`); in Maho's layout it is on the steps, and must match theirs. `policies` are new values
    of fields of `Policy`, by name; the others stay as they are.

    Raises InputError for a wrong name or trigger, ConfigError with everything that keeps the active
    steps from being sent, or if there are none: what Maho's form requires of a segment.
    """

    def work(tx: Transaction) -> Automation:
        wish = _Wish(active, trigger, policies or {})
        return _switch(tx, given, wish, now=now)

    return shop.transact(work)


@dataclass(frozen=True)
class _Wish:
    active: bool
    trigger: Trigger | None
    policies: Mapping[str, object] = field(default_factory=dict)


def _switch(tx: Transaction, given: str, wish: _Wish, *, now: datetime) -> Automation:
    segment = find_segment(tx, given)
    lock_segment(tx, segment.segment_id)
    steps = load_steps(tx, segment_ids=[segment.segment_id])
    done = _Wish(wish.active, _trigger(tx.tables.layout, segment, steps, wish))
    if wish.active:
        _require_steps(tx, segment, steps, now=now)
    switched = done != _Wish(segment.automation_active, segment.trigger)
    if switched:
        _write(tx, segment, done, now=now)
    others = [one.value for one in Trigger if done.trigger not in (None, one)]
    ended = (
        stop(
            tx,
            is_pending_in(tx.tables, [segment.segment_id], others),
            reason=RETRIGGERED,
            now=now,
        )
        if switched and others
        else 0
    )
    before, policy = _set_policies(tx, segment, wish.policies, now=now)
    rows = count_pending(tx, segment.segment_id)
    return Automation(
        segment_id=segment.segment_id,
        segment=segment.name,
        active=done.active,
        trigger=done.trigger,
        changed=switched,
        policy=policy,
        policy_changed=policy != before,
        scheduled=sum(rows.values()),
        due=sum(count_due(tx, [segment.segment_id], now=now).values()),
        other_trigger=ended,
        warnings=[
            *_warnings(segment, active=done.active),
            *(_of_time(tx, segment, steps) if done.active else ()),
        ],
    )


def _write(tx: Transaction, segment: Segment, wish: _Wish, *, now: datetime) -> None:
    set_automation(
        tx,
        segment.segment_id,
        active=wish.active,
        trigger=wish.trigger,
        now=now,
    )
    # Customers who entered before get nothing late: the next refresh starts remembering again.
    save_enrols_since(tx, segment.segment_id, None)
    if wish.active and not segment.sends:
        # What is due now was held until now, even if no run has noticed.
        mark_held(tx, [segment.segment_id], now=now)


def _set_policies(
    tx: Transaction,
    segment: Segment,
    policies: Mapping[str, object],
    *,
    now: datetime,
) -> tuple[Policy, Policy]:
    """Write the policies and return the segment's policies before and after."""
    before = load_policies(tx).get(segment.segment_id, Policy())
    save_policy(tx, segment.segment_id, policies)
    if "refreshed_by" in policies:
        own = policies["refreshed_by"] is RefreshedBy.SEGMAIL
        set_refresh_mode(tx, segment.segment_id, automatic=not own, now=now)
    return before, load_policies(tx).get(segment.segment_id, Policy())


def _trigger(
    layout: Layout, segment: Segment, steps: Sequence[Step], wish: _Wish
) -> Trigger | None:
    """Return the trigger that the segment is to have; None if its steps have their own."""
    asked = wish.trigger
    if layout is Layout.SPEC:
        return asked or segment.trigger or (Trigger.ENTER if wish.active else None)
    others = sorted({step.trigger.value for step in steps if step.trigger is not asked})
    if asked is not None and others:
        raise InputError(
            f"--trigger {asked.value}: in this shop the trigger stands on the step, and "
            f"'{segment.name}' has steps with the trigger '{', '.join(others)}'. Leave --trigger "
            f"out, or change a step: segmail sequence edit STEP --trigger {asked.value}"
        )
    return None


def _require_steps(
    tx: Transaction,
    segment: Segment,
    steps: Sequence[Step],
    *,
    now: datetime,
) -> None:
    active = [step for step in steps if step.is_active]
    if not active:
        raise ConfigError(
            f"'{segment.name}' has no active step; add one first: "
            f"segmail sequence add {segment.segment_id} --template TEMPLATE"
        )
    require_sendable(tx, active, now=now)


def _warnings(segment: Segment, *, active: bool) -> list[str]:
    if active and not segment.is_active:
        return [f"'{segment.name}' is inactive, so its scheduled rows are held all the same."]
    return []


def _of_time(tx: Transaction, segment: Segment, steps: Sequence[Step]) -> list[str]:
    found = stay_findings(tx, [segment.segment_id], steps)
    return [str(finding) for finding in found]
