"""The use case of `preview`: render one step for one customer, as a run would."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Connection

from segmail.coupons import Coupon, expires_at, sample_code
from segmail.delivery.decide.eligible import SendCounts, skip_reason
from segmail.delivery.decide.policy_stops import load_stopped
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import (
    Customer,
    Subscriber,
    SubscriberStatus,
    load_customers,
    load_subscribers,
)
from segmail.maho.lookup import find_customer
from segmail.maho.policies import load_policies
from segmail.maho.rules import load_rules, load_uses
from segmail.maho.shop import Shop
from segmail.maho.steps import Step
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.prepare import CouponBasis, Preparer
from segmail.mail.run_cache import RunCache
from segmail.mail.variables import Addressee
from segmail.sequences.find import find_steps, label
from segmail.settings import Settings

_NO_ROW = 0


@dataclass(frozen=True)
class Preview:
    """A message as a mail reader sees it; `size` counts the bytes that would be sent.

    `html` is None for a plain-text mail; `obstacles` say why a run would not send it now.
    """

    step: str  # SEGMENT:TRIGGER:NUMBER
    customer_id: int
    headers: Sequence[tuple[str, str]]
    html: str | None
    text: str
    size: int
    obstacles: Sequence[str]


def preview(
    shop: Shop, config: StoreConfig, settings: Settings, step: str, customer: str, *, now: datetime
) -> Preview:
    """Return the mail of the step for the customer, each as a person names it.

    A coupon's code is a sample, its random letters all X; a customer without a subscription gets
    the mail as a subscriber would. Raises InputError for names that mean nothing, and StepError
    where the step of a run would fail.
    """
    with shop.database.read() as connection:
        [found] = find_steps(connection, shop.tables, [step])
        customer_id = find_customer(connection, shop.tables, customer)
    cache = RunCache.load(
        shop,
        config,
        [found],
        maho_root=settings.maho_root,
        autoescape=settings.templates.autoescape,
    )
    preparer = Preparer(cache, settings.message)
    row = DueRow(_NO_ROW, customer_id, found, found.trigger, None, now, now, now)
    with shop.database.read() as connection:
        mail, obstacles = _prepare(connection, shop, settings, preparer, row, now)
    return _as_read(mail, obstacles)


def _prepare(
    connection: Connection,
    shop: Shop,
    settings: Settings,
    preparer: Preparer,
    row: DueRow,
    now: datetime,
) -> tuple[Prepared, Sequence[str]]:
    tables, ids = shop.tables, {row.customer_id}
    customer = load_customers(
        connection, tables, ids, preparer.needed_attributes, preparer.attributes
    )[row.customer_id]
    subscriber = load_subscribers(connection, tables, ids).get(row.customer_id)
    addressee = preparer.addressee(customer, subscriber or _as_subscriber(customer))
    basis = _basis(connection, shop, row, addressee, now)
    reason = skip_reason(
        row,
        customer,
        subscriber,
        SendCounts.load(connection, tables, [row]),
        load_stopped(connection, tables, [row], load_policies(connection, tables)).get(_NO_ROW),
        layout=shop.layout,
        now=now,
        held_until=None,
        stale_after=timedelta(days=settings.delivery.stale_days),
    )
    held = None if row.step.segment.sends else "the segment or its automation is switched off"
    obstacles = [told for told in (reason, held) if told]
    return preparer.prepare(row, addressee, basis, now=now), obstacles


def _as_subscriber(customer: Customer) -> Subscriber:
    return Subscriber(
        0, customer.customer_id, customer.store_id, customer.email, SubscriberStatus.UNKNOWN, None
    )


def _basis(
    connection: Connection, shop: Shop, row: DueRow, addressee: Addressee, now: datetime
) -> CouponBasis:
    """Return what a run would make the coupon from, with a sample that is never stored."""
    step: Step = row.step
    if not step.generate_coupon or step.rule_id is None:
        return CouponBasis(None)
    rule = load_rules(connection, shop.tables, [step.rule_id]).get(step.rule_id)
    if rule is None:
        return CouponBasis(None)
    uses = load_uses(connection, shop.tables, [rule], {row.customer_id})
    sample = Coupon(
        code=sample_code(step.coupon_prefix, row.customer_id),
        rule_id=rule.rule_id,
        expires=expires_at(step.coupon_expires_days, addressee.locale, rule, now=now),
        created_at=now,
    )
    return CouponBasis(rule, uses.get((rule.rule_id, row.customer_id), 0), sample)


def _as_read(mail: Prepared, obstacles: Sequence[str]) -> Preview:
    data = mail.envelope.data
    message = email.message_from_bytes(data, policy=email.policy.default)
    return Preview(
        step=label(mail.row.step),
        customer_id=mail.row.customer_id,
        headers=[(name, str(value)) for name, value in message.items()],
        html=_content(message, "html"),
        text=_content(message, "plain") or "",
        size=len(data),
        obstacles=obstacles,
    )


def _content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else None
