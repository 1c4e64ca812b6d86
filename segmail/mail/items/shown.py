"""Lines and products as a partial prints them: words, amounts and links of one store view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from segmail.maho.catalog.prices import Price
from segmail.maho.catalog.products import Product
from segmail.maho.sales.line import Option
from segmail.maho.storefront.site import StoreSite
from segmail.maho.storefront.stores import ADMIN

_MEDIA = "catalog/product"
_MEDIA_FOLDERS = ("public/media", "media")
_MOST_KNOWN = 10_000


@dataclass(frozen=True)
class ShownItem:
    """What a partial sees of one line or product; all text is plain, and the partial escapes it.

    `amounts` is one text, or two if the shop shows prices without and with tax.
    """

    name: str
    url: str = ""
    picture: str = ""
    alt: str = ""
    quantity: str = ""
    amounts: Sequence[str] = ()
    was: Sequence[str] = ()
    starts_at: bool = False
    options: Sequence[Option] = ()


@dataclass(frozen=True)
class StoreWindow:
    """The links and pictures of one store view, as they are opened from a mail."""

    site: StoreSite
    _links: dict[tuple[str, str], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _on_disk: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def _named(self) -> dict[str, str]:
        """The parameter that names the view if its host would otherwise open another one."""
        store, stores = self.site.store, self.site.sites.stores
        here = self.site.urls.base_url("link")
        neighbours = [
            other
            for other in stores.stores.values()
            if other.store_id not in (ADMIN, store.store_id)
            and other.is_active
            and self.site.sites.of(other).urls.base_url("link") == here
        ]
        opened = stores.defaults.get(store.website_id) == store.store_id
        return {"_store_to_url": "1"} if neighbours and not opened else {}

    def setting(self, path: str) -> str | None:
        """Return a setting of the store view."""
        return self.site.sites.config.value(path, self.site.store.store_id)

    def page(self, route: str, **params: str) -> str:
        """Return the link to a page of the shop."""
        return self.site.store_url(route, {**params, **self._named})

    def path(self, path: str) -> str:
        """Return the link to a path of the shop that is not a route."""
        return self._kept(("path", path), lambda: self.site.direct_url(path, self._named))

    def product(self, product: Product) -> str:
        """Return the link to a product's page; '' if the page does not open."""
        if not product.has_page:
            return ""
        if product.path:
            return self.path(product.path)
        return self.page(
            "catalog/product/view", id=str(product.product_id), s=product.url_key or ""
        )

    def picture(self, file: str | None) -> str:
        """Return the link to a picture's original; '' without one, or if the file is gone."""
        if not file or not self._exists(file):
            return ""
        return self._kept(
            ("picture", file), lambda: self.site.media_url(_MEDIA + quote(file, safe="/"))
        )

    def product_item(self, product: Product, price: Price | None) -> ShownItem:
        """Return a product of a list; without a price if the price is not certain."""
        return ShownItem(
            product.name,
            self.product(product),
            self.picture(product.picture),
            product.alt,
            amounts=price.now if price else (),
            was=price.was if price else (),
            starts_at=bool(price and price.starts_at),
        )

    def _kept(self, key: tuple[str, str], make: Callable[[], str]) -> str:
        """Return a link, made only once: the mails of a run show the same products."""
        if key not in self._links:
            if len(self._links) >= _MOST_KNOWN:
                self._links.clear()
            self._links[key] = make()
        return self._links[key]

    def _exists(self, file: str) -> bool:
        """Return whether a picture's file exists; True if the files cannot be seen."""
        folder = self._folder
        if folder is None:
            return True
        if file not in self._on_disk:
            if len(self._on_disk) >= _MOST_KNOWN:
                self._on_disk.clear()
            path = (folder / file.lstrip("/")).resolve()
            self._on_disk[file] = path.is_relative_to(folder) and path.is_file()
        return self._on_disk[file]

    @cached_property
    def _folder(self) -> Path | None:
        root = self.site.sites.maho_root
        if root is None:
            return None
        folders = (root / folder / _MEDIA for folder in _MEDIA_FOLDERS)
        return next((folder.resolve() for folder in folders if folder.is_dir()), None)
