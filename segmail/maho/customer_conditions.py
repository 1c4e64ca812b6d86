"""How a customer stands with a sequence, as SQL conditions that refresh and delivery share."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, or_

from segmail.maho.customers import SubscriberStatus
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables

# Why rows are stopped, in the words of the log and the history.
LEFT = "the customer has left the segment"
ORDERED = "the customer has ordered since the sequence began"
SWITCHED_OFF = "the step is switched off"
UNSUBSCRIBED = "the customer is not subscribed to the newsletter any more"


def is_subscribed(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a row of `customer_entity` is subscribed to the newsletter.

    Maho allows several subscriptions. The one with the account's own address decides, else any
    that is subscribed: the rule of `customers.load_subscribers`.
    """
    customer = tables.customer.c
    one, own = tables.subscriber.alias("one"), tables.subscriber.alias("own")
    has_own_address = exists().where(
        own.c.customer_id == customer.entity_id, _same(own.c.subscriber_email, customer.email)
    )
    return (
        exists()
        .where(
            one.c.customer_id == customer.entity_id,
            one.c.subscriber_status == SubscriberStatus.SUBSCRIBED.value,
            one.c.subscriber_email != "",
            or_(
                _same(one.c.subscriber_email, customer.email),
                ~has_own_address.correlate(tables.customer),
            ),
        )
        .correlate(tables.customer)
    )


def has_ordered(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a progress row's customer has ordered since the enrolment.

    A canceled order is none; one from the very second of the enrolment counts.
    """
    order, row = build_sales_tables(tables.prefix).order, tables.progress.c
    return (
        exists()
        .where(
            order.c.customer_id == row.customer_id,
            order.c.created_at >= row.created_at,
            or_(order.c.state.is_(None), order.c.state != "canceled"),
        )
        .correlate(tables.progress)
    )


def _same(one: ColumnElement[str], other: ColumnElement[str]) -> ColumnElement[bool]:
    return func.lower(one) == func.lower(other)
