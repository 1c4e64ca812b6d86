"""The Jinja2 partials that print item blocks: the package's, or a shop's own of the same name.

A shop's file in Maho's `app/etc/segmail/` is a template by a merchant, so it runs in a sandbox: it
sees the values of one block, and cannot reach any attribute of Python, file or network.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from segmail.errors import ConfigError, TemplateError
from segmail.maho.sales.line import Option
from segmail.mail.items.shown import ShownItem
from segmail.trusted_files import read_trusted, trusted_owners

NAMES = ("cart.html", "cart.txt", "order.html", "order.txt", "products.html", "products.txt")

FOLDER = Path("app/etc/segmail")  # below Maho's root
_OWN = Path(__file__).with_name("partials")
_FILTERS = {
    "capitalize", "count", "default", "e", "escape", "first", "int", "join", "last", "length",
    "lower", "reject", "replace", "round", "select", "sort", "title", "trim", "truncate", "upper",
}  # fmt: skip

_PLAIN = (ShownItem, Option)

Values: TypeAlias = Mapping[str, object]


class Partials:
    """The partials of a shop, compiled when first needed."""

    def __init__(self, maho_root: Path | None = None) -> None:
        self.folder = maho_root / FOLDER if maho_root else None
        self._owners = trusted_owners(maho_root)
        self._compiled: dict[str, jinja2.Template] = {}

    def render(self, name: str, values: Values) -> str:
        """Return what a partial prints; raise TemplateError, naming the file, if it fails."""
        try:
            return self._template(name).render(values).strip()
        except TemplateError:
            raise
        except Exception as error:  # whatever a merchant's template raises
            told = f"line {line_of(error)}: {error}"
            raise TemplateError(f"{self._where(name)}: {told}") from error

    def own_files(self) -> list[Path]:
        """Return the shop's own partials."""
        return [file for name in NAMES if (file := self._own_file(name))]

    def _template(self, name: str) -> jinja2.Template:
        if name not in self._compiled:
            own = self._own_file(name)
            source = self._read(own) if own else _packaged(name)
            # The package's own need no sandbox, which would slow them down by a sixth.
            kind = _Sandbox if own else jinja2.Environment
            environment = _environment(kind, html=name.endswith(".html"))
            self._compiled[name] = environment.from_string(source)
        return self._compiled[name]

    def _read(self, file: Path) -> str:
        try:
            return read_trusted(file, self._owners)
        except (ConfigError, FileNotFoundError) as error:
            raise TemplateError(str(error)) from error

    def _own_file(self, name: str) -> Path | None:
        path = self.folder / name if self.folder else None
        return path if path is not None and path.is_file() else None

    def _where(self, name: str) -> str:
        return str(self._own_file(name) or f"the partial {name}")


@cache
def _packaged(name: str) -> str:
    """Return the package's own partial; carts and orders share the one for lines."""
    kind, ending = name.split(".")
    file = f"products.{ending}" if kind == "products" else f"lines.{ending}"
    return (_OWN / file).read_text("utf-8")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Allows only calls of a partial's own macros, and no operation that makes short text long."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def is_safe_callable(self, obj: object) -> bool:
        return isinstance(obj, Macro)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read a block's own values directly; the sandbox's check of each would take longer."""
        values: Values = vars(obj) if type(obj) in _PLAIN else obj if type(obj) is dict else {}
        return values[attribute] if attribute in values else super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int) and operator != "**":
            return super().call_binop(context, operator, left, right)
        raise SecurityError(f"the operator {operator} is for whole numbers only")


@cache
def _environment(kind: type[jinja2.Environment], *, html: bool) -> jinja2.Environment:
    environment = kind(
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=None,
    )
    environment.globals.clear()
    for name in set(environment.filters) - _FILTERS:
        del environment.filters[name]
    return environment


def line_of(error: BaseException) -> int:
    """Return the line of a partial at which it failed; 1 if that is unknown."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>" and frame.lineno]
    return lines[-1] if lines else 1
