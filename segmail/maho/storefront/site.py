"""What a template may see of a store: its URLs, allowed settings, variables and texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from markupsafe import Markup
from sqlalchemy import Select, column, select, table

from segmail.errors import TemplateError
from segmail.maho.config.permissions import allowed_blocks, allowed_paths
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.customers import Subscriber
from segmail.maho.newsletters import current_text
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.shop import Shop
from segmail.maho.storefront.as_html import as_html
from segmail.maho.storefront.emails import packaged_email, without_comments
from segmail.maho.storefront.skin import skin_path, style_sheet
from segmail.maho.storefront.stores import Store, Stores
from segmail.maho.storefront.urls import StoreUrls

_MOST_KNOWN = 1000  # URLs cached per store; those with a customer's data occur only once


@dataclass(frozen=True)
class Sites:
    """The sites of every store, for one run.

    Everything is read when a template first asks for it and then kept, so the number of statements
    depends on the templates, not on the number of mails.
    """

    shop: Shop
    config: StoreConfig
    stores: Stores
    maho_root: Path | None = None
    _made: dict[int, StoreSite] = field(default_factory=dict, init=False, repr=False)
    _texts: dict[tuple[str, str, int], str | None] = field(
        default_factory=dict, init=False, repr=False
    )

    def of(self, store: Store) -> StoreSite:
        """Return the site of a store; always the same one for the same store."""
        if store.store_id not in self._made:
            urls = StoreUrls(store, self.config, self.stores.single_store_mode, self._legacy_routes)
            self._made[store.store_id] = StoreSite(self, store, urls)
        return self._made[store.store_id]

    @cached_property
    def allowed_paths(self) -> frozenset[str]:
        """The configuration paths that templates may print (`permission_variable`)."""
        with self.shop.read() as tx:
            return allowed_paths(tx)

    @cached_property
    def variables(self) -> Mapping[tuple[str, int], tuple[str | None, str | None]]:
        """The custom variables' HTML and plain values by code and store id."""
        variable, value = self.shop.tables.variable, self.shop.tables.variable_value
        with self.shop.database.read() as connection:
            rows = connection.execute(
                select(
                    variable.c.code, value.c.store_id, value.c.html_value, value.c.plain_value
                ).join_from(variable, value, value.c.variable_id == variable.c.variable_id)
            ).all()
        return {(row.code, row.store_id): (row.html_value, row.plain_value) for row in rows}

    def template(self, code: str) -> str | None:
        """Return the text of the newsletter template `code`; None if it does not exist."""
        return self._text(("template", code, 0), current_text(self.shop.tables, code))

    @cached_property
    def allowed_blocks(self) -> frozenset[str]:
        """The types of PHP blocks that templates may run (`permission_block`)."""
        with self.shop.read() as tx:
            return allowed_blocks(tx)

    def email(self, config_path: str, store_id: int) -> str | None:
        """Return the text of the transactional template that a setting names; None without one.

        Raises TemplateError if it is one of Maho's files and cannot be read.
        """
        key = ("email", config_path, store_id)
        if key not in self._texts:
            text = self._email(self.config.value(config_path, store_id) or "", store_id)
            self._texts[key] = None if text is None else without_comments(text)
        return self._texts[key]

    def _email(self, told: str, store_id: int) -> str | None:
        if re.fullmatch(r"[0-9]{1,9}", told):
            name = f"{self.shop.tables.prefix}core_email_template"
            saved = table(name, column("template_id"), column("template_text"))
            return self._text(
                ("saved email", told, 0),
                select(saved.c.template_text).where(saved.c.template_id == int(told)),
            )
        locales = (self.config.value("general/locale/code", id) for id in (store_id, 0))
        return packaged_email(told, filter(None, locales), self.maho_root)

    def style_sheet(self, file: str, store_id: int) -> str | None:
        """Return a style sheet of a store's theme; None if it, or Maho's root, is not found."""
        key = ("sheet", file, store_id)
        if key not in self._texts:
            self._texts[key] = style_sheet(file, self.config, store_id, self.maho_root)
        return self._texts[key]

    def block(self, identifier: str, store_id: int) -> str | None:
        """Return the content of a store's active CMS block, else of one for all stores."""
        block, shown = self.shop.tables.cms_block, self.shop.tables.cms_block_store
        is_it = (
            block.c.block_id == int(identifier)
            if re.fullmatch(r"[0-9]{1,9}", identifier)
            else block.c.identifier == identifier
        )
        return self._text(
            ("block", identifier, store_id),
            select(block.c.content)
            .join_from(block, shown, shown.c.block_id == block.c.block_id)
            .where(is_it, block.c.is_active == 1, shown.c.store_id.in_((store_id, 0)))
            .order_by(shown.c.store_id.desc(), block.c.block_id),
        )

    def _text(self, key: tuple[str, str, int], query: Select[str | None]) -> str | None:
        if key not in self._texts:
            with self.shop.database.read() as connection:
                self._texts[key] = connection.scalar(query.limit(1))
        return self._texts[key]

    @cached_property
    def _legacy_routes(self) -> bool:
        """Whether this is Maho up to 26.3: 26.5 changed the form of its routes, and its dates."""
        with self.shop.read() as tx:
            return dates_are_timestamps(tx)


