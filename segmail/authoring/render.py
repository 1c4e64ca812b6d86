"""Renders a template as for sending, for a person to look at; nothing is made or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from segmail.authoring.files import letter_in_file
from segmail.authoring.no_shop import NoShop
from segmail.authoring.overview import named_template
from segmail.authoring.render_for import Asked, Scene
from segmail.errors import InputError
from segmail.lint.variables import SHOP_VALUES
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.newsletters import CompiledNewsletter, NewsletterTemplate, compile_newsletter
from segmail.maho.shop import Shop
from segmail.settings import Settings
from segmail.templates import Site
from segmail.templates.nodes import Directive, walk

_WITHOUT_SHOP = ("htmlescape", "protocol")
_SHOP_VARIABLES = SHOP_VALUES | {"store"}


@dataclass(frozen=True)
class Rendered:
    """The text, and the reasons why it would not be sent."""

    text: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Opened:
    """The given shop with its configuration and its files."""

    shop: Shop
    config: StoreConfig
    settings: Settings


def render_letter(
    given: str,
    values: Mapping[str, object],
    asked: Asked,
    open_shop: Callable[[], Opened | None],
    *,
    subject: bool,
    autoescape: bool,
    now: datetime,
) -> Rendered:
    """Return the text, or the subject, of the file or template that `given` names.

    `values` are variables that override the shop's. A file needs no shop if it uses nothing of one.
    Raises TemplateError or CouponError if sending would, InputError for names that mean nothing.
    """
    newsletter = _of_file(given, subject=subject, autoescape=autoescape)
    opened = None
    if newsletter is None or asked.anything or _asks_shop(newsletter, values, subject=subject):
        opened = open_shop()
    if opened is None:
        if newsletter is None or asked.anything:
            raise InputError(_NO_SHOP.format(_missing(given, newsletter)))
        return Rendered(_render(newsletter, values, NoShop(), subject=subject))
    newsletter = newsletter or _of_shop(opened.shop, given, autoescape=autoescape)
    scene = Scene(
        opened.shop,
        opened.config,
        asked,
        maho_root=opened.settings.maho_root,
        message=opened.settings.message,
        now=now,
    )
    template = newsletter.template
    told = scene.variables(newsletter, markup=template.is_html and not subject)
    text = _render(newsletter, {**told.variables, **values}, scene.site, subject=subject)
    if subject:
        return Rendered(told.printed.in_subject(text), scene.warnings)
    in_place = told.printed.in_html if template.is_html else told.printed.in_text
    return Rendered(in_place(text), scene.warnings)


_NO_SHOP = "{}, and no shop is named: give --maho-root DIR or --database-url URL."


def _missing(given: str, newsletter: CompiledNewsletter | None) -> str:
    if newsletter is None:
        return f"There is no file '{given}'"
    return "Only a shop knows its customers, steps and stores"


def _of_file(given: str, *, subject: bool, autoescape: bool) -> CompiledNewsletter | None:
    letter = letter_in_file(given)
    if letter is None:
        return None
    shown = letter.text if subject else ""
    template = NewsletterTemplate(0, letter.name, shown, letter.text, letter.is_html)
    return _compiled(template, autoescape=autoescape)


def _of_shop(shop: Shop, given: str, *, autoescape: bool) -> CompiledNewsletter:
    with shop.read() as tx:
        template = named_template(tx, given)
    return _compiled(template, autoescape=autoescape)


def _compiled(template: NewsletterTemplate, *, autoescape: bool) -> CompiledNewsletter:
    with template.named_in_errors():
        return compile_newsletter(template, autoescape=autoescape)


def _asks_shop(
    newsletter: CompiledNewsletter, values: Mapping[str, object], *, subject: bool
) -> bool:
    template = newsletter.subject if subject else newsletter.body
    if template.needs.variables & _SHOP_VARIABLES - values.keys():
        return True
    directives = (node for node in walk(template.tree) if isinstance(node, Directive))
    return any(directive.name not in _WITHOUT_SHOP for directive in directives)


def _render(
    newsletter: CompiledNewsletter, variables: Mapping[str, object], site: Site, *, subject: bool
) -> str:
    with newsletter.template.named_in_errors():
        if subject:
            return newsletter.subject.render(variables, site).strip()
        return newsletter.body.render(variables, site)
