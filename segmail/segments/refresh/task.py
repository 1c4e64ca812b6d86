"""What the refresh of one segment works on, as read when it began."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from segmail.maho.reasons import reason_ids_of
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.step_policies import load_step_policies
from segmail.maho.steps import Step, Trigger, load_steps
from segmail.segments.refresh.candidates import Candidate, load_candidates
from segmail.segments.refresh.group import load_with_rivals

WAITS_FOR_A_WORD = "left when more at once than the limit; starts on a person's word only"


class Movement(enum.StrEnum):
    """What a refresh finds a customer to do."""

    ENTER = "enter"
    EXIT = "exit"
    STAY = "stay"  # a member who is enrolled later than they entered
    GONE = "gone"  # left before, and the exit sequence waits for a person

    @property
    def trigger(self) -> Trigger:
        """The trigger of the sequence that this may start."""
        left = self in (Movement.EXIT, Movement.GONE)
        return Trigger.EXIT if left else Trigger.ENTER


@dataclass(frozen=True)
class Task:
    """A segment, its steps, and whether sequences may start.

    Customers who entered since `enrols_since` should have been enrolled (None: unknown). With
    `passed`, the enrolment limit that is exceeded, nobody is enrolled now. `now` is when the
    refresh began. `rivals` are the other segments of its group. `waiting` are the ids of the reason
    in the skipped rows of customers who left and whose exit sequence waits for a person;
    `repeating` are the ids of all steps of the shop that repeat.
    """

    tables: Tables
    candidate: Candidate
    steps: Sequence[Step]
    enrol: bool
    now: datetime
    enrols_since: datetime | None = None
    passed: int | None = None
    rivals: Sequence[Candidate] = ()
    waiting: Sequence[int] = ()
    repeating: frozenset[int] = frozenset()

    def active_steps(self, trigger: Trigger) -> list[Step]:
        """Return the steps in which a customer is enrolled."""
        return [step for step in self.steps if step.is_active and step.trigger is trigger]

    @property
    def own_repeating(self) -> list[int]:
        """Return the ids of the segment's steps that repeat: leaving ends them in any case."""
        return [it.sequence_id for it in self.steps if it.policy.repeat is not None]

    @property
    def enrols(self) -> bool:
        """Whether customers who enter now are enrolled, unless something about them prevents it."""
        on = self.candidate.segment.automation_active
        return on and self.enrol and bool(self.active_steps(Trigger.ENTER))

    def replaces_runs(self, movement: Movement) -> bool:
        """Return whether a new run replaces the rest of the previous one.

        It does if each entry starts a run, unless the segment lets a customer have several at a
        time.
        """
        policy, overlaps = self.candidate.policy, self.candidate.segment.allows_overlap
        is_entry = movement is not Movement.STAY
        return is_entry and policy.on_reentry.is_each_entry and not overlaps

    @property
    def stronger(self) -> list[int]:
        """Return the rivals whose running campaign keeps a customer from starting this one.

        A segment that is held, because it or its automation is off, keeps nobody away.
        """
        own = self.candidate.policy.priority
        return [one.id for one in self.rivals if one.segment.sends and one.policy.priority >= own]

    def left_since(self, now: datetime, window: timedelta) -> datetime | None:
        """Return the earliest leaving time to enrol those held back by the limit; None: nobody."""
        enrols = self.candidate.segment.automation_active and self.enrol
        return now - window if enrols and self.waiting and window else None

    def late_since(self, now: datetime, window: timedelta) -> datetime | None:
        """Return the earliest entry from which members are enrolled late; None: nobody is.

        Members for whom a rival ran are enrolled however long they waited.
        """
        if not self.enrols or self.enrols_since is None or not (window or self.rivals):
            return None
        return max(self.enrols_since, now - window)


def load_task(tx: Transaction, segment_id: int, *, enrol: bool, now: datetime) -> Task:
    """Return the task of an existing segment."""
    candidate, rivals, since = load_with_rivals(tx, segment_id)
    policies = load_step_policies(tx)
    steps = load_steps(tx, segment_ids=[segment_id], policies=policies)
    exits = [step.sequence_id for step in steps if step.trigger is Trigger.EXIT]
    waiting = reason_ids_of(tx, [(id, WAITS_FOR_A_WORD) for id in exits])
    return Task(
        tx.tables,
        candidate,
        steps,
        enrol,
        now,
        since,
        rivals=rivals,
        waiting=waiting,
        repeating=frozenset(id for id, policy in policies.items() if policy.repeat is not None),
    )


def is_still(tx: Transaction, task: Task) -> bool:
    """Return whether nobody has changed, deleted or refreshed the segment since."""
    id = task.candidate.id
    return load_candidates(tx, [id]) == [task.candidate] and (
        load_steps(tx, segment_ids=[id]) == task.steps
    )
