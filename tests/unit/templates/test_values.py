"""How values are printed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from segmail.errors import TemplateError
from segmail.templates import DataObject
from tests.each_case import for_each


@for_each(
    ("value", "expected"),
    [
        ("10.0000", "10.0000"),
        (Decimal("10.0000"), "10"),
        (Decimal("0.50"), "0.5"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-9"), "0.000000001"),
        (100, "100"),
        (12.5, "12.5"),
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (True, "1"),
        (False, ""),
        (None, ""),
        (datetime(2026, 3, 10, 9, 5, tzinfo=UTC), "2026-03-10 09:05:00"),
        (date(2026, 3, 10), "2026-03-10"),
    ],
)
def test_values_print_as_in_php(render: Callable[..., str], value: object, expected: str) -> None:
    assert render("{{var value}}|{{htmlescape var=$value}}", value=value) == (
        f"{expected}|{expected}"
    )


@for_each(
    "source",
    ["{{var customer}}", "{{var customer|nl2br}}", "{{store url=$customer}}",
     "{{var customer.getData()}}", "{{var customer.data}}"],
)  # fmt: skip
def test_a_whole_object_is_not_printed(render: Callable[..., str], source: str) -> None:
    with pytest.raises(TemplateError, match=r"\(line 2\) prints a whole object \(customer\)"):
        render("\n" + source)


def test_a_list_is_not_printed(render: Callable[..., str]) -> None:
    with pytest.raises(TemplateError, match="prints a list"):
        render("{{var thing.list}}", thing=DataObject({"list": ["a"]}))


def test_a_long_directive_is_shortened_in_the_reason(render: Callable[..., str]) -> None:
    source = "{{var customer" + " " * 50 + "|escape:" + "x" * 200 + "}}"

    with pytest.raises(TemplateError) as raised:
        render(source)

    assert str(raised.value).startswith("{{var customer |escape:xxx")
    assert len(str(raised.value)) < 200
