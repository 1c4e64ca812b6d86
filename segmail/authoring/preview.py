"""The use case of `preview`: renders one step for customers, as a run would."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from html import unescape

from segmail.authoring.telling_customers import Telling, telling_customers
from segmail.coupons import CouponBasis, coupon_for
from segmail.delivery.decide.eligible import (
    RowFacts,
    RunFacts,
    SendCounts,
    skip_reason,
    stale_after,
)
from segmail.delivery.decide.policy_stops import load_stopped
from segmail.delivery.decide.shop_state import ShopStates
from segmail.errors import InputError, StepError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import (
    Customer,
    Subscriber,
    SubscriberStatus,
    load_customers,
    load_subscribers,
)
from segmail.maho.lookup import find_customer
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import load_steps
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.prepare import Preparer
from segmail.mail.run_cache import RunCache
from segmail.mail.variables import Addressee
from segmail.sequences.find import find_steps, label
from segmail.sequences.findings import StepFinding, step_warning
from segmail.sequences.lent_coupons import lender_of
from segmail.settings import Settings

_NO_ROW = 0
_NO_CODE = "test"  # of a made-up subscription, so that its link does nothing

_PREHEADER = 110  # characters, about as many as inboxes show
_SILENT = re.compile(
    r"<(head|style|script|title)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^>]*>")
_HREF = re.compile(r"<a\b[^>]*?\bhref=\"([^\"]+)\"", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Preview:
    """A message as its reader sees it; `size` is the number of bytes that would be sent.

    `html` is None for a plain-text mail; `findings` say why a run would not send it now, `why` is
    what makes the customer worth a look. `preheader` is the text that inboxes show beside the
    subject.
    """

    step: str  # SEGMENT:TRIGGER:NUMBER
    customer_id: int
    sender: str
    subject: str
    preheader: str
    headers: Sequence[tuple[str, str]]
    html: str | None
    text: str
    links: Sequence[str]
    size: int
    findings: Sequence[StepFinding]
    why: str = ""


class Previewer:
    """One step of a shop, to be rendered for any customer without writing anything."""

    def __init__(
        self, shop: Shop, config: StoreConfig, settings: Settings, step: str, *, now: datetime
    ) -> None:
        """Raise InputError if the step does not exist."""
        self._shop = shop
        self._settings = settings
        self._now = now
        with shop.read() as tx:
            [self.step] = find_steps(tx, [step])
            lender = lender_of(self.step, load_steps(tx))
        self._gives = self.step if self.step.generate_coupon else lender
        self._cache = RunCache(
            shop,
            config,
            [self.step],
            maho_root=settings.maho_root,
            autoescape=settings.templates.autoescape,
        )
        self._preparer = Preparer(self._cache, settings.message)
        self._states = ShopStates(
            shop, config, enabled=settings.enabled, at_most=settings.delivery.recheck_seconds
        )

    @property
    def label(self) -> str:
        """The step as people name it."""
        return label(self.step)

    def customer(self, given: str) -> int:
        """Return the customer's id; raise InputError if there is no such customer."""
        with self._shop.read() as tx:
            return find_customer(tx, given)

    def telling(self, number: int) -> list[Telling]:
        """Return varied customers; raise InputError if the shop has nobody to show."""
        with self._shop.read() as tx:
            found = telling_customers(tx, self._cache.attributes, self.step, number)
        if not found:
            raise InputError("There is nobody to show the mail for; name a --customer.")
        return found

    def show(self, customer_id: int, why: str = "") -> Preview:
        """Return the mail for a customer.

        A coupon's code is a sample with X for its random letters, even if an earlier step made the
        coupon; a customer without a subscription gets the mail as a subscriber would. Raises
        StepError if the step of a run would fail.
        """
        mail, findings = self.prepare(customer_id)
        return _as_read(mail, findings, why)

    def show_or_tell(self, customer_id: int, why: str) -> Preview:
        """Return the mail, or the reason why there is none."""
        try:
            return self.show(customer_id, why)
        except StepError as error:
            told = [step_warning(self.step, str(error))]
            step = label(self.step)
            return Preview(step, customer_id, "", "", "", (), None, "", (), 0, told, why)

    def prepare(
        self, customer_id: int, *, send_to: str | None = None
    ) -> tuple[Prepared, Sequence[StepFinding]]:
        """Return the message and why a run would not send it now.

        `send_to` addresses it to a tester, with an unsubscribe link that does nothing.
        """
        now = self._now
        row = DueRow(_NO_ROW, customer_id, self.step, self.step.trigger, None, now, now, now)
        with self._shop.read() as tx:
            return self._prepared(tx, row, send_to)

    def _prepared(
        self, tx: Transaction, row: DueRow, send_to: str | None
    ) -> tuple[Prepared, Sequence[StepFinding]]:
        ids, now = {row.customer_id}, self._now
        preparer = self._preparer
        customer = load_customers(tx, ids, preparer.needed_attributes, preparer.attributes)[
            row.customer_id
        ]
        subscriber = load_subscribers(tx, ids).get(row.customer_id)
        written_to = subscriber or _as_subscriber(customer)
        if send_to is not None:
            written_to = replace(
                written_to, subscriber_id=_NO_ROW, confirm_code=_NO_CODE, email=send_to
            )
        addressee = preparer.addressee(customer, written_to)
        basis = self._basis(tx, addressee)
        states = self._states
        stopped = load_stopped(tx, [row], states.current(), states.conditions, now=now)
        counts = SendCounts.load(tx, [row], states.current().by_run())
        facts = RowFacts(customer, subscriber, counts, stopped.get(_NO_ROW))
        rules = RunFacts(self._shop.layout, {}, stale_after(self._settings.delivery))
        reason = skip_reason(row, facts, rules, now=now)
        held = None if row.step.segment.sends else "the segment or its automation is switched off"
        findings = [step_warning(row.step, told) for told in (reason, held) if told]
        items = preparer.load_items(tx, [(row.step, addressee)], now=now)
        return preparer.prepare(row, addressee, basis, items, now=now), findings

    def _basis(self, tx: Transaction, addressee: Addressee) -> CouponBasis:
        """Return what a run would make the coupon from, or an earlier step has made it from.

        Its coupon is a sample that is never stored.
        """
        step, customer_id = self._gives, addressee.customer.customer_id
        if step is None:
            return CouponBasis(None)
        basis = CouponBasis.load(tx, step, customer_id)
        if basis.rule is None:
            return basis
        sample = coupon_for(
            step, customer_id, basis.rule, addressee.locale, now=self._now, sample=True
        )
        return replace(basis, own=sample)


