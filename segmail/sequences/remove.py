"""Removes a step, once somebody has agreed to lose its history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segmail.coupons import remember_prefix_of
from segmail.log import logger
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.sequences.find import find_steps
from segmail.sequences.overview import StepSummary, show_step, summarize
from segmail.sequences.store import delete_step
from segmail.sequences.validate import automation_warnings


@dataclass(frozen=True)
class Removed:
    """The step as it was, with the progress rows that were deleted with it."""

    step: StepSummary
    rows: int
    warnings: list[str]


def remove_step(shop: Shop, given: str, *, confirm: Callable[[StepSummary], None]) -> Removed:
    """Remove the step that `given` names; the foreign key deletes its progress rows with it.

    `confirm` gets the step with the count of its rows, and raises to keep it. Later steps keep
    their numbers: Maho renumbers them, those of the other trigger too, which their unique key may
    not allow. Raises InputError if `given` names no step.
    """
    confirm(show_step(shop, given))

    def work(tx: Transaction) -> Removed:
        [step] = find_steps(tx, [given])
        [summary] = summarize(tx, [step])
        remember_prefix_of(tx, step)
        delete_step(tx, step.sequence_id)
        odd = automation_warnings(tx, [step.segment])
        return Removed(summary, sum(count or 0 for count in summary.progress.values()), odd)

    removed = shop.transact(work)
    logger.info(
        "Removed sequence %d (%s) and %s of its progress rows",
        removed.step.sequence_id,
        removed.step.label,
        f"{removed.rows:,}",
    )
    return removed
