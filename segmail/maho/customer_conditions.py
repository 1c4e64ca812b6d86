"""How a customer stands with a sequence, as SQL conditions that refresh and delivery share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Table,
    and_,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from segmail.maho.customers import SubscriberStatus
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import Tables

# Why rows are stopped, in the words of the log and the history.
BEGUN_ANEW = "the customer has entered anew, and a new run of the sequence has begun"
LEFT = "the customer has left the segment"
NO_MATCH = "the customer does not match the segment's conditions any more"
RETRIGGERED = "the step's trigger was changed"
RETURNED = "the customer has come back to the segment"
RIVAL_BEGUN = "another campaign of the same group has begun for the customer"
ORDERED = "the customer has ordered since the sequence began"
ORDERED_WITH_COUPON = "the customer has ordered with a coupon of the sequence since it began"
SWITCHED_OFF = "the step is switched off"
STEP_GONE = "the step does not exist any more"
UNSUBSCRIBED = "the customer is not subscribed to the newsletter any more"


def is_subscribed(tables: Tables) -> ColumnElement[bool]:
    """Return the condition that a row of `customer_entity` is subscribed to the newsletter.

    Maho allows several subscriptions. The one with the account's own address decides, else any that
    is subscribed: the rule of `customers.load_subscribers`.
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


def has_ordered(tables: Tables, over: Decimal | None = None) -> ColumnElement[bool]:
    """Return the condition that a progress row's customer has ordered since the enrolment.

    Guest orders with the account's address in its website count too. Canceled orders do not count;
    an order in the very second of the enrolment does. The grand total in base currency must be more
    than `over`.
    """
    row = tables.progress
    return or_(
        has_ordered_logged_in(tables, row.c.customer_id, row.c.created_at, row, over),
        has_ordered_as_guest(tables, row.c.customer_id, row.c.created_at, row, over),
    )


def has_ordered_logged_in(
    tables: Tables,
    customer_id: ColumnElement[Any],
    since: ColumnElement[Any],
    rows: Table,
    over: Decimal | None = None,
) -> ColumnElement[bool]:
    """Return the condition that a row's customer has an order since a time in that row."""
    order = build_sales_tables(tables.prefix).order
    counts = order_counts(order, since, over)
    return exists().where(order.c.customer_id == customer_id, counts).correlate(rows)


def has_ordered_as_guest(
    tables: Tables,
    customer_id: ColumnElement[Any],
    since: ColumnElement[Any],
    rows: Table,
    over: Decimal | None = None,
) -> ColumnElement[bool]:
    """Return the condition that a guest order has the address of a row's customer."""
    order = build_sales_tables(tables.prefix).order
    return (
        exists()
        .select_from(_by_guests(tables, order))
        .where(tables.customer.c.entity_id == customer_id, _of_guest(order, since, over))
        .correlate(rows)
    )


def rows_of_guest_orders(
    tables: Tables, which: ColumnElement[bool], *, since: datetime, over: Decimal | None = None
) -> Select[Any]:
    """Return the query of the ids of progress rows whose customers have ordered as guests since.

    `since` is when the oldest of these rows was enrolled. It is a join, so that the server can
    begin with the few recent guest orders, and find accounts by the index on their addresses.
    """
    order, row = build_sales_tables(tables.prefix).order, tables.progress
    same = row.c.customer_id == tables.customer.c.entity_id
    return (
        select(row.c.progress_id)
        .select_from(_by_guests(tables, order).join(row, same))
        .where(which, _of_guest(order, row.c.created_at, over), order.c.created_at >= since)
        .distinct()
    )


def _by_guests(tables: Tables, order: Table) -> FromClause:
    customer, store = tables.customer.c, tables.store.c
    return order.join(tables.store, store.store_id == order.c.store_id).join(
        tables.customer,
        and_(
            customer.website_id == store.website_id,
            same_text(customer.email, order.c.customer_email),
        ),
    )


def _of_guest(order: Table, since: ColumnElement[Any], over: Decimal | None) -> ColumnElement[bool]:
    return and_(order.c.customer_id.is_(None), order_counts(order, since, over))


def order_counts(
    order: Table, since: ColumnElement[Any] | datetime, over: Decimal | None = None
) -> ColumnElement[bool]:
    """Return the condition that an order since then counts: not canceled, and large enough."""
    return and_(
        order.c.created_at >= since,
        or_(order.c.state.is_(None), order.c.state != "canceled"),
        true() if over is None else order.c.base_grand_total > over,
    )


def same_text(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that two texts, such as addresses, are the same, ignoring case.

    On MySQL Maho's columns ignore case, so a plain comparison can use an index.
    """
    return _AsCompared(one) == _AsCompared(other)


class _AsCompared(FunctionElement[str]):
    """A text as it is compared. It is an operator between two texts: SQLAlchemy would compare the
    result of a function with 1, and then no database uses an index.
    """

    type = String()
    inherit_cache = True


@compiles(_AsCompared)
def _compile_plain(element: _AsCompared, compiler: SQLCompiler, **options: Any) -> str:
    [text] = (compiler.process(clause, **options) for clause in element.clauses)
    return text


@compiles(_AsCompared, "sqlite")
def _compile_for_sqlite(element: _AsCompared, compiler: SQLCompiler, **options: Any) -> str:
    [text] = (compiler.process(clause, **options) for clause in element.clauses)
    return f"lower({text})"


def _same(one: ColumnElement[str], other: ColumnElement[str]) -> ColumnElement[bool]:
    return func.lower(one) == func.lower(other)
