"""How a value is printed and what counts as true: PHP's rules, as Maho's templates see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from segmail.errors import TemplateError
from segmail.templates.objects import DataObject


def as_text(value: object, where: str) -> str:
    """Return a value as it is printed.

    True is 1; False and None are empty; numbers have neither exponents nor trailing zeros. Raises
    TemplateError, which names the directive `where`, for a value that cannot be printed.
    """
    if type(value) is str:
        return value
    for kind, printer in _PRINTERS.items():
        if isinstance(value, kind):
            return printer(value)
    if isinstance(value, DataObject):
        raise TemplateError(
            f"{where} prints a whole object ({value}); name one of its values, "
            "as in {{var customer.firstname}}."
        )
    raise TemplateError(f"{where} prints a list; a mail can only show single values.")


def is_true(value: object) -> bool:
    """Return whether {{if}} and {{depend}} show their text: for all but '', None and False."""
    return value is not None and value is not False and value != ""


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _float(value: float) -> str:
    text = format(value, ".14g")  # PHP's precision
    return _decimal(Decimal(text)) if "e" in text else text


def _datetime(value: datetime) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S")


_PRINTERS: Mapping[type, Callable[..., str]] = {
    str: str,
    type(None): lambda _: "",
    bool: lambda value: "1" if value else "",
    int: str,
    float: _float,
    Decimal: _decimal,
    datetime: _datetime,
    date: date.isoformat,
}
