"""The use case of `preview`: render one step for one customer, as a run would."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Connection

from segmail.coupons import CouponBasis, coupon_for
from segmail.delivery.decide.eligible import RowFacts, SendCounts, SendingRules, skip_reason
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
from segmail.maho.shop import Shop
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.prepare import Preparer
from segmail.mail.run_cache import RunCache
from segmail.mail.variables import Addressee
from segmail.sequences.find import find_steps, label
from segmail.sequences.findings import StepFinding, step_warning
from segmail.settings import Settings

_NO_ROW = 0


@dataclass(frozen=True)
class Preview:
    """A message as a mail reader sees it; `size` counts the bytes that would be sent.

    `html` is None for a plain-text mail; `findings` say why a run would not send it now.
    """

    step: str  # SEGMENT:TRIGGER:NUMBER
    customer_id: int
    headers: Sequence[tuple[str, str]]
    html: str | None
    text: str
    size: int
    findings: Sequence[StepFinding]


def preview_step(
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
        mail, findings = _prepare(connection, shop, settings, preparer, row, now)
    return _as_read(mail, findings)


def _prepare(
    connection: Connection,
    shop: Shop,
    settings: Settings,
    preparer: Preparer,
    row: DueRow,
    now: datetime,
) -> tuple[Prepared, Sequence[StepFinding]]:
    tables, ids = shop.tables, {row.customer_id}
    customer = load_customers(
        connection, tables, ids, preparer.needed_attributes, preparer.attributes
    )[row.customer_id]
    subscriber = load_subscribers(connection, tables, ids).get(row.customer_id)
    addressee = preparer.addressee(customer, subscriber or _as_subscriber(customer))
    basis = _basis(connection, shop, row, addressee, now)
    stopped = load_stopped(connection, tables, [row], load_policies(connection, tables))
    counts = SendCounts.load(connection, tables, [row])
    facts = RowFacts(customer, subscriber, counts, stopped.get(_NO_ROW))
    stale_after = timedelta(days=settings.delivery.stale_days)
    reason = skip_reason(row, facts, SendingRules(shop.layout, {}, stale_after), now=now)
    held = None if row.step.segment.sends else "the segment or its automation is switched off"
    findings = [step_warning(row.step, told) for told in (reason, held) if told]
    items = preparer.load_items(connection, [(row.step, addressee)], now=now)
    return preparer.prepare(row, addressee, basis, items, now=now), findings


def _as_subscriber(customer: Customer) -> Subscriber:
    return Subscriber(
        0, customer.customer_id, customer.store_id, customer.email, SubscriberStatus.UNKNOWN, None
    )


def _basis(
    connection: Connection, shop: Shop, row: DueRow, addressee: Addressee, now: datetime
) -> CouponBasis:
    """Return what a run would make the coupon from, with a sample that is never stored."""
    if not row.step.generate_coupon:
        return CouponBasis(None)
    basis = CouponBasis.load(connection, shop.tables, row.step, row.customer_id)
    if basis.rule is None:
        return basis
    sample = coupon_for(
        row.step, row.customer_id, basis.rule, addressee.locale, now=now, sample=True
    )
    return replace(basis, own=sample)


def _as_read(mail: Prepared, findings: Sequence[StepFinding]) -> Preview:
    data = mail.envelope.data
    message = email.message_from_bytes(data, policy=email.policy.default)
    return Preview(
        step=label(mail.row.step),
        customer_id=mail.row.customer_id,
        headers=[(name, str(value)) for name, value in message.items()],
        html=_content(message, "html"),
        text=_content(message, "plain") or "",
        size=len(data),
        findings=findings,
    )


def _content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else None
