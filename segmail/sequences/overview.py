"""Steps at a glance: names instead of ids, and the status of their progress rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, select

from segmail.maho.lookup import find_segment
from segmail.maho.progress import (
    FINAL,
    ProgressStatus,
    count_by_step,
    count_pending_by_step,
    has_long_history,
)
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, Trigger, load_steps
from segmail.sequences.delays import format_delay
from segmail.sequences.find import find_steps, label


@dataclass(frozen=True)
class StepSummary:
    """A step with the names of what it refers to and its progress rows by status."""

    sequence_id: int
    label: str  # SEGMENT:TRIGGER:NUMBER
    segment_id: int
    segment: str
    trigger: Trigger
    step_number: int
    template_id: int
    template: str
    delay_minutes: int
    delay: str
    is_active: bool
    max_sends: int  # 0: no limit
    most_sends: int  # the same, or a repeat's own limit
    generate_coupon: bool
    rule_id: int | None
    rule: str | None
    coupon_prefix: str | None
    coupon_expires_days: int | None
    repeat: str  # 'none', or how often it is sent again
    expiry: str  # how late it may be; 'default': as its campaign or the shop says
    needs: str
    progress: Mapping[str, int | None]  # by status; None: not counted, because there are many

    @property
    def waiting(self) -> int:
        """How many rows wait: these are always counted."""
        return self.progress[ProgressStatus.SCHEDULED] or 0


def list_steps(
    shop: Shop, *, segment: str | None = None, totals: bool = False
) -> list[StepSummary]:
    """Return every step, or those of one segment, by segment, trigger and number.

    Finished rows, which may be many, are counted only if `totals` are asked for.
    """
    with shop.read() as tx:
        ids = None
        if segment is not None:
            ids = [find_segment(tx, segment).segment_id]
        steps = load_steps(tx, segment_ids=ids)
        return summarize(tx, steps, totals=totals or not has_long_history(tx))


def show_step(shop: Shop, given: str) -> StepSummary:
    """Return the step that `given` names; raise InputError if there is no such step."""
    with shop.read() as tx:
        return summarize(tx, find_steps(tx, [given]))[0]


def summarize(tx: Transaction, steps: Sequence[Step], *, totals: bool = True) -> list[StepSummary]:
    """Return summaries in the order of `steps`, with three statements.

    Without `totals` only waiting rows are counted.
    """
    t, r = tx.tables.template.c, tx.tables.rule.c
    templates = _names(
        tx.connection, t.template_id, t.template_code, {s.template_id for s in steps}
    )
    rules = _names(tx.connection, r.rule_id, r.name, {s.rule_id for s in steps if s.rule_id})
    progress = _progress(tx, steps, totals=totals)
    return [
        _summary(
            step,
            template=templates.get(step.template_id, ""),
            rule=rules.get(step.rule_id or 0),
            progress=progress[step.sequence_id],
        )
        for step in steps
    ]


def _summary(
    step: Step, *, template: str, rule: str | None, progress: Mapping[str, int | None]
) -> StepSummary:
    return StepSummary(
        sequence_id=step.sequence_id,
        label=label(step),
        segment_id=step.segment.segment_id,
        segment=step.segment.name,
        trigger=step.trigger,
        step_number=step.step_number,
        template_id=step.template_id,
        template=template,
        delay_minutes=step.delay_minutes,
        delay=format_delay(step.delay_minutes),
        is_active=step.is_active,
        max_sends=step.max_sends,
        most_sends=step.most_sends,
        generate_coupon=step.generate_coupon,
        rule_id=step.rule_id,
        rule=rule,
        coupon_prefix=step.coupon_prefix,
        coupon_expires_days=step.coupon_expires_days if step.generate_coupon else None,
        repeat=step.policy.told()["repeat"],
        expiry=step.policy.expiry,
        needs=step.policy.needs.value,
        progress=progress,
    )


def _progress(
    tx: Transaction, steps: Sequence[Step], *, totals: bool
) -> Mapping[int, Mapping[str, int | None]]:
    if totals:
        return {**count_by_step(tx, [step.sequence_id for step in steps])}
    waiting: Counter[int] = Counter()
    for (id, _trigger), count in count_pending_by_step(
        tx, {step.segment.segment_id for step in steps}
    ).items():
        waiting[id] += count
    others: dict[str, int | None] = {status.value: None for status in FINAL}
    return {
        step.sequence_id: {ProgressStatus.SCHEDULED: waiting[step.sequence_id], **others}
        for step in steps
    }


def _names(
    connection: Connection, id: Column[int], name: Column[str], ids: Collection[int]
) -> dict[int, str]:
    rows = connection.execute(select(id, name).where(id.in_(ids)))
    return {row[0]: row[1] or "" for row in rows}
