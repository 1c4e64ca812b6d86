"""The URLs of one store, as Maho builds them while that store is current."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal
from urllib.parse import quote_plus, urlsplit

from segmail.errors import TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.routes import RoutePath, route_path
from segmail.maho.storefront.stores import Store

BaseUrl = Literal["link", "direct_link", "web", "media", "skin", "js"]

# Parameters that control the URL and are not part of it.
_RESERVED = frozenset(
    {
        "_absolute",
        "_current",
        "_direct",
        "_escape",
        "_forced_secure",
        "_fragment",
        "_nosid",
        "_query",
        "_secure",
        "_store",
        "_store_to_url",
        "_type",
        "_use_rewrite",
    }
)
_QUERY_PREFIX = "_query_"

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_PARTS = re.compile(r"((?:[A-Za-z][\w+.-]*:)?//[^/?#]*)?([^?#]*)(.*)", re.DOTALL)


@dataclass(frozen=True)
class StoreUrls:
    """Builds the URLs of a store.

    `legacy_routes` is for Maho up to 26.3, which has parameters in the path and, unless the web
    server rewrites URLs, `index.php` before it.
    """

    store: Store
    config: StoreConfig
    single_store_mode: bool = False
    legacy_routes: bool = False
    _routes: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def base_url(self, kind: BaseUrl = "link", *, secure: bool = False) -> str:
        """Return a base URL with one slash at its end; only `link` contains the store's code."""
        url = self._config(f"web/{'secure' if secure else 'unsecure'}/{_SETTING[kind]}")
        if kind in ("link", "direct_link"):
            url += self._script
        if kind == "link":
            url += self._store_code
        return url.rstrip("/") + "/"

    @cached_property
    def missing_base_url(self) -> str | None:
        """The setting that leaves this store's pages without a host that customers reach, if any.

        The setting is empty, unchanged from Maho's default (Maho then takes the host of the
        request, and a cron job has none) or names this machine: every link in a mail would lead
        nowhere.
        """
        secure = self.config.flag("web/secure/use_in_frontend", self.store.store_id)
        for scheme in ("unsecure", "secure") if secure else ("unsecure",):
            for path in (f"web/{scheme}/base_url", f"web/{scheme}/base_link_url"):
                if not _has_public_host(self._config(path)):
                    return path
        return None

    def url(self, route: str = "", params: Mapping[str, object] | None = None) -> str:
        """Return the URL of a route, such as `checkout/cart`.

        `params` are those of Maho's `{{store}}` directive: `_direct` is a path instead of a route,
        `_query` (text or mapping) or `_query_<name>` fill the query, `_fragment`, `_secure`,
        `_type` (of the base URL) and `_store_to_url` do what they say, the rest belongs to the
        route. Raises TemplateError for an unknown type.
        """
        given = params or {}
        path = self._path(route, given)
        url = self.base_url(_kind(given), secure=self._is_secure(path, given)) + path.path
        if query := self._query(path, given):
            url += ("&" if "?" in url else "?") + query
        if fragment := given.get("_fragment"):
            url += f"#{fragment}"
        return _escape(self._slashed(url))

    def unsubscribe_url(self, subscriber_id: int, code: str | None) -> str:
        """Return the link that unsubscribes a subscriber from the newsletter.

        Parameters are in the query, which every version of Maho reads.
        """
        return self._subscriber_url("unsubscribe", subscriber_id, code)

    def confirm_url(self, subscriber_id: int, code: str | None) -> str:
        """Return the link that confirms a subscription."""
        return self._subscriber_url("confirm", subscriber_id, code)

    def _subscriber_url(self, action: str, subscriber_id: int, code: str | None) -> str:
        query = f"id={subscriber_id}"
        if code:
            query = f"code={_encode(code)}&{query}"
        return self._subscriber_route(action) + query

    def _subscriber_route(self, action: str) -> str:
        """Return a link's constant part, up to the question mark: every mail has such a link."""
        if action not in self._routes:
            whole = self.url(f"newsletter/subscriber/{action}", {"_query": "0"})
            self._routes[action] = whole.removesuffix("0")
        return self._routes[action]

    def _path(self, route: str, params: Mapping[str, object]) -> RoutePath:
        if direct := params.get("_direct"):
            return RoutePath(str(direct))
        own = {
            key: value
            for key, value in params.items()
            if key not in _RESERVED and not key.startswith(_QUERY_PREFIX)
        }
        return route_path(route, own, legacy=self.legacy_routes)

    def _is_secure(self, path: RoutePath, params: Mapping[str, object]) -> bool:
        if "_forced_secure" in params:
            return _is_true(params["_forced_secure"])
        if not self.config.flag("web/secure/use_in_frontend", self.store.store_id):
            return False
        if params.get("_secure") is not None:
            return _is_true(params["_secure"])
        return path.is_secure or self._config("web/unsecure/base_url").startswith("https://")

    def _query(self, path: RoutePath, params: Mapping[str, object]) -> str:
        """Return the query; a text in `_query` replaces everything, as in Maho."""
        told = params.get("_query")
        if isinstance(told, str) and told:
            return told
        query: dict[str, object] = dict(path.query)
        if _is_true(params.get("_store_to_url")) and not self._named_elsewhere:
            query["___store"] = self.store.code
        if isinstance(told, Mapping):
            query |= told
        query |= {
            key.removeprefix(_QUERY_PREFIX): value
            for key, value in params.items()
            if key.startswith(_QUERY_PREFIX)
        }
        return "&".join(
            f"{_encode(key)}={_encode(value)}"
            for key, value in sorted(query.items())
            if value is not None
        )

    def _slashed(self, url: str) -> str:
        """Add or remove the slash at the end of the path, as the shop's setting says."""
        behavior = self._config("web/url/trailing_slash_behavior")
        if behavior not in ("add", "remove"):
            return url
        return _PARTS.sub(lambda parts: _with_slash(parts, adds=behavior == "add"), url, count=1)

    @property
    def _named_elsewhere(self) -> bool:
        return self.single_store_mode or bool(self._store_code)

    @property
    def _store_code(self) -> str:
        return f"{self.store.code}/" if _is_true(self._config("web/url/use_store")) else ""

    @property
    def _script(self) -> str:
        rewrites = self.config.value("web/seo/use_rewrites", self.store.store_id)
        return "index.php/" if self.legacy_routes and rewrites in ("", "0") else ""

    def _config(self, path: str) -> str:
        return self.config.value(path, self.store.store_id) or ""


