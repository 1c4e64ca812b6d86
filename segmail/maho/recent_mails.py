"""The mails sent to an address lately, in whichever account: caps and gaps count them.

Only mails of the automation count. One that is under way counts, and so does one that may or may
not have arrived.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, or_, select

from segmail.maho.customer_conditions import same_text
from segmail.maho.db.value_lists import among
from segmail.maho.newsletter_queue import QueueStatus
from segmail.maho.problems import was_interrupted
from segmail.maho.progress import ProgressStatus, has_status, is_pending
from segmail.maho.schema.tables import Tables
from segmail.maho.schema.transaction import Transaction


class RecentMails:
    """The times of mails by address; accounts are given by the customer's id.

    An address is represented by the lowest customer id that has it; `address_of` gives that id for
    each account.
    """

    def __init__(self, address_of: Mapping[int, int]) -> None:
        self.address_of = address_of
        self._times: defaultdict[int, list[datetime]] = defaultdict(list)

    def of(self, customer_id: int) -> Sequence[datetime]:
        """Return when the customer's address got mails, in order."""
        return self._times[self.address(customer_id)]

    def address(self, customer_id: int) -> int:
        """Return the id that represents the customer's address."""
        return self.address_of.get(customer_id, customer_id)

    def add(self, customer_id: int, at: datetime) -> None:
        """Count a mail to the customer."""
        insort(self._times[self.address(customer_id)], at)


def load_addresses(tx: Transaction, customer_ids: Collection[int]) -> dict[int, int]:
    """Return all accounts with these customers' addresses, each with the id for its address.

    Case and website make no difference. One statement.
    """
    if not customer_ids:
        return {}
    own, other = tx.tables.customer.alias("own"), tx.tables.customer.alias("other")
    query = (
        select(own.c.entity_id, other.c.entity_id)
        .join_from(own, other, same_text(other.c.email, own.c.email))
        .where(among(own.c.entity_id, customer_ids), own.c.email != "")
    )
    accounts: defaultdict[int, set[int]] = defaultdict(set)
    for customer_id, account_id in tx.connection.execute(query):
        accounts[customer_id].add(account_id)
    found = {id: id for id in customer_ids}
    for same in accounts.values():
        found |= dict.fromkeys(same, min(same))
    return found


def load_recent(
    tx: Transaction,
    address_of: Mapping[int, int],
    *,
    since: datetime,
    leaving_out: Collection[int],
) -> RecentMails:
    """Return what these accounts got since then, without the rows `leaving_out`; one statement."""
    recent = RecentMails(address_of)
    if address_of:
        query = recent_mails(tx.tables, address_of, since=since, leaving_out=leaving_out)
        for customer_id, at in tx.connection.execute(query):
            if at is not None:
                recent.add(customer_id, at)
    return recent


def recent_mails(
    tables: Tables, customer_ids: Collection[int], *, since: datetime, leaving_out: Collection[int]
) -> Select[Any]:
    """Return the query of customer and time of sent mails; a test checks its plan."""
    row, queue = tables.progress.c, tables.queue.c
    was_sent = has_status(tables, ProgressStatus.SENT)
    counts = or_(
        and_(was_sent, row.sent_at > since),
        queue.queue_status == QueueStatus.PAUSE,
        and_(
            has_status(tables, ProgressStatus.FAILED),
            queue.queue_start_at > since,
            was_interrupted(tables, row.queue_id),
        ),
    )
    return (
        select(row.customer_id, case((was_sent, row.sent_at), else_=queue.queue_start_at))
        .join_from(tables.progress, tables.queue, queue.queue_id == row.queue_id, isouter=True)
        .where(
            among(row.customer_id, customer_ids),
            ~among(row.progress_id, leaving_out),
            counts,
        )
    )


def lock_addresses(tx: Transaction, address_of: Mapping[int, int]) -> None:
    """Keep others from recording mails to these accounts until the transaction ends.

    A run that records a mail holds its waiting row, and locks the waiting rows of all these
    accounts first, so that two hosts count one after the other.
    """
    row = tx.tables.progress
    query = (
        select(row.c.progress_id)
        .where(among(row.c.customer_id, address_of), is_pending(tx.tables))
        .order_by(row.c.customer_id, row.c.progress_id)
        .with_for_update()
    )
    tx.connection.execute(query).all()


def due_steps(
    tx: Transaction,
    customer_ids: Collection[int],
    *,
    now: datetime,
    leaving_out: Collection[int],
) -> list[tuple[int, int]]:
    """Return customer and sequence id of the rows that wait to be claimed; one statement."""
    row = tx.tables.progress.c
    query = select(row.customer_id, row.sequence_id).where(
        among(row.customer_id, customer_ids),
        is_pending(tx.tables),
        row.scheduled_at <= now,
        ~among(row.progress_id, leaving_out),
    )
    return [(found[0], found[1]) for found in tx.connection.execute(query)]
