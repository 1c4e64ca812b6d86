"""Stands for the shop if none is given: every value is missing, and the error says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from segmail.errors import TemplateError


class NoShop:
    """The `Site` of a template that is rendered without a shop."""

    def store_url(self, route: str, params: Mapping[str, str]) -> str:
        _needs_shop(f"The address of '{route or 'the shop'}'")

    def direct_url(self, path: str, params: Mapping[str, str]) -> str:
        _needs_shop(f"The address of '{path}'")

    def media_url(self, path: str) -> str:
        _needs_shop(f"The address of the file '{path}'")

    def skin_url(self, path: str, params: Mapping[str, str]) -> str:
        _needs_shop(f"The address of the theme's file '{path}'")

    def config(self, path: str) -> str | None:
        _needs_shop(f"The setting '{path}'")

    def custom_variable(self, code: str, *, plain: bool = False) -> str | None:
        _needs_shop(f"The custom variable '{code}'")

    def newsletter_template(self, code: str) -> str | None:
        _needs_shop(f"The newsletter template '{code}'")

    def email_template(self, config_path: str) -> str | None:
        _needs_shop(f"The e-mail template of '{config_path}'")

    def style_sheet(self, file: str) -> str | None:
        """Return no styles, as there is no theme; the text does not depend on them."""
        return None

    def allows_block(self, type_: str) -> bool:
        _needs_shop(f"The block '{type_}'")

    def block(self, identifier: str) -> str | None:
        _needs_shop(f"The static block '{identifier}'")


def _needs_shop(what: str) -> NoReturn:
    raise TemplateError(
        f"{what} is a shop's, and none is named: give --maho-root DIR or --database-url URL."
    )
