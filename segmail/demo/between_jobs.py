"""What happens between two jobs, and why `process-emails` looks at each customer again."""

from __future__ import annotations

from sqlalchemy import update

from segmail.demo.people import PEOPLE, UNSUBSCRIBED
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop

UNSUBSCRIBES = "Harlan Pike"
CLOSES_ACCOUNT = "Orlando Neri"


def leave_meanwhile(shop: Shop) -> bool:
    """Make one customer unsubscribe and close one account; return whether that was new."""
    ids = {f"{one.first} {one.last}": id for id, one in enumerate(PEOPLE, start=1)}
    subscriber, customer = shop.tables.subscriber, shop.tables.customer

    def work(tx: Transaction) -> bool:
        tx.connection.execute(
            update(subscriber)
            .where(subscriber.c.customer_id == ids[UNSUBSCRIBES])
            .values(subscriber_status=UNSUBSCRIBED)
        )
        closed = tx.connection.execute(
            update(customer)
            .where(customer.c.entity_id == ids[CLOSES_ACCOUNT], customer.c.is_active == 1)
            .values(is_active=0)
        )
        return closed.rowcount > 0

    return shop.transact(work)
