"""The variables of a mail's templates: SPEC's, and those that Maho's mails have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segmail.maho.customers import Customer, Subscriber
from segmail.maho.newsletters import NewsletterTemplate, TemplateType
from segmail.maho.storefront.customer_name import full_name, recipient_name
from segmail.maho.storefront.locale import StoreLocale
from segmail.maho.storefront.site import StoreSite
from segmail.maho.storefront.template_objects import (
    customer_object,
    store_object,
    subscriber_object,
)
from segmail.mail.run_cache import RunCache
from segmail.templates import DataObject

_LOGO = "images/logo_email.gif"


@dataclass(frozen=True)
class Addressee:
    """A customer with their subscription, and the store in which they are written to."""

    customer: Customer
    subscriber: Subscriber
    site: StoreSite
    locale: StoreLocale

    @property
    def unsubscribe_url(self) -> str:
        """The link that ends this subscription."""
        subscriber = self.subscriber
        return self.site.urls.unsubscribe_url(subscriber.subscriber_id, subscriber.confirm_code)


def mail_variables(
    addressee: Addressee,
    common: Mapping[str, object],
    visible: Mapping[str, bool],
    addresses: Mapping[str, Mapping[str, object]],
) -> dict[str, object]:
    """Return every variable but the coupon's, as Maho's automation and mails name them.

    `common` are those that are the same for every customer, `visible` tells which attributes count
    for the full name, `addresses` are the customer's default ones. Maho renders a mail twice, and
    some variables exist in only one of the passes; here there is one pass, with all of them.
    """
    customer, subscriber, site = addressee.customer, addressee.subscriber, addressee.site
    return {
        **common,
        "customer": customer_object(customer, visible, common["store"], addresses),
        "customer_name": full_name(customer.values, visible),
        "customer_firstname": customer.values.get("firstname"),
        "customer_lastname": customer.values.get("lastname"),
        "customer_email": customer.email,
        "subscriber": subscriber_object(subscriber, site, customer.values, visible),
        "email": subscriber.email,
        "name": recipient_name(customer.values, visible, subscriber.email),
    }


def shop_variables(
    site: StoreSite, template: NewsletterTemplate, cache: RunCache
) -> dict[str, object]:
    """Return the variables that every mail of a store has (logo, phone, hours, styles)."""

    def setting(path: str) -> str | None:
        return cache.config.value(path, site.store.store_id)

    store = store_object(site)
    logo = setting("design/email/logo")
    phone = setting("general/store_information/phone")
    return {
        "store": store,
        "this": _template_object(template),
        "logo_url": (
            f"{site.urls.base_url('media')}email/logo/{logo}" if logo else site.skin_url(_LOGO, {})
        ),
        "logo_alt": setting("design/email/logo_alt") or store.member("getfrontendname", None, ()),
        "logo_width": setting("design/email/logo_width"),
        "logo_height": setting("design/email/logo_height"),
        "phone": phone,
        "store_phone": phone,
        "store_hours": setting("general/store_information/hours"),
        "store_email": setting("trans_email/ident_support/email"),
        "non_inline_styles": site.non_inline_styles(template.styles),
    }


def _template_object(template: NewsletterTemplate) -> DataObject:
    data = {
        "template_id": template.template_id,
        "template_code": template.code,
        "template_subject": template.subject,
        "template_styles": template.styles,
        "template_type": int(TemplateType.of(is_html=template.is_html)),
        "template_sender_name": template.sender_name,
        "template_sender_email": template.sender_email,
    }
    return DataObject(data, {"getId": lambda: template.template_id}, "this")
