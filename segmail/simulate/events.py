"""What customers do in a simulation, in people's words, and the rows that it writes.

    ada@example.com orders on day 3 at 10:00
    42 orders for 120 with coupon on 2026-03-14
    42 unsubscribes on day 5
    42 updates cart on day 2 at 18:30

Days are counted from 1, the day on which the simulation begins, and times are those of the
customer's website.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Table, func, insert, select, update

from segmail.coupons.codes import code_owner
from segmail.errors import InputError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.time_zones import load_website_zones, time_zone
from segmail.maho.customers import SubscriberStatus
from segmail.maho.db.insert import insert_rows
from segmail.maho.lookup import find_customer
from segmail.maho.schema.sales_tables import SalesTables, build_sales_tables
from segmail.maho.schema.transaction import Transaction

_CURRENCY = "currency/options/default"
_NOON = time(12)
_SHAPE = re.compile(
    r"(?P<who>\S+)\s+(?P<deed>orders|unsubscribes|subscribes|updates cart|empties cart)"
    r"(?:\s+for\s+(?P<amount>\d{1,7}(?:\.\d{1,2})?)|(?P<coupon>\s+with\s+coupon)"
    r"|(?P<guest>\s+as\s+guest)){,3}"
    r"\s+on\s+(?:day\s+(?P<day>\d{1,4})|(?P<date>\d{4}-\d\d-\d\d))"
    r"(?:\s+at\s+(?P<hour>\d{1,2}):(?P<minute>\d\d))?",
    re.IGNORECASE,
)
_USUAL_TOTAL = Decimal(50)  # of the order or cart of a customer who never had one


@dataclass(frozen=True)
class Event:
    """A customer does something at a moment; `amount` and `with_coupon` are about orders."""

    customer_id: int
    deed: str
    at: datetime
    amount: Decimal | None = None
    with_coupon: bool = False
    as_guest: bool = False
    told: str = ""


def parse_event(tx: Transaction, told: str, *, start: datetime) -> Event:
    """Return the event that a person describes; raise InputError if it means nothing."""
    found = _SHAPE.fullmatch(told.strip())
    if found is None:
        raise InputError(
            f"--event '{told}': it must be like '42 orders on day 3 at 10:00'; a customer's id or "
            "address, then `orders [for 120] [with coupon] [as guest]`, `unsubscribes`, "
            "`subscribes`, `updates cart` or `empties cart`, then `on day N` or `on 2026-03-14`, "
            "and `at HH:MM`."
        )
    deed = " ".join(found["deed"].lower().split())
    of_order = found["coupon"] or found["guest"]
    if deed != "orders" and (of_order or (found["amount"] and deed != "updates cart")):
        raise InputError(f"--event '{told}': only orders have an amount and a coupon.")
    customer_id = find_customer(tx, found["who"])
    at = _moment(tx, customer_id, found, start)
    if at is None or at < start:
        raise InputError(
            f"--event '{told}': that is before the simulation begins, or not a valid time."
        )
    amount = Decimal(found["amount"]) if found["amount"] else None
    return Event(
        customer_id, deed, at, amount, bool(found["coupon"]), bool(found["guest"]), told.strip()
    )


def _moment(
    tx: Transaction, customer_id: int, found: re.Match[str], start: datetime
) -> datetime | None:
    c = tx.tables.customer.c
    website_id = tx.connection.scalar(select(c.website_id).where(c.entity_id == customer_id))
    zone = time_zone(load_website_zones(tx).get(website_id or 0, "UTC"))
    try:
        day = (
            date.fromisoformat(found["date"])
            if found["date"]
            else start.astimezone(zone).date() + timedelta(days=int(found["day"]) - 1)
        )
        at = time(int(found["hour"]), int(found["minute"])) if found["hour"] else _NOON
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, at, zone).astimezone(UTC)


def happen(tx: Transaction, event: Event) -> None:
    """Write what the event says into a shop, as a shop does."""
    _DEEDS[event.deed](tx, event)


def _customer(tx: Transaction, event: Event) -> Row[*tuple[Any, ...]]:
    c = tx.tables.customer.c
    query = select(c.entity_id, c.email, c.store_id, c.website_id).where(
        c.entity_id == event.customer_id
    )
    return tx.connection.execute(query).one()


def _order(tx: Transaction, event: Event) -> None:
    """Order what is in the cart, if there is one; a guest has another, which nobody sees."""
    customer, sales = _customer(tx, event), build_sales_tables(tx.tables.prefix)
    cart = None if event.as_guest else _cart(tx, sales, event.customer_id)
    total = (
        event.amount or (cart.base_grand_total if cart else None) or _last_total(tx, sales, event)
    )
    code = _use_coupon(tx, event) if event.with_coupon else None
    store_id = (cart.store_id if cart else None) or customer.store_id
    order = {
        "state": "processing",
        "status": "processing",
        "coupon_code": code,
        "store_id": store_id,
        "order_currency_code": StoreConfig.load(tx).value(_CURRENCY, store_id or 0),
        "customer_id": None if event.as_guest else event.customer_id,
        "customer_email": customer.email,
        "increment_id": f"SIMULATED-{event.customer_id}-{event.at:%Y%m%d%H%M}",
        "total_qty_ordered": Decimal(1),
        "created_at": event.at,
        "updated_at": event.at,
        **dict.fromkeys(("base_grand_total", "grand_total", "subtotal"), total),
    }
    [order_id] = insert_rows(tx.connection, sales.order, [order])
    if cart is None:
        return
    i = sales.quote_item.c
    for line in tx.connection.execute(select(sales.quote_item).where(i.quote_id == cart.entity_id)):
        row = {
            "order_id": order_id,
            "store_id": line.store_id,
            "product_id": line.product_id,
            "product_type": line.product_type,
            "name": line.name,
            "qty_ordered": line.qty,
            "row_total": line.row_total,
        }
        insert_rows(tx.connection, sales.order_item, [row])
    _change(tx, sales.quote, cart.entity_id, is_active=0, updated_at=event.at)


def _last_total(tx: Transaction, sales: SalesTables, event: Event) -> Decimal:
    o = sales.order.c
    query = (
        select(o.base_grand_total)
        .where(o.customer_id == event.customer_id, o.base_grand_total > 0)
        .order_by(o.entity_id.desc())
        .limit(1)
    )
    found: Decimal | None = tx.connection.scalar(query)
    return found or _USUAL_TOTAL


def _use_coupon(tx: Transaction, event: Event) -> str | None:
    """Mark the newest unused code that the customer was sent as used, and return it."""
    c, s = tx.tables.coupon.c, tx.tables.sequence.c
    prefixes = tx.connection.scalars(select(s.coupon_prefix).distinct()).all()
    for coupon_id, code in tx.connection.execute(
        select(c.coupon_id, c.code).where(c.times_used == 0).order_by(c.coupon_id.desc())
    ):
        if any(code_owner(code or "", prefix) == event.customer_id for prefix in prefixes):
            _change(tx, tx.tables.coupon, coupon_id, times_used=1)
            usage = {"coupon_id": coupon_id, "customer_id": event.customer_id, "times_used": 1}
            tx.connection.execute(insert(tx.tables.coupon_usage), [usage])
            return str(code)
    return None


def _update_cart(tx: Transaction, event: Event) -> None:
    """Touch the active cart; a customer without one fills a new one."""
    sales = build_sales_tables(tx.tables.prefix)
    cart = _cart(tx, sales, event.customer_id)
    if cart is not None:
        totals: Mapping[str, Any] = dict.fromkeys(_TOTALS, event.amount) if event.amount else {}
        _change(tx, sales.quote, cart.entity_id, updated_at=event.at, **totals)
        return
    store_id = _customer(tx, event).store_id
    total = event.amount or _last_total(tx, sales, event)
    new = {
        "store_id": store_id,
        "customer_id": event.customer_id,
        "is_active": 1,
        "items_count": 1,
        "items_qty": Decimal(1),
        "created_at": event.at,
        "updated_at": event.at,
        **dict.fromkeys(_TOTALS, total),
    }
    [quote_id] = insert_rows(tx.connection, sales.quote, [new])
    product = tx.connection.scalar(select(func.min(sales.product.c.entity_id)))
    if product is not None:
        line = {
            "quote_id": quote_id,
            "created_at": event.at,
            "updated_at": event.at,
            "product_id": product,
            "store_id": store_id,
            "product_type": "simple",
            "qty": Decimal(1),
            **dict.fromkeys(("price", "base_price", "row_total", "base_row_total"), total),
        }
        insert_rows(tx.connection, sales.quote_item, [line])


def _empty_cart(tx: Transaction, event: Event) -> None:
    sales = build_sales_tables(tx.tables.prefix)
    if cart := _cart(tx, sales, event.customer_id):
        none: dict[str, Any] = {"items_count": 0, "items_qty": Decimal(0), "updated_at": event.at}
        _change(tx, sales.quote, cart.entity_id, **none, **dict.fromkeys(_TOTALS, Decimal(0)))
        i = sales.quote_item
        tx.connection.execute(i.delete().where(i.c.quote_id == cart.entity_id))


_TOTALS = ("subtotal", "grand_total", "base_subtotal", "base_grand_total")


def _cart(tx: Transaction, sales: SalesTables, customer_id: int) -> Row[Any] | None:
    q = sales.quote
    query = (
        select(q)
        .where(q.c.customer_id == customer_id, q.c.is_active == 1)
        .order_by(q.c.updated_at.desc(), q.c.entity_id.desc())
        .limit(1)
    )
    return tx.connection.execute(query).first()


def _subscription(status: SubscriberStatus) -> Any:
    def change(tx: Transaction, event: Event) -> None:
        s, customer = tx.tables.subscriber, _customer(tx, event)
        changed = tx.connection.execute(
            update(s)
            .where(s.c.customer_id == event.customer_id)
            .values(subscriber_status=status.value, change_status_at=event.at)
        ).rowcount
        if not changed:
            row = {
                "customer_id": event.customer_id,
                "store_id": customer.store_id,
                "subscriber_email": customer.email,
                "subscriber_status": status.value,
                "subscriber_confirm_code": "simulated",
                "change_status_at": event.at,
            }
            insert_rows(tx.connection, s, [row])

    return change


_DEEDS = {
    "orders": _order,
    "unsubscribes": _subscription(SubscriberStatus.UNSUBSCRIBED),
    "subscribes": _subscription(SubscriberStatus.SUBSCRIBED),
    "updates cart": _update_cart,
    "empties cart": _empty_cart,
}


def _change(tx: Transaction, table: Table, id: int, **values: Any) -> None:
    [key] = table.primary_key.columns
    tx.connection.execute(update(table).where(key == id).values(**values))
