"""The shop that random templates are rendered in: the real objects, with secrets all around.

Whatever a template may not see holds the text SECRET; a value that was read as a template would
print RAN.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from segmail.maho.config.store_config import ConfigRow, StoreConfig
from segmail.maho.customers import Customer, Subscriber, SubscriberStatus
from segmail.maho.storefront.site import StoreSite
from segmail.maho.storefront.skin import skin_path
from segmail.maho.storefront.stores import Store
from segmail.maho.storefront.template_objects import (
    customer_object,
    store_object,
    subscriber_object,
)
from segmail.maho.storefront.urls import StoreUrls
from segmail.templates.styling import MARK
from tests.unit.templates.recorded import RecordedSite

SECRET = "S3CR3T"
RAN = "R4NCODE"
OTHER = "0TH3R"
EVIL = '{{var zqcanary}}{{config path="system/smtp/password"}}{{include template="zq"}}{% raw %}'

_ALLOWED = {"general/store_information/name": "Fuzz & Co.", "web/unsecure/base_url": "http://a.t/"}
_HIDDEN = {"system/smtp/password": SECRET, "trans_email/ident_support/email": SECRET}
_VALUES: Mapping[str, object] = {
    "firstname": EVIL,
    "lastname": 'O\'Neil "<i>" & Søn',
    "bio": "one\ntwo\r\n{{/if}}{{else}}}}",
    "password_hash": SECRET,
    "rp_token": SECRET,
    "rp_token_created_at": SECRET,
    "confirmation": SECRET,
    "two_factor_secret": SECRET,
    "api_key": SECRET,
}
OTHER_CUSTOMER = Customer(2, 1, 1, 1, f"{SECRET}@a.test", True, None, {"firstname": SECRET})


class World(RecordedSite):
    """A site whose templates and blocks are fuzzed, too. It knows more than it may tell."""

    store = Store(1, "one", "One", 1, 1, "Group", "Website", is_active=True)
    stored = StoreConfig.from_rows(
        [ConfigRow("default", 0, path, value) for path, value in {**_ALLOWED, **_HIDDEN}.items()]
    )
    urls = StoreUrls(store, stored)
    sites = SimpleNamespace(config=stored)
    others = (OTHER_CUSTOMER,)

    def __init__(
        self,
        templates: Mapping[str, str],
        blocks: Mapping[str, str],
        maho_root: Path | None = None,
    ) -> None:
        super().__init__(templates, blocks)
        self.maho_root = maho_root

    def store_url(self, route: str, params: Mapping[str, str]) -> str:
        return self.urls.url(route, params)

    def direct_url(self, path: str, params: Mapping[str, str]) -> str:
        return self.urls.url("", {**params, "_direct": path})

    def media_url(self, path: str) -> str:
        return self.urls.base_url("media") + path

    def skin_url(self, path: str, params: Mapping[str, str]) -> str:
        return skin_path(path, params, self.stored, 1, self.maho_root)

    def unsubscribe_url(self, subscriber: Subscriber) -> str:
        return self.urls.unsubscribe_url(subscriber.subscriber_id, subscriber.confirm_code)

    def confirm_url(self, subscriber: Subscriber) -> str:
        return self.urls.confirm_url(subscriber.subscriber_id, subscriber.confirm_code)

    def config(self, path: str) -> str | None:
        return self.stored.value(path, 1) if path in _ALLOWED else None

    def custom_variable(self, code: str, *, plain: bool = False) -> str | None:
        return f"<b>Promo</b>{EVIL}" if code == "promo" else None


def variables(world: World, *, other: bool = False) -> dict[str, object]:
    """Return what a mail's templates may speak of; `other`, of a customer who is all OTHER."""
    site = cast(StoreSite, world)
    values = dict.fromkeys(_VALUES, OTHER) if other else _VALUES
    customer = Customer(1, 1, 1, 1, "a@a.test", True, datetime(2026, 3, 1, tzinfo=UTC), values)
    subscriber = Subscriber(5, 1, 1, "a@a.test", SubscriberStatus.SUBSCRIBED, "confirmcode")
    store = store_object(site)
    return {
        "customer": customer_object(customer, {}, store),
        "customer_name": OTHER if other else EVIL,
        "store": store,
        "subscriber": subscriber_object(subscriber, site, values, {}),
        "one": "1",
        "zero": 0,
        "float": 1.5,
        "no": False,
        "nothing": None,
        "lines": "a\nb\r\nc",
        "markup": OTHER if other else "<zqtag>",
        "mark": OTHER if other else MARK + MARK[:1],
        "zqcanary": RAN,
    }
