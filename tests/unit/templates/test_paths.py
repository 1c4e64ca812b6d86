"""How Maho reads variable paths and parameters, without ever calling them wrong."""

from __future__ import annotations

import pytest

from segmail.errors import TemplateError
from segmail.templates.paths import Parameter, Path, PathStep, parse_parameters, parse_path
from tests.each_case import for_each

NOWHERE = PathStep("", None)


@for_each(
    ("text", "expected"),
    [
        ("", None),
        (" \t\n", None),
        ("...", None),
        (" one ", Path("one")),
        ('"one"', Path('"one"')),
        ("a b . c d", Path("ab", (PathStep("getcd", "cd"),))),
        ("a..b.", Path("a", (PathStep("getb", "b"),))),
        ("a.first_name", Path("a", (PathStep("getfirstname", "first_name"),))),
        ("a.getFirstName()", Path("a", (PathStep("getfirstname", "first_name"),))),
        (
            "a.getFirstName().b",
            Path("a", (PathStep("getfirstname", "first_name"), PathStep("getb", "b"))),
        ),
        ("a.delete()", Path("a", (PathStep("delete", None),))),
        ("a.GetName()", Path("a", (PathStep("getname", None),))),
        ("a.getData('b')", Path("a", (PathStep("", "b"),))),
        ("a.getData(b, 2)", Path("a", (PathStep("", "b", (2.0,)),))),
        ("a.data", Path("a", (PathStep("getdata", ""),))),
        ("a()", Path("a")),
        ("a().b", Path("a", (NOWHERE,))),
        ("a().b.c", Path("a", (NOWHERE, PathStep("getc", "c")))),
        ("()", Path("")),
    ],
)
def test_a_path_is_read_as_in_maho(text: str, expected: Path | None) -> None:
    assert parse_path(text) == expected


@for_each(
    ("text", "expected"),
    [
        ("'x'", ("x",)),
        ('"it\\"s"', ('it"s',)),
        ("'a, b)'", ("a, b)",)),
        ("bare, 'two'", ("bare", "two")),
        ("3", (3.0,)),
        ("3.25, 4", (3.25, 4.0)),
        ("12abc", (12.0, "abc")),
        ("1.2.3", (1.2,)),
        ("-1", ("-1",)),
        ("'open", ("open)",)),
        ("'a\\", ("a)",)),
        ("9" * 400, (1.7976931348623157e308,)),
    ],
)
def test_arguments_are_texts_and_numbers(text: str, expected: tuple[object, ...]) -> None:
    path = parse_path(f"a.m({text})")

    assert path is not None
    assert path.steps[0].arguments == expected


@for_each(
    ("text", "expected"),
    [
        ("", ()),
        (" ", ()),
        (' url="a"', (Parameter("url", "a"),)),
        (" url=a/b id=5", (Parameter("url", "a/b"), Parameter("id", "5"))),
        (" url='it\\'s'", (Parameter("url", "it's"),)),
        (" a='x'b=\"y\"", (Parameter("a", "x"), Parameter("b", "y"))),
        (" a= 'x'", (Parameter("a", ""),)),
        (" a =1", (Parameter("a", "1"),)),
        (" lost a=1", (Parameter("losta", "1"),)),
        (" a=1 a=2", (Parameter("a", "2"),)),
        (" a=", (Parameter("a", "="),)),
        (" a=$b.c", (Parameter("a", path=Path("b", (PathStep("getc", "c"),))),)),
        (" a='$b'", (Parameter("a", path=Path("b")),)),
        (" a=$", (Parameter("a"),)),
        (' "quoted"', ()),
    ],
)
def test_parameters_are_read_as_in_maho(text: str, expected: tuple[Parameter, ...]) -> None:
    assert parse_parameters(text) == expected


def test_a_path_without_end_is_refused() -> None:
    with pytest.raises(TemplateError, match="more than 100 steps"):
        parse_path("a." * 101)