def _as_subscriber(customer: Customer) -> Subscriber:
    return Subscriber(
        0, customer.customer_id, customer.store_id, customer.email, SubscriberStatus.UNKNOWN, None
    )


def _as_read(mail: Prepared, findings: Sequence[StepFinding], why: str) -> Preview:
    data = mail.envelope.data
    message = email.message_from_bytes(data, policy=email.policy.default)
    html, text = _content(message, "html"), _content(message, "plain") or ""
    return Preview(
        step=label(mail.row.step),
        customer_id=mail.row.customer_id,
        sender=f"{mail.template.sender_name} <{mail.template.sender_email}>",
        subject=mail.subject,
        preheader=_preheader(text if html is None else _SILENT.sub(" ", html)),
        headers=[(name, str(value)) for name, value in message.items()],
        html=html,
        text=text,
        links=_links(html, text),
        size=len(data),
        findings=findings,
        why=why,
    )


def _preheader(html: str) -> str:
    """Return the words at the beginning, including hidden ones, as inboxes show them."""
    words = " ".join(unescape(_TAG.sub(" ", html)).split())
    visible = "".join(letter for letter in words if letter.isprintable())
    return visible[:_PREHEADER]


def _links(html: str | None, text: str) -> list[str]:
    """Return the addresses of the mail's links, each once, in order."""
    found = _ADDRESS.findall(text) if html is None else map(unescape, _HREF.findall(html))
    return list(dict.fromkeys(found))


def _content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else None
