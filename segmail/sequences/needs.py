"""Sets what a step's mail must have to show; otherwise it is skipped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.step_policies import StepNeeds, save_step_policy
from segmail.sequences.find import find_steps, label


@dataclass(frozen=True)
class NeedsSet:
    """The step, and what it needs from now on."""

    step: str  # SEGMENT:TRIGGER:NUMBER
    sequence_id: int
    needs: StepNeeds


def set_step_needs(shop: Shop, given: str, needs: StepNeeds) -> NeedsSet:
    """Write what the step that `given` names needs; raise InputError if there is no such step."""

    def work(tx: Transaction) -> NeedsSet:
        [step] = find_steps(tx, [given])
        wanted = replace(step.policy, needs=needs)
        save_step_policy(tx, step.sequence_id, wanted, step.policy)
        return NeedsSet(label(step), step.sequence_id, needs)

    return shop.transact(work)
