"""Campaign parameters on a mail's links, for web statistics."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlsplit

from segmail.maho.storefront.urls import StoreUrls

if TYPE_CHECKING:
    from turbohtml.rewrite import Element

_LINKS = "[href]:not(link, base)"  # also Outlook's buttons: <v:roundrect href="…">
_FOR_OUTLOOK = re.compile(r"(\[if\b[^\]]*\]>)(.*)", re.IGNORECASE | re.DOTALL)
_IN_TEXT = re.compile(r"https?://[^\s<>\"]*[^\s<>\"'.,;:!?)\]]", re.IGNORECASE)
_TAGGED = re.compile(r"[?&;]utm_\w+=", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"newsletter/subscriber(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True)
class LinkTags:
    """Parameters, such as `utm_source`, and the hosts whose links get them."""

    parameters: Mapping[str, str]
    hosts: Collection[str]

    def tag(self, url: str) -> str:
        """Return the URL with the parameters at the end of its query.

        It is unchanged if it leads elsewhere or to the subscription (the unsubscribe link), or if
        the merchant gave it parameters of this kind.
        """
        if not self._is_ours(url) or _TAGGED.search(url):
            return url
        address, hash_, fragment = url.strip().partition("#")
        gap = "" if address[-1] in "?&" else "&" if "?" in address else "?"
        return f"{address}{gap}{self._query}{hash_}{fragment}"

    def tag_html(self, html: str) -> str:
        """Return the HTML with its links tagged, including those in Outlook's conditional comments.

        Everything else stays as it was.
        """
        from turbohtml.rewrite import rewrite  # a run that tags no links does not pay for it

        links = [(_LINKS, partial(_tag_element, self.tag))]

        def tag_comment(comment: Element) -> None:
            text = comment.text or ""
            if (match := _FOR_OUTLOOK.match(text)) and "href" in match[2]:
                comment.set_text(match[1] + rewrite(match[2], elements=links))

        return rewrite(html, elements=links, comments=tag_comment)

    def tag_text(self, text: str) -> str:
        """Return plain text with the URLs in it tagged."""
        return _IN_TEXT.sub(lambda match: self.tag(match[0]), text)

    @cached_property
    def _query(self) -> str:
        return "&".join(f"{name}={quote_plus(it)}" for name, it in self.parameters.items())

    def _is_ours(self, url: str) -> bool:
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname
        except ValueError:
            return False
        return (
            parts.scheme in ("http", "https")
            and host in self.hosts
            and not _SUBSCRIPTION.search(parts.path)
        )


def shop_hosts(urls: StoreUrls) -> set[str]:
    """Return the hosts of a store's own pages."""
    pages = (urls.base_url("link", secure=secure) for secure in (False, True))
    return {host for page in pages if (host := urlsplit(page).hostname)}


def _tag_element(tag: Callable[[str], str], element: Element) -> None:
    href = element.get("href") or ""
    tagged = tag(href)
    if tagged != href:
        element.set_attribute("href", tagged)
