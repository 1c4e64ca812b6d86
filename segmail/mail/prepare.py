"""Turns a due row into a message: coupon, template, subject, text, MIME."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from segmail.coupons import (
    Coupon,
    CouponBasis,
    MailedCoupon,
    coupon_fault,
    coupon_for,
    coupon_variables,
    discount_text,
)
from segmail.errors import CouponError, NothingToShow, TemplateError
from segmail.maho.customers import Customer, Subscriber
from segmail.maho.schema.transaction import Transaction
from segmail.maho.step_policies import StepNeeds
from segmail.maho.steps import Step
from segmail.maho.storefront.customer_name import recipient_name
from segmail.maho.storefront.site import StoreSite
from segmail.mail.campaign import attempt_id
from segmail.mail.column_limits import check_lengths, storable_html
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.items.reader import BatchItems, MailItems, ShownTo
from segmail.mail.message import Mail, build_envelope
from segmail.mail.plain_text import plain_text
from segmail.mail.quoted_printable import quoted_printable
from segmail.mail.ready_pages import MailBody, mail_body
from segmail.mail.run_cache import RunCache
from segmail.mail.step_in_store import StepInStore
from segmail.mail.variables import Addressee, mail_variables
from segmail.settings import CouponWords, MessageSettings
from segmail.templates import fits

Variables = Mapping[str, object]

NO_CART = "the customer has no cart that its mail could show"
NO_PRODUCTS = "there are no products that its mail could show"


class Preparer:
    """Renders messages, each once, in the words, money and links of the customer's own store."""

    def __init__(
        self,
        cache: RunCache,
        settings: MessageSettings,
        *,
        bounces_to: str | None = None,
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._bounces_to = bounces_to
        self._steps: dict[tuple[int, int], StepInStore] = {}
        self.attributes = cache.attributes
        self.needed_attributes = cache.needed_attributes()
        self._shelf = cache.shelf(settings.loyalty_tiers)

    def read_ahead(self) -> None:
        """Load what mails are going to need, so that processes forked later share it.

        Only the default store's language is loaded: each takes memory, and most shops write in one.
        """
        self._cache.locale(self._cache.sites.stores.default).money(Decimal(0))
        plain_text("<p>a</p>")

    def addressee(self, customer: Customer, subscriber: Subscriber) -> Addressee:
        """Return a customer with the store in which they are written to."""
        store = self._cache.store_of(customer, subscriber)
        site, locale = self._cache.sites.of(store), self._cache.locale(store)
        return Addressee(customer, subscriber, site, locale)

    def shows_items(self, step: Step) -> bool:
        """Return whether a step's template names carts, orders, products, sums or a coupon."""
        return not self._cache.item_needs(step.template_id).nothing

    def names_coupon(self, step: Step) -> bool:
        """Return whether a step's template names a coupon."""
        return self._cache.item_needs(step.template_id).coupon

    def load_items(
        self, tx: Transaction, asked: Iterable[tuple[Step, Addressee]], *, now: datetime
    ) -> BatchItems:
        """Read what the mails of these steps show of carts, orders and products, all at once."""
        readers = (self._reader(step, addressee) for step, addressee in asked)
        return BatchItems.load(tx, self._shelf, readers, now=now)

    def prepare(
        self,
        row: DueRow,
        addressee: Addressee,
        basis: CouponBasis,
        items: BatchItems,
        *,
        now: datetime,
    ) -> Prepared:
        """Return the message for one due row; nothing is written.

        Raises CouponError, TemplateError or MessageError with the reason, and NothingToShow if the
        mail is about a cart or products that do not exist.
        """
        step = self._in_store(row.step, addressee.site)
        reader = self._reader(row.step, addressee)
        shown = MailItems(items, reader)
        if reader.needs.shows_cart and shown.cart is None:
            raise NothingToShow(NO_CART)
        variables = mail_variables(
            addressee, step.variables, self.attributes.visible, shown.addresses()
        )
        variables |= shown.variables()
        draft = Draft(row, addressee, step, variables, variables, shown)
        if row.step.generate_coupon or self._still_works(basis, addressee, now):
            draft = _with_coupon(draft, basis, self._settings.coupon_words, now)
        return self._prepared(draft, now)

    def _still_works(self, basis: CouponBasis, addressee: Addressee, now: datetime) -> bool:
        """Return whether the coupon of an earlier step may be shown once more."""
        website_id = addressee.site.store.website_id
        return basis.own is not None and not coupon_fault(
            basis.rule, addressee.customer, website_id, addressee.locale, now=now
        )

    def _reader(self, step: Step, addressee: Addressee) -> ShownTo:
        needs = self._cache.item_needs(step.template_id)
        return ShownTo(addressee.customer, addressee.site, addressee.locale, needs)

    def _in_store(self, step: Step, site: StoreSite) -> StepInStore:
        key = (step.sequence_id, site.store.store_id)
        found = self._steps.get(key)
        if found is None:
            newsletter = self._cache.newsletter(step.template_id)
            found = StepInStore(step, site, newsletter, self._cache, self._settings)
            self._steps[key] = found
        return found

    def _prepared(self, draft: Draft, now: datetime) -> Prepared:
        subject, body = self._rendered(draft)
        needs_products = draft.row.step.policy.needs is StepNeeds.PRODUCTS
        if needs_products and not draft.shown.shows_products:
            raise NothingToShow(NO_PRODUCTS)
        mail = self._mail(draft, subject, body, now)
        return Prepared(
            row=draft.row,
            subscriber=draft.addressee.subscriber,
            template=draft.step.newsletter.template,
            subject=subject,
            text=body.stored,
            envelope=build_envelope(mail, sender=self._bounces_to),
            coupon=draft.made,
            shown_coupon=draft.mailed,
        )

    def _mail(self, draft: Draft, subject: str, body: MailBody, now: datetime) -> Mail:
        customer, subscriber = draft.addressee.customer, draft.addressee.subscriber
        step, template = draft.step, draft.step.newsletter.template
        attempt = attempt_id(draft.row, draft.row.lease_until)
        return Mail(
            sender_name=template.sender_name,
            sender_email=template.sender_email,
            recipient_name=recipient_name(
                customer.values, self.attributes.visible, subscriber.email
            ),
            recipient_email=subscriber.email,
            subject=subject,
            body=body.body,
            html=template.is_html,
            message_id=f"<{attempt}@{step.sender_domain}>",
            date=now,
            text=body.text,
            unsubscribe_url=draft.addressee.unsubscribe_url,
            list_id=step.list_id,
            headers=step.headers,
        )

    def _rendered(self, draft: Draft) -> tuple[str, MailBody]:
        """Return subject and body, which fit into Maho's columns and are not empty."""
        newsletter, site, tags = draft.step.newsletter, draft.addressee.site, draft.step.link_tags
        printed, is_html = draft.shown.printed, newsletter.template.is_html
        with newsletter.template.named_in_errors():
            subject = newsletter.subject.render(draft.in_subject, site)
            subject = printed.in_subject(subject).strip()
            rendered = newsletter.body.rendered(draft.in_text, site)
            if is_html:
                if printed.anything and not fits(in_place := printed.in_html(rendered.text)):
                    blocks = len(in_place.encode()) - len(rendered.text.encode())
                    rendered = newsletter.body.rendered(draft.in_text, site, kept_free=blocks)
                body = mail_body(rendered, printed, tags, with_text=self._settings.text_part)
            else:
                tag = tags.tag_text if tags else None
                text = printed.in_text(tag(rendered.text) if tag else rendered.text, tag)
                body = MailBody(text, quoted_printable(text), b"")
            for part, what in ((subject, "subject"), (body.stored.strip(), "text")):
                if not part:
                    raise TemplateError(f"its {what} renders to nothing")
            check_lengths(subject, body.stored if is_html else storable_html(body.stored))
        return subject, body


@dataclass(frozen=True)
class Draft:
    """A mail before it is rendered: its recipient, its content, and its variables.

    `mailed` is the coupon that it shows, `made` the one to be stored with it.
    """

    row: DueRow
    addressee: Addressee
    step: StepInStore
    in_subject: Variables
    in_text: Variables
    shown: MailItems
    mailed: MailedCoupon | None = None
    made: Coupon | None = None


def _with_coupon(
    draft: Draft, basis: CouponBasis, words: Mapping[str, CouponWords], now: datetime
) -> Draft:
    """Add the coupon, if the checkout of the store to which the mail's links lead accepts it."""
    row, addressee, locale = draft.row, draft.addressee, draft.addressee.locale
    website_id = addressee.site.store.website_id
    rule = basis.rule
    fault = coupon_fault(rule, addressee.customer, website_id, locale, now=now)
    if fault is not None or rule is None:
        raise CouponError(fault or "The step has no sales rule for its coupon.")
    coupon = basis.own or coupon_for(row.step, row.customer_id, rule, locale, now=now)
    in_subject = {
        **draft.in_subject,
        **coupon_variables(coupon, rule, locale, markup=False, own_words=words),
    }
    in_text = in_subject
    if draft.step.newsletter.template.is_html:
        told = discount_text(rule, locale, markup=True, own_words=words)
        in_text = {**in_subject, "coupon_discount_text": told}
    mailed = MailedCoupon(coupon, website_id, locale, is_lent=not row.step.generate_coupon)
    made = None if basis.own else coupon
    return replace(draft, in_subject=in_subject, in_text=in_text, mailed=mailed, made=made)
