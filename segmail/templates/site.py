"""What templates need from the shop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Site(Protocol):
    """The store that a mail is rendered in."""

    def store_url(self, route: str, params: Mapping[str, str]) -> str:
        """Return the URL of a route; '' is the home page.

        `params` are those of {{store}}: `_query_x`, `_fragment`, `_secure`, `_store`, `_nosid`, and
        any other name as a parameter of the route.
        """

    def direct_url(self, path: str, params: Mapping[str, str]) -> str:
        """Return the URL of a path that is not a route, such as `sale.html`."""

    def media_url(self, path: str) -> str:
        """Return the URL of an uploaded file."""

    def skin_url(self, path: str, params: Mapping[str, str]) -> str:
        """Return the URL of a theme's file; `_area`, `_package` and `_theme` choose the theme."""

    def config(self, path: str) -> str | None:
        """Return a setting that the shop allows in mails (`permission_variable`), else None."""

    def custom_variable(self, code: str, *, plain: bool = False) -> str | None:
        """Return a custom variable's HTML value, else its plain value escaped.

        `plain` asks for its plain value as it is, for text that is not HTML.
        """

    def newsletter_template(self, code: str) -> str | None:
        """Return the source of the newsletter template with that code."""

    def email_template(self, config_path: str) -> str | None:
        """Return the source of the transactional template that a setting names; None without one.

        Raises TemplateError if it is one of Maho's files and cannot be read.
        """

    def style_sheet(self, file: str) -> str | None:
        """Return a style sheet of the theme; None if it, or Maho's root, is not found."""

    def allows_block(self, type_: str) -> bool:
        """Return whether the shop allows a type of PHP block in mails (`permission_block`)."""

    def block(self, identifier: str) -> str | None:
        """Return the source of an active static block (`cms_block`)."""
