"""How Maho turns a route such as `catalog/product/view` into the path of a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# Modules whose controllers declare their routes (Maho 26.5 and later): parameters that are not in
# the route's path go into the query. Other modules still take them as `key/value` in the path.
_DECLARED = {
    "blog",
    "catalog",
    "catalogsearch",
    "checkout",
    "cms",
    "contacts",
    "customer",
    "directory",
    "downloadable",
    "giftcard",
    "newsletter",
    "paypal",
    "productalert",
    "review",
    "revocation",
    "rss",
    "sales",
    "shipping",
    "tag",
    "wishlist",
}

# Declared routes with a parameter in their path, and the pattern that it must match.
_PLACEHOLDERS = {
    "catalog/category/view": ("id", r"\d+"),
    "catalog/product/view": ("id", r"\d+"),
    "catalog/product/gallery": ("id", r"\d+"),
    "cms/page/view": ("page_id", r"\d+"),
    "customer/address/edit": ("id", r"\d+"),
    "downloadable/download/sample": ("sample_id", r"\d+"),
    "downloadable/download/linksample": ("link_id", r"\d+"),
    "downloadable/download/link": ("id", r"[^/]+"),
    "review/customer/view": ("id", r"\d+"),
    "sales/billing_agreement/view": ("agreement", r"\d+"),
    "sales/recurring_profile/view": ("profile", r"\d+"),
    "sales/recurring_profile/orders": ("profile", r"\d+"),
    "tag/customer/view": ("tagId", r"\d+"),
    "tag/customer/remove": ("tagId", r"\d+"),
    "tag/product/list": ("tagId", r"\d+"),
    "wishlist/index/configure": ("id", r"\d+"),
}

# Customers' own pages, which Maho serves over HTTPS if the shop has it (frontend/secure_url).
_SECURE = (
    "/checkout/onepage",
    "/customer/",
    "/downloadable/customer/",
    "/downloadable/download/",
    "/newsletter/manage/",
    "/paygate/authorizenet_payment",
    "/paypal/checkout",
    "/paypal/vault",
    "/paypal/webhook",
    "/review/customer/",
    "/rss/catalog/notifystock",
    "/rss/catalog/review",
    "/rss/order/new",
    "/sales/",
    "/tag/customer/",
    "/wishlist/",
)


@dataclass(frozen=True)
class RoutePath:
    """A route as it appears in a URL: its path below the base URL, and the query's parameters."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    is_secure: bool = False


def route_path(route: str, params: Mapping[str, object], *, legacy: bool = False) -> RoutePath:
    """Return the path and query for `route` with `params`.

    `route` is `module/controller/action`, possibly followed by `key/value` pairs. `legacy` writes
    parameters into the path as Maho up to 26.3 does; later versions read that form too.
    """
    parts = route.split("/")
    names = [part for part in parts[:3] if part]
    given = {**dict(zip(parts[3::2], parts[4::2], strict=False)), **params}
    texts = {key: text for key, value in given.items() if (text := _text(value))}
    is_secure = ("/" + "".join(f"{name}/" for name in names)).startswith(_SECURE)
    if legacy or not names or names[0].lower() not in _DECLARED:
        return RoutePath(_legacy_path(names, texts), {}, is_secure)
    path = _declared_path(names, texts)
    if path is None:
        return RoutePath(_legacy_path(names, texts), {}, is_secure)
    return RoutePath(path, texts, is_secure)


def _declared_path(names: list[str], texts: dict[str, str]) -> str | None:
    """Return the path of a declared route and remove its own parameter from `texts`.

    None if the parameter is missing or invalid, which makes Maho fall back to the old form.
    """
    full = [*names, "index", "index"][:3]
    name, shape = _PLACEHOLDERS.get("/".join(full).lower(), (None, ""))
    if name is not None:
        if not re.fullmatch(shape, texts.get(name, ""), re.ASCII):
            return None
        return "".join(f"{part}/" for part in (*full, texts.pop(name)))
    while len(full) > 1 and full[-1] == "index":
        full.pop()
    return "".join(f"{part}/" for part in full)


def _legacy_path(names: list[str], texts: Mapping[str, str]) -> str:
    if names and texts:
        names = [*names, "index", "index"][:3]
    pairs = [part for pair in texts.items() for part in pair]
    return "".join(f"{part}/" for part in (*names, *pairs))


def _text(value: object) -> str:
    """Return PHP's string for a parameter; '' for values that Maho leaves out."""
    if value is True:
        return "1"
    return str(value) if isinstance(value, str | int | float) and value is not False else ""
