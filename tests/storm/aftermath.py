"""What must be true when the storm is over, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from segmail.coupons import code_owner
from segmail.delivery.rows import QueueStatus
from tests.storm.mail_server import Mail
from tests.storm.shop import StormShop
from tests.storm.storm import LEASE, Struck

Row = dict[str, Any]


@dataclass
class Aftermath:
    """The sums of a storm, and every promise that it broke."""

    rows: int = 0
    sent: int = 0
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
        after = _Found(self._shop, self._progress_id)
        received: dict[tuple[str, str], list[Mail]] = defaultdict(list)
        for mail in mails:
            received[mail.recipient, mail.subject].append(mail)
        doubtful: Counter[int] = Counter()
        for row in after.progress:
            step = self._shop.steps[row["sequence_id"]]
            mine = received.pop((row["email"], step.subject), [])
            self._count(row, mine)
            about = f"row {row['progress_id']} ({row['status']}): "
            self.found.faults += [about + fault for fault in after.faults_of(row, mine)]
            if row["scheduled_at"] != row["created_at"] + step.delay:
                self.found.moved += 1
                if not _is_lease_end(row["scheduled_at"], struck):
                    self.found.faults.append(f"{about}scheduled_at is {row['scheduled_at']}")
            if row["status"] == "failed":
                doubtful[self._blame(row, after, struck)] += 1
            self._progress_id = row["progress_id"]
        self.found.faults += [f"a mail of no row: {key}" for key in received]
        self.found.faults += after.stray_faults()
        self._weigh(doubtful, struck)

    def _count(self, row: Row, mails: Sequence[Mail]) -> None:
        self.found.rows += 1
        self.found.sent += row["status"] == "sent"
        self.found.twice += len(mails) > 1
        self.found.lost += row["status"] not in ("sent", "failed")
        self.found.lost += row["status"] == "sent" and not mails
        self.found.arrived += row["status"] == "failed" and bool(mails)

    def _blame(self, row: Row, after: _Found, struck: Sequence[Struck]) -> int:
        """Return which of the struck runs began the attempt of a failed row; -1: none."""
        queue = after.queue.get(row["queue_id"])
        if queue is not None:
            for number, run in enumerate(struck):
                if run.began <= queue["queue_start_at"] < run.until:
                    self.found.interrupted[run.point.name] += 1
                    return number
        return -1

    def _weigh(self, doubtful: Counter[int], struck: Sequence[Struck]) -> None:
        """At most one message per connection of a killed run is in doubt; of others, none."""
        for number, count in doubtful.items():
            most = struck[number].in_doubt if number >= 0 else 0
            if count > most:
                name = struck[number].point.name if number >= 0 else "of no killed run"
                self.found.faults.append(f"{count} interrupted, at most {most} may be: {name}")


def _is_lease_end(moment: datetime, struck: Sequence[Struck]) -> bool:
    """Return whether a struck run may have left this: it claimed the row, and died.

    Such a row looks like one that somebody scheduled by hand, whose time is kept.
    """
    return any(run.began <= moment - LEASE < run.until for run in struck)


class _Found:
    """The rows after one progress id with all that belongs to them."""

    def __init__(self, shop: StormShop, after: int) -> None:
        t = shop.tables
        self._shop = shop
        with shop.builder.database.read() as connection:
            query = (
                select(t.progress, t.customer.c.email)
                .join(t.customer, t.customer.c.entity_id == t.progress.c.customer_id)
                .where(t.progress.c.progress_id > after)
                .order_by(t.progress.c.progress_id)
            )
            self.progress = [dict(row._mapping) for row in connection.execute(query)]
            used = select(t.progress.c.queue_id).where(t.progress.c.queue_id.is_not(None))
            q = t.queue.c
            columns = (q.queue_id, q.queue_status, q.queue_start_at, q.queue_finish_at)
            queue = connection.execute(select(*columns))
            self.queue = {row.queue_id: dict(row._mapping) for row in queue}
            self._stray = list(
                connection.scalars(select(q.queue_id).where(q.queue_id.not_in(used)))
            )
            self._links = Counter(connection.scalars(select(t.queue_link.c.queue_id)))
            problem = t.problem.c
            problems = select(problem.queue_id, problem.problem_error_text)
            self._reasons = dict(
                map(tuple, connection.execute(problems.order_by(problem.problem_id)))
            )
            self._codes = _by_owner(connection.scalars(select(t.coupon.c.code)), shop)

    def stray_faults(self) -> list[str]:
        return [f"queue row {id} belongs to no row" for id in self._stray]

    def faults_of(self, row: Row, mails: Sequence[Mail]) -> Iterator[str]:
        if len(mails) > 1:
            yield f"{len(mails)} messages were accepted"
        match row["status"]:
            case "sent":
                yield from self._faults_of_sent(row, mails)
            case "failed":
                yield from self._faults_of_failed(row)
            case _:
                yield "it has not come to its end"
        yield from self._coupon_faults(row, mails)

    def _faults_of_sent(self, row: Row, mails: Sequence[Mail]) -> Iterator[str]:
        if not mails:
            yield "no message was accepted"
        if row["sent_at"] is None:
            yield "it has no sent_at"
        queue = self.queue.get(row["queue_id"], {"queue_status": None, "queue_finish_at": None})
        if queue["queue_status"] != QueueStatus.SENT or queue["queue_finish_at"] is None:
            yield f"its queue row is {queue}"
        if self._links[row["queue_id"]] != 1:
            yield f"it has {self._links[row['queue_id']]} link rows"

    def _faults_of_failed(self, row: Row) -> Iterator[str]:
        reason = self._reasons.get(row["queue_id"], "no reason at all")
        if not reason.startswith("interrupted: "):
            yield reason
        queue = self.queue.get(row["queue_id"], {"queue_status": None})
        if queue["queue_status"] != QueueStatus.CANCEL or self._links[row["queue_id"]]:
            yield f"its queue row is {queue} with {self._links[row['queue_id']]} link rows"

    def _coupon_faults(self, row: Row, mails: Sequence[Mail]) -> Iterator[str]:
        prefix = self._shop.steps[row["sequence_id"]].prefix
        if prefix is None:
            return
        codes = self._codes[prefix, row["customer_id"]]
        if len(codes) > 1 or (row["status"] == "sent" and not codes):
            yield f"it has the coupons {codes}"
        if any(mail.code not in codes for mail in mails):
            yield f"its message has the coupon {[mail.code for mail in mails]}, not of {codes}"


def _by_owner(codes: Iterable[str | None], shop: StormShop) -> dict[tuple[str, int], list[str]]:
    """Return the coupons by the prefix of their step and the customer for whom they were made."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    prefixes = [step.prefix for step in shop.steps.values() if step.prefix]
    for code in filter(None, codes):
        for prefix in prefixes:
            if (owner := code_owner(code, prefix)) is not None:
                found[prefix, owner].append(code)
    return found
