"""Turns a due row into a message: coupon, template, subject, text, MIME."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from segmail.coupons import Coupon, coupon_variables, discount_text, expires_at, new_code
from segmail.errors import CouponError, TemplateError
from segmail.maho.customers import Customer, Subscriber
from segmail.maho.rules import Rule, rule_fault
from segmail.maho.steps import Step
from segmail.maho.storefront.customer_name import recipient_name
from segmail.maho.storefront.site import StoreSite
from segmail.mail.campaign import attempt_id
from segmail.mail.column_limits import check_lengths
from segmail.mail.due_row import DueRow, Prepared
from segmail.mail.links import LinkTags
from segmail.mail.message import Letter, build_envelope
from segmail.mail.plain_text import plain_text
from segmail.mail.run_cache import Newsletter, Shelf
from segmail.mail.step_in_store import Mailing
from segmail.mail.variables import Addressee, mail_variables
from segmail.settings import MessageSettings

Variables = Mapping[str, object]


@dataclass(frozen=True)
class CouponBasis:
    """From what a row's coupon is made.

    `uses` is how often the customer used the rule, `own` the coupon that an earlier attempt of
    this very row made and that still works.
    """

    rule: Rule | None
    uses: int = 0
    own: Coupon | None = None


class Preparer:
    """Renders messages, each once, in the words, money and links of the customer's own store."""

    def __init__(
        self,
        shelf: Shelf,
        settings: MessageSettings,
        *,
        bounces_to: str | None = None,
    ) -> None:
        self._shelf = shelf
        self._settings = settings
        self._bounces_to = bounces_to
        self._mailings: dict[tuple[int, int], Mailing] = {}
        self.attributes = shelf.attributes
        self.needed_attributes = shelf.needed_attributes()

    def read_ahead(self) -> None:
        """Load what mails are going to need, for the processes that are forked after it to share.

        Only the default store's language: each takes memory, and most shops write in one.
        """
        self._shelf.default_locale().money(Decimal(0))
        plain_text("<p>a</p>")

    def addressee(self, customer: Customer, subscriber: Subscriber) -> Addressee:
        """Return a customer with the store in which they are written to."""
        store = self._shelf.store_of(customer, subscriber)
        return Addressee(customer, subscriber, self._shelf.site(store), self._shelf.locale(store))

    def prepare(
        self, row: DueRow, addressee: Addressee, basis: CouponBasis, *, now: datetime
    ) -> Prepared:
        """Return the message for one due row; nothing is written.

        Raises CouponError, TemplateError or MessageError with the reason.
        """
        mailing = self._mailing(row.step, addressee.site)
        variables = mail_variables(addressee, mailing.variables, self.attributes.visible)
        if not row.step.generate_coupon:
            return self._message(row, addressee, mailing, variables, variables, None, now)
        rule, locale = _usable_rule(addressee, basis, now), addressee.locale
        coupon = basis.own or _new_coupon(row, rule, addressee, now)
        variables |= coupon_variables(coupon, rule, locale, markup=False)
        in_text = variables
        if mailing.newsletter.html:
            in_text = {
                **variables,
                "coupon_discount_text": discount_text(rule, locale, markup=True),
            }
        made = None if basis.own else coupon
        return self._message(row, addressee, mailing, in_text, variables, made, now)

    def _mailing(self, step: Step, site: StoreSite) -> Mailing:
        key = (step.sequence_id, site.store.store_id)
        found = self._mailings.get(key)
        if found is None:
            newsletter = self._shelf.newsletter(step.template_id)
            found = Mailing(step, site, newsletter, self._shelf, self._settings)
            self._mailings[key] = found
        return found

    def _message(
        self,
        row: DueRow,
        addressee: Addressee,
        mailing: Mailing,
        in_text: Variables,
        in_subject: Variables,
        coupon: Coupon | None,
        now: datetime,
    ) -> Prepared:
        newsletter = mailing.newsletter
        subject, text = _render(newsletter, addressee, in_text, in_subject, mailing.link_tags)
        letter = self._letter(row, addressee, mailing, subject, text, now)
        return Prepared(
            row=row,
            subscriber=addressee.subscriber,
            template_id=newsletter.template_id,
            html=newsletter.html,
            subject=subject,
            text=text,
            styles=newsletter.styles,
            sender_name=newsletter.sender_name,
            sender_email=newsletter.sender_email,
            envelope=build_envelope(letter, sender=self._bounces_to),
            coupon=coupon,
        )

    def _letter(
        self,
        row: DueRow,
        addressee: Addressee,
        mailing: Mailing,
        subject: str,
        text: str,
        now: datetime,
    ) -> Letter:
        customer, subscriber = addressee.customer, addressee.subscriber
        newsletter, domain = mailing.newsletter, mailing.sender_domain
        has_text_part = newsletter.html and self._settings.text_part
        return Letter(
            sender_name=newsletter.sender_name,
            sender_email=newsletter.sender_email,
            recipient_name=recipient_name(
                customer.values, self.attributes.visible, subscriber.email
            ),
            recipient_email=subscriber.email,
            subject=subject,
            body=text,
            html=newsletter.html,
            message_id=f"<{attempt_id(row, row.lease_until)}@{domain}>",
            date=now,
            text=plain_text(text) if has_text_part else "",
            unsubscribe_url=addressee.unsubscribe_url,
            list_id=mailing.list_id,
            headers=mailing.headers,
        )


def _render(
    newsletter: Newsletter,
    addressee: Addressee,
    in_text: Variables,
    in_subject: Variables,
    tags: LinkTags | None,
) -> tuple[str, str]:
    """Return subject and text, which fit into Maho's columns and are not empty."""
    try:
        subject = newsletter.subject.render(in_subject, addressee.site).strip()
        text = newsletter.body.render(in_text, addressee.site)
        if tags:
            text = tags.tag_html(text) if newsletter.html else tags.tag_text(text)
        for part, what in ((subject, "subject"), (text.strip(), "text")):
            if not part:
                raise TemplateError(f"its {what} renders to nothing")
        check_lengths(subject, text)
    except TemplateError as error:
        raise TemplateError(f"Template '{newsletter.code}': {error}") from error
    return subject, text


def _usable_rule(addressee: Addressee, basis: CouponBasis, now: datetime) -> Rule:
    """Return the rule, if a coupon of it would be accepted where the mail's links lead."""
    fault = rule_fault(
        basis.rule,
        today=addressee.locale.today(now),
        website_id=addressee.site.store.website_id,
        group_id=addressee.customer.group_id,
        times_used=basis.uses,
    )
    if fault is not None or basis.rule is None:
        raise CouponError(fault or "The step has no sales rule for its coupon.")
    return basis.rule


def _new_coupon(row: DueRow, rule: Rule, addressee: Addressee, now: datetime) -> Coupon:
    step = row.step
    return Coupon(
        code=new_code(step.coupon_prefix, row.customer_id),
        rule_id=rule.rule_id,
        expires=expires_at(step.coupon_expires_days, addressee.locale, rule, now=now),
        created_at=now,
    )
