"""What the mails of one step have in common in one store, made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from segmail.maho.newsletters import CompiledNewsletter
from segmail.maho.steps import Step
from segmail.maho.storefront.site import StoreSite
from segmail.mail.campaign import campaign_headers, link_parameters, list_id
from segmail.mail.links import LinkTags, shop_hosts
from segmail.mail.message import sender_domain
from segmail.mail.run_cache import RunCache
from segmail.mail.variables import shop_variables
from segmail.settings import MessageSettings


@dataclass(frozen=True)
class StepInStore:
    """A step's newsletter in one store; each part is made when a mail first needs it."""

    step: Step
    site: StoreSite
    newsletter: CompiledNewsletter
    cache: RunCache
    settings: MessageSettings

    @cached_property
    def variables(self) -> Mapping[str, object]:
        """The variables that are the same for every customer."""
        return {
            **shop_variables(self.site, self.newsletter.template, self.cache),
            "segment_name": self.step.segment.name,
            "step_number": self.step.step_number,
        }

    @cached_property
    def sender_domain(self) -> str:
        """The sender's domain; raises MessageError if there is no sender."""
        return sender_domain(self.newsletter.template.sender_email)

    @cached_property
    def list_id(self) -> str | None:
        """The identity of the store's newsletter."""
        return list_id(self.site.store, self.sender_domain)

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers that describe the campaign."""
        return campaign_headers(self.step, self.sender_domain)

    @cached_property
    def link_tags(self) -> LinkTags | None:
        """The parameters for links to the shop, None if links stay as they are."""
        settings = self.settings
        if not settings.utm:
            return None
        parameters = link_parameters(self.step, settings.utm_source, settings.utm_medium)
        return LinkTags(parameters, {*shop_hosts(self.site.urls), *settings.utm_hosts})
