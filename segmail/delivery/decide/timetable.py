"""What the sending rules say about rows: which go now, which later, and which not at all.

A rule postpones a row, and a postponed row is not late. Beyond the step's expiry it is skipped,
with the reason. Among rows of one address, the campaign's priority decides which goes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from segmail.delivery.decide.shop_state import ShopState
from segmail.delivery.rows.attempts import Admitted
from segmail.delivery.rows.outcome import Attempt, Outcome, Status, outcome_of
from segmail.maho.recent_mails import (
    RecentMails,
    due_steps,
    load_addresses,
    load_recent,
    lock_addresses,
)
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Step
from segmail.mail.due_row import DueRow, Prepared
from segmail.sending_rules import Postponement, SendingRules

_AGAIN = timedelta(days=1)  # when rules that allow no moment are checked again
_PRIORITY = "another campaign's mail to the customer, of a higher priority, goes first"


@dataclass(frozen=True)
class _Passed:
    """A row that may go, and the rules that decided this."""

    undecided: Outcome
    rules: SendingRules
    zone: ZoneInfo
    due_at: datetime


@dataclass(frozen=True)
class Timetable:
    """The rules for a batch of rows, and the mails that they count.

    `rules` are by sequence id. `ahead` are the priorities of campaigns whose rows also wait, by
    address; `passed` are the rows let through, by progress id.
    """

    rules: Mapping[int, SendingRules]
    state: ShopState
    recent: RecentMails
    ahead: Mapping[int, Sequence[int]] = field(default_factory=dict)
    passed: dict[int, _Passed] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        tx: Transaction,
        rows: Sequence[DueRow],
        state: ShopState,
        shops: SendingRules,
        *,
        now: datetime,
    ) -> Timetable:
        """Read what the rules of these rows need: nothing, or with two statements.

        One more if campaigns have different priorities.
        """
        steps = {row.step.sequence_id: row.step for row in rows}
        rules = {id: rules_of(step, state, shops) for id, step in steps.items()}
        counting = [row for row in rows if rules[row.step.sequence_id].counts]
        if not counting:
            return cls(rules, state, RecentMails({}))
        addresses = load_addresses(tx, {row.customer_id for row in counting})
        since = now - max(one.reach for one in rules.values())
        ids = [row.progress_id for row in rows]
        recent = load_recent(tx, addresses, since=since, leaving_out=ids)
        ahead: dict[int, list[int]] = {}
        if len({candidate.policy.priority for candidate in state.candidates.values()}) > 1:
            sending = state.sending(state.steps)
            for customer_id, sequence_id in due_steps(tx, addresses, now=now, leaving_out=ids):
                if (step := sending.get(sequence_id)) is not None:
                    priority = state.policy(step.segment.segment_id).priority
                    ahead.setdefault(addresses[customer_id], []).append(priority)
        return cls(rules, state, recent, ahead)

    def in_order(self, rows: Sequence[DueRow]) -> list[DueRow]:
        """Return the rows, oldest first as they are, but those of one address by priority."""
        places: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(self.recent.address(row.customer_id), []).append(place)
        ordered = list(rows)
        for own in places.values():
            if len(own) == 1:
                continue
            by_priority = sorted(own, key=lambda place: -self._priority(rows[place]))
            for place, chosen in zip(own, by_priority, strict=True):
                ordered[place] = rows[chosen]
        return ordered

    def decide(
        self, undecided: Outcome, zone: ZoneInfo, due_at: datetime, *, now: datetime
    ) -> Outcome | None:
        """Return the outcome that the rules give a row at `now`; None: it may go.

        `due_at` is when it was to be sent, before any rule moved it. A row that is not due yet, as
        in a preview, is judged at its own time.
        """
        row = undecided.row
        rules = self.rules[row.step.sequence_id]
        at, recent = max(now, row.seen_at), self.recent.of(row.customer_id)
        if kept := rules.postponed(at, zone, recent):
            return postponed(undecided, rules, kept, due_at, now=at)
        own = self._priority(row)
        ahead = self.ahead.get(self.recent.address(row.customer_id), ())
        stronger = sum(priority > own for priority in ahead)
        if stronger and rules.postponed(at, zone, [*recent, *[at] * stronger]):
            return replace(undecided, reason=_PRIORITY)
        self.passed[row.progress_id] = _Passed(undecided, rules, zone, due_at)
        return None

    def expired(self, row: DueRow, *, now: datetime) -> str | None:
        """Return why a row comes too late by its own expiry, whatever made it late."""
        expiry = self.rules[row.step.sequence_id].expiry
        if expiry is None or now - row.seen_at <= expiry.length:
            return None
        return f"expired: it was due more than {expiry} ago"

    def admit(self, tx: Transaction, prepared: Sequence[Prepared], *, now: datetime) -> Admitted:
        """Count messages again, now that others have recorded theirs.

        Two statements, of which the first makes hosts count one after the other until the end of
        the transaction, which records the messages; none if no rule counts.
        """
        addresses = self._counted(prepared)
        if not addresses:
            return Admitted(prepared)
        lock_addresses(tx, addresses)
        since = now - max(self._of(one).rules.reach for one in prepared)
        ids = [one.row.progress_id for one in prepared]
        recent = load_recent(tx, addresses, since=since, leaving_out=ids)
        may_go: list[Prepared] = []
        held: list[Outcome] = []
        for one in prepared:
            passed = self._of(one)
            times = recent.of(one.row.customer_id)
            kept = passed.rules.postponed(now, passed.zone, times) if passed.rules.counts else None
            if kept is None:
                recent.add(one.row.customer_id, now)
                may_go.append(one)
            else:
                held.append(postponed(passed.undecided, passed.rules, kept, passed.due_at, now=now))
        return Admitted(may_go, held)

    def closed(self, attempt: Attempt, *, now: datetime) -> Outcome | None:
        """Return the outcome of a message whose allowed hours ended before it was begun."""
        passed = self._of(attempt.prepared)
        kept = passed.rules.postponed(now, passed.zone, ())
        if kept is None:
            return None
        undecided = outcome_of(attempt, Status.RELEASED, "")
        return postponed(undecided, passed.rules, kept, passed.due_at, now=now)

    def _counted(self, prepared: Sequence[Prepared]) -> dict[int, int]:
        """Return all accounts with the addresses of messages that count, by account."""
        wanted = {
            self.recent.address(one.row.customer_id)
            for one in prepared
            if self._of(one).rules.counts
        }
        return {id: it for id, it in sorted(self.recent.address_of.items()) if it in wanted}

    def _of(self, prepared: Prepared) -> _Passed:
        return self.passed[prepared.row.progress_id]

    def take(self, row: DueRow, *, now: datetime) -> None:
        """Count a mail that is about to be sent."""
        self.recent.add(row.customer_id, now)

    def _priority(self, row: DueRow) -> int:
        return self.state.policy(row.step.segment.segment_id).priority


def rules_of(step: Step, state: ShopState, shops: SendingRules) -> SendingRules:
    """Return the rules for a step's rows: its own, else its campaign's, else the shop's."""
    step = state.steps.get(step.sequence_id, step)
    rules = state.policy(step.segment.segment_id).rules_over(shops)
    return rules.with_chosen({"expiry": step.policy.expiry})


def postponed(
    undecided: Outcome,
    rules: SendingRules,
    kept: Postponement,
    due_at: datetime,
    *,
    now: datetime,
) -> Outcome:
    """Return the outcome of a row that rules hold back: postponed, or skipped beyond its expiry."""
    until = kept.until or now + _AGAIN
    if rules.expiry is not None and until - due_at > rules.expiry.length:
        reason = f"expired: {kept.rules} would send it more than {rules.expiry} after it was due"
        return replace(undecided, status=Status.SKIPPED, reason=reason)
    if until.microsecond:  # the column has whole seconds
        until = until.replace(microsecond=0) + timedelta(seconds=1)
    told = f"postponed by {kept.rules} until {until:%Y-%m-%d %H:%M} UTC"
    if kept.until is None:
        told = f"{kept.rules} allow no moment in the next days; looked at again in a day"
    return replace(undecided, status=Status.POSTPONED, reason=told, retry_at=until)
