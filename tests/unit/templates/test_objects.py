"""What a template may see of an object."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segmail.errors import TemplateError
from segmail.templates import DataObject
from tests.each_case import for_each


@for_each("name", ["name", "NAME", "getName()", "getname()", "GETNAME()"])
def test_a_method_answers_before_the_data(render: Callable[..., str], name: str) -> None:
    thing = DataObject({"name": "data"}, {"getName": lambda: "method"})

    assert render(f"{{{{var thing.{name}}}}}", thing=thing) == "method"


@for_each(
    ("path", "expected"),
    [
        ("first_name", "Ada"),
        ("getFirstName()", "Ada"),
        ("getData('first_name')", "Ada"),
        ("getData(first_name)", "Ada"),
        ("GetFirstName()", ""),
        ("firstName", ""),
        ("First_name", ""),
        ("getData('sub/deep')", "down"),
        ("getData('map/key')", "value"),
        ("getData('sub/no/way')", ""),
        ("getLines(1)", "two"),
        ("getLines(7)", ""),
        ("getList(0)", "p"),
        ("getMap(key)", "value"),
        ("getSub('deep')", "down"),
        ("getFirstName(x)", ""),
        ("sub.deep.ignored", "down"),
        ("setName('x')", ""),
        ("hasFirstName()", ""),
    ],
)
def test_data_is_read_as_in_maho(render: Callable[..., str], path: str, expected: str) -> None:
    data = {
        "first_name": "Ada",
        "sub": DataObject({"deep": "down"}),
        "map": {"key": "value"},
        "lines": "one\ntwo",
        "list": ["p", "q"],
    }

    assert render(f"{{{{var thing.{path}}}}}", thing=DataObject(data)) == expected


@for_each(
    "key",
    [
        "password_hash",
        "password",
        "rp_token",
        "rp_token_created_at",
        "rp_customer_id",
        "confirmation",
        "twofa_secret",
        "passkey_credential_id",
        "api_token",
        "PASSWORD_HASH",
    ],
)
@for_each("form", ["{}", "getData('{}')", "getData('sub/{}')", "getSub('{}')"])
def test_secrets_are_unreachable_even_where_they_are_loaded(
    render: Callable[..., str], key: str, form: str
) -> None:
    thing = DataObject({key: "SECRET", "sub": DataObject({key: "SECRET"})})

    assert render(f"[{{{{var thing.{form.format(key)}}}}}]", thing=thing) == "[]"


def test_the_codes_in_a_subscribers_links_are_no_secrets(render: Callable[..., str]) -> None:
    assert render("{{var subscriber.subscriber_confirm_code}}") == (
        "dhccbwr9eno3vkqemyn5wi97n76xeuae"
    )


def test_a_method_is_called_without_the_arguments_too_many(render: Callable[..., str]) -> None:
    thing = DataObject({}, {"getUrl": lambda route: f"/{route}"})

    assert render("{{var thing.getUrl('a', 'b')}}", thing=thing) == "/a"


def test_a_method_without_its_argument_fails_with_a_reason(render: Callable[..., str]) -> None:
    thing = DataObject({}, {"getUrl": lambda route: f"/{route}"}, "store")

    with pytest.raises(TemplateError, match=r"geturl\(\) of the object store needs an argument"):
        render("{{var thing.getUrl()}}", thing=thing)


def test_a_fault_inside_a_method_is_not_hidden(render: Callable[..., str]) -> None:
    thing = DataObject({}, {"getName": lambda: len(5)})  # type: ignore[arg-type]

    with pytest.raises(TypeError):
        render("{{var thing.name}}", thing=thing)
