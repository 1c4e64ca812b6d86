"""What must be true when the storm is over, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.problems import INTERRUPTED, RETRIED
from segmail.maho.reasons import NOT_SENT
from tests.storm.mail_server import Mail
from tests.storm.remains import Remains, Row
from tests.storm.shop import Step, StormShop
from tests.storm.sink import deferrals
from tests.storm.storm import LEASE, Struck


@dataclass
class Aftermath:
    """The sums of a storm, and every promise that it broke."""

    rows: int = 0
    sent: int = 0
    skipped: int = 0
    twice: int = 0
    lost: int = 0  # sent, and no message came; or without an end
    arrived: int = 0  # interrupted ones that did
    moved: int = 0  # `scheduled_at` is the lease's end of a run that died before it recorded
    interrupted: Counter[str] = field(default_factory=Counter)  # by point
    faults: list[str] = field(default_factory=list)


class Inspector:
    """Looks at what was added since it looked last."""

    def __init__(self, shop: StormShop) -> None:
        self._shop = shop
        self._progress_id = 0
        self.found = Aftermath()

    def look(self, mails: Sequence[Mail], struck: Sequence[Struck]) -> None:
        """Check every new row against the mails that were accepted and the runs struck."""
        left = Remains.load(self._shop, after=self._progress_id)
        received: dict[tuple[str, str], list[Mail]] = defaultdict(list)
        for mail in mails:
            received[mail.recipient, mail.subject].append(mail)
        runs: dict[tuple[int, datetime], list[Row]] = defaultdict(list)
        for row in left.progress:
            runs[row["customer_id"], row["created_at"]].append(row)
        left_open = [id for id, row in left.queue.items() if row["queue_status"] == 4]
        self._blame(*(f"attempt {queue_id} is still open" for queue_id in left_open))
        for row in left.progress:
            step = self._shop.steps[row["sequence_id"]]
            mine = received.pop((row["email"], step.subject), [])
            self._count(row, step, mine, left)
            moved = self._moved_to(row, runs[row["customer_id"], row["created_at"]])
            faults = (*_faults(row, mine, left), *_coupon_faults(row, step, mine, left),
                      *_time_faults(row, step, left, struck, moved))  # fmt: skip
            self._blame(*(f"row {row['progress_id']} ({row['status']}): {it}" for it in faults))
            self._progress_id = row["progress_id"]
        gone = self._shop.deleted
        self._blame(*(f"a mail of no row: {key}" for key in received if key not in gone))
        self._blame(*(f"twice to who was deleted: {key}" for key, it in received.items()
                      if len(it) > gone.get(key, 1)))  # fmt: skip
        self._blame(*(f"queue row {queue_id} belongs to no row" for queue_id in left.strays))
        self._weigh(left, struck)

    def _moved_to(self, row: Row, run: Sequence[Row]) -> set[datetime]:
        """Return the times to which the program may have moved a row, to keep its distance.

        Steps of one customer with the same `created_at` are one run of the sequence (by chance
        here: their times are drawn). If one is sent late, those after it move.
        """
        steps = self._shop.steps
        delay = steps[row["sequence_id"]].delay
        before = [(it, steps[it["sequence_id"]].delay) for it in run]
        return {
            moment + (delay - earlier)
            for other, earlier in before
            for moment in (other["sent_at"], other["scheduled_at"])
            if earlier < delay and moment is not None
        }

    def _blame(self, *faults: str) -> None:
        self.found.faults += faults

    def _count(self, row: Row, step: Step, mails: Sequence[Mail], left: Remains) -> None:
        found, status = self.found, row["status"]
        found.rows += 1
        found.sent += status == "sent"
        found.skipped += status == "skipped"
        found.twice += len(mails) > _most(row, left)
        found.lost += status == "scheduled" or (status == "sent" and not mails)
        found.arrived += status == "failed" and bool(mails)
        found.moved += row["scheduled_at"] != row["created_at"] + step.delay

    def _weigh(self, left: Remains, struck: Sequence[Struck]) -> None:
        """At most one message for each connection of a killed run is in doubt; else none."""
        failed = [row for row in left.progress if row["status"] == "failed"]
        doubtful = Counter(_struck_by(row, left, struck) for row in failed)
        for number, count in doubtful.items():
            run = struck[number] if number is not None else None
            name, most = (run.point.name, run.in_doubt) if run else ("no killed run", 0)
            self.found.interrupted[name] += count
            if count > most:
                self._blame(f"{name}: {count} interrupted, at most {most} may be")


def _struck_by(row: Row, left: Remains, struck: Sequence[Struck]) -> int | None:
    """Return which of the struck runs began the attempt of a failed row."""
    queue = left.queue.get(row["queue_id"])
    for number, run in enumerate(struck):
        if queue is not None and run.began <= queue["queue_start_at"] < run.until:
            return number
    return None


def _faults(row: Row, mails: Sequence[Mail], left: Remains) -> Iterator[str]:
    if len(mails) > _most(row, left):
        yield f"{len(mails)} messages were accepted"
    problems = left.problems.get(row["queue_id"], []) if row["queue_id"] else []
    deferred = [it for it in problems if not it.startswith((INTERRUPTED, RETRIED, NOT_SENT))]
    if len(deferred) > deferrals(row["email"]):
        yield f"it has the problems {problems}"
    match row["status"]:
        case "sent":
            yield from _faults_of_sent(row, mails, left)
        case "failed":
            yield from _faults_of_failed(row, left, problems[-1] if problems else "no reason")
        case "skipped":
            yield from _faults_of_skipped(row, left, problems)
        case _:
            yield "it has not come to its end"


def _most(row: Row, left: Remains) -> int:
    """Return how many messages of a row may have been accepted: sent, and each interrupted one."""
    unknown = [it for it in left.problems.get(row["queue_id"], []) if it.startswith(INTERRUPTED)]
    return int(row["status"] == "sent") + len(unknown)


def _faults_of_skipped(row: Row, left: Remains, problems: Sequence[str]) -> Iterator[str]:
    """Nothing was sent, and any host can tell why."""
    if row["queue_id"] not in left.reasons and not any(it.startswith(NOT_SENT) for it in problems):
        yield f"it has no reason: queue row {left.queue.get(row['queue_id'])}, {problems}"


def _faults_of_sent(row: Row, mails: Sequence[Mail], left: Remains) -> Iterator[str]:
    if not mails:
        yield "no message was accepted"
    if row["sent_at"] is None:
        yield "it has no sent_at"
    queue = left.queue.get(row["queue_id"], {})
    if queue.get("queue_status") != QueueStatus.SENT or queue["queue_finish_at"] is None:
        yield f"its queue row is {queue}"
    if left.links[row["queue_id"]] != 1:
        yield f"it has {left.links[row['queue_id']]} link rows"


def _faults_of_failed(row: Row, left: Remains, reason: str) -> Iterator[str]:
    if not reason.startswith("interrupted: "):
        yield reason
    queue = left.queue.get(row["queue_id"], {})
    if queue.get("queue_status") != QueueStatus.CANCEL or left.links[row["queue_id"]]:
        yield f"its queue row is {queue}, with {left.links[row['queue_id']]} link rows"


def _coupon_faults(row: Row, step: Step, mails: Sequence[Mail], left: Remains) -> Iterator[str]:
    if step.prefix is None:
        return
    codes = left.codes.get((step.prefix, row["customer_id"]), [])
    if len(codes) > 1 or (row["status"] == "sent" and not codes):
        yield f"it has the coupons {codes}"
    if any(mail.code not in codes for mail in mails):
        yield f"its message has the coupon {[mail.code for mail in mails]}, not of {codes}"


def _time_faults(
    row: Row, step: Step, left: Remains, struck: Sequence[Struck], moved_to: Collection[datetime]
) -> Iterator[str]:
    """What the claim took must be back, except after a run that claimed the row and died.

    Such a row looks like one that somebody scheduled by hand, whose time is kept.
    """
    if row["status"] == "skipped":
        return  # it keeps the time that it had when it was ended
    if any(it.startswith(RETRIED) for it in left.problems.get(row["queue_id"], [])):
        return  # somebody did schedule it by hand
    moment = row["scheduled_at"]
    if moment in moved_to:
        return
    is_lease_end = any(run.began <= moment - LEASE < run.until for run in struck)
    if moment != row["created_at"] + step.delay and not is_lease_end:
        yield f"scheduled_at is {moment}, created_at {row['created_at']}"