@dataclass(frozen=True)
class StoreSite:
    """One store as its templates see it: the `Site` of `segmail.templates`."""

    sites: Sites = field(repr=False)
    store: Store
    urls: StoreUrls = field(repr=False)
    _known: dict[tuple[object, ...], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def store_url(self, route: str, params: Mapping[str, str]) -> str:
        """Return `{{store url="route" …}}`; `_store` names another store, by code or id.

        Most of them are the same in every mail. Raises TemplateError if the store does not exist.
        """
        key = route, *params.items()
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = self._urls(params).url(route, params)
        return known

    def direct_url(self, path: str, params: Mapping[str, object]) -> str:
        """Return `{{store direct_url="path" …}}`."""
        return self._urls(params).url("", {**params, "_direct": path})

    def unsubscribe_url(self, subscriber: Subscriber) -> str:
        """Return the link that unsubscribes the subscriber from the newsletter."""
        return self.urls.unsubscribe_url(subscriber.subscriber_id, subscriber.confirm_code)

    def confirm_url(self, subscriber: Subscriber) -> str:
        """Return the link with which the subscriber confirms the subscription."""
        return self.urls.confirm_url(subscriber.subscriber_id, subscriber.confirm_code)

    def media_url(self, path: str) -> str:
        """Return `{{media url="path"}}`."""
        return self.urls.base_url("media") + path

    def skin_url(self, path: str, params: Mapping[str, object]) -> str:
        """Return `{{skin url="path" …}}`; raise TemplateError if the path contains `..`."""
        secure = str(params.get("_secure") or "0") != "0"
        below = skin_path(
            path, params, self.sites.config, self.store.store_id, self.sites.maho_root
        )
        return self.urls.base_url("skin", secure=secure) + below

    def config(self, path: str) -> str | None:
        """Return `{{config path="path"}}`; None if it is empty or templates may not see it."""
        if path not in self.sites.allowed_paths:
            return None
        return self.sites.config.value(path, self.store.store_id)

    def custom_variable(self, code: str, *, plain: bool = False) -> str | None:
        """Return `{{customvar code="code"}}` as HTML or `plain`; the store's, else the default."""
        html, text = (
            next((value for value in levels if value is not None), None)
            for levels in zip(
                self.sites.variables.get((code, self.store.store_id), (None, None)),
                self.sites.variables.get((code, 0), (None, None)),
                strict=True,
            )
        )
        if html and not plain:
            return html
        return text if text is None or plain else as_html(text)

    def newsletter_template(self, code: str) -> str | None:
        """Return the text for `{{include template="code"}}`."""
        return self.sites.template(code)

    def email_template(self, config_path: str) -> str | None:
        """Return the text for `{{template config_path="path"}}`; None if there is none."""
        return self.sites.email(config_path, self.store.store_id)

    def style_sheet(self, file: str) -> str | None:
        """Return the styles for `{{inlinecss file="file"}}`; None if they are not found."""
        return self.sites.style_sheet(file, self.store.store_id)

    def non_inline_styles(self, own: str | None) -> Markup:
        """Return what `{{var non_inline_styles}}` prints: the theme's and the template's styles."""
        files = self.sites.config.value("design/email/css_non_inline", self.store.store_id) or ""
        sheets = [self.style_sheet(file.strip()) for file in files.split(",")]
        css = "\n".join(sheet for sheet in (*sheets, own) if sheet)
        return Markup(f'<style type="text/css">\n{css}\n</style>\n' if css else "")  # noqa: S704

    def allows_block(self, type_: str) -> bool:
        """Return whether `{{block type="type"}}` may run."""
        return type_ in self.sites.allowed_blocks

    def block(self, identifier: str) -> str | None:
        """Return the content for `{{block id="identifier"}}`."""
        return self.sites.block(identifier, self.store.store_id)

    def _urls(self, params: Mapping[str, object]) -> StoreUrls:
        told = params.get("_store")
        if told in (None, ""):
            return self.urls
        for store in self.sites.stores.stores.values():
            if told in (store.code, str(store.store_id)):
                return self.sites.of(store).urls
        raise TemplateError(f"{{{{store …}}}}: there is no store '{str(told)[:32]}'.")