def _has_public_host(url: str) -> bool:
    try:
        host = urlsplit(url.strip()).hostname
    except ValueError:
        return False
    return bool(host) and host not in _LOCAL_HOSTS


_SETTING: dict[BaseUrl, str] = {
    "link": "base_link_url",
    "direct_link": "base_link_url",
    "web": "base_url",
    "media": "base_media_url",
    "skin": "base_skin_url",
    "js": "base_js_url",
}


def _kind(params: Mapping[str, object]) -> BaseUrl:
    told = params.get("_type") or "link"
    for kind in _SETTING:
        if kind == told:
            return kind
    raise TemplateError(f"{{{{store …}}}}: `_type` must be one of {', '.join(_SETTING)}.")


def _with_slash(parts: re.Match[str], *, adds: bool) -> str:
    site, path, rest = parts.groups("")
    path = path.rstrip("/")
    if not path or (adds and not _extension(path)):
        path += "/"
    return f"{site}{path}{rest}"


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""


def _is_true(value: object) -> bool:
    return value not in (None, False, 0, "", "0")


def _encode(value: object) -> str:
    """Return PHP's urlencode, which differs from Python's in the tilde only."""
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if text.isascii() and text.isalnum():  # as a subscriber's code is
        return text
    return quote_plus(text, safe="").replace("~", "%7E")


def _escape(url: str) -> str:
    for character in "\"'><":
        url = url.replace(character, quote_plus(character))
    return url
