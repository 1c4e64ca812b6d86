"""`segmail config`: the settings, where each comes from, and whether they are right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import click
from click.core import ParameterSource
from sqlalchemy import URL

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.output import print_json, print_table
from segmail.settings import OPTION, Settings

_SECRETS = re.compile(r"(?<=://)([^:@/]*):.*(?=@)")  # up to the last @: a password may contain one
_QUERY_SECRETS = re.compile(r"(?i)([?&](?:password|passwd|secret|token)=)[^&]*")
_NOT_SETTINGS = {"file", "sources", "overrides", "not_upgraded", "crypt_key"}


@dataclass(frozen=True)
class EffectiveSetting:
    """A setting as this run has it, and where it comes from."""

    name: str
    value: Any
    source: str


@click.group()
def config() -> None:
    """Show the effective settings and who set them, or check them."""


@config.command()
@AS_JSON
@click.pass_context
def show(ctx: click.Context, *, as_json: bool) -> None:
    """Show every setting, its value and where it comes from; secrets are masked.

    \b
    Example:
        segmail --maho-root /var/www/shop config show
    """
    found = list(_settings(ctx.find_object(App) or ctx.obj, ctx.find_root()))
    if as_json:
        print_json(found)
    else:
        rows = [(one.name, _text(one.value), one.source) for one in found]
        print_table("Settings", ("Setting", "Value", "From"), rows)


@config.command()
@AS_JSON
@click.pass_obj
def check(app: App, *, as_json: bool) -> None:
    """Check the settings, and that they lead to a shop and a mail transport.

    Exits with 78 and lists every fault. `doctor` checks more: steps, segments and jobs.

    \b
    Example:
        segmail --config /etc/segmail.toml config check
    """
    from segmail.transport.settings import mail_settings

    mail_settings(app.settings, app.config, app.shop.crypt_key)
    if as_json:
        print_json(
            {"ok": True, "file": None if app.settings.file is None else str(app.settings.file)}
        )
    else:
        click.echo("The settings are right.")


def _settings(app: App, root: click.Context) -> Iterator[EffectiveSetting]:
    settings = app.settings
    for name, value in _values(settings):
        source = settings.sources.get(name, "default")
        yield EffectiveSetting(name, _masked(value), _named(source, name, root))


def _values(settings: Settings) -> Iterator[tuple[str, Any]]:
    for item in fields(settings):
        value = getattr(settings, item.name)
        if item.name in _NOT_SETTINGS:
            continue
        if is_dataclass(value):
            yield from ((f"{item.name}.{of.name}", getattr(value, of.name)) for of in fields(value))
        else:
            yield item.name, value


def _named(source: str, name: str, root: click.Context) -> str:
    if source != OPTION:
        return source
    if root.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        return f"SEGMAIL_{name.upper()}"
    if root.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return f"--{name.replace('_', '-')}"
    return "the current folder"


def _masked(value: Any) -> Any:
    """Return a value that can be shown: passwords masked, numbers and texts as they are."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple) and not isinstance(value, URL):
        return list(value)
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    return _QUERY_SECRETS.sub(r"\1***", _SECRETS.sub(r"\1:***", _plain(value)))


def _plain(value: Any) -> str:
    return value.render_as_string(hide_password=True) if isinstance(value, URL) else str(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
