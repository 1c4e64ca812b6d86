"""Names as Maho 26.7.4 rendered and mailed them."""

from __future__ import annotations

import json
import re
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from segmail.maho.storefront.customer_name import full_name, recipient_name, subscriber_name
from tests.each_case import for_each

RECORDED = json.loads(Path(__file__).parents[2].joinpath("golden/names.json").read_text())
CASES = [
    pytest.param(
        case["values"], visible, case["email"], case["read"][setting], id=f"{id}-{setting}"
    )
    for id, case in enumerate(RECORDED["cases"])
    for setting, visible in RECORDED["visible"].items()
]


@for_each(("values", "visible", "email", "recorded"), CASES)
def test_every_name_is_mahos(
    values: dict[str, str], visible: dict[str, bool], email: str, recorded: dict[str, Any]
) -> None:
    assert full_name(values, visible) == recorded["name"]
    assert subscriber_name(values, visible) == recorded["subscriber_name"]
    assert plain_tabs(recipient_name(values, visible, email)) == phrase(recorded["to"])


def phrase(to: str) -> str:
    """The name in a To header, read as mail programs read it."""
    name = to.replace("\r\n", "").rpartition("<")[0].strip(" ")
    if name.startswith('"'):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return plain_tabs(str(make_header(decode_header(name))))


def plain_tabs(name: str) -> str:
    return name.replace("\t", " ")


@for_each(
    ("values", "name"),
    [
        ({"middlename": "M."}, "ada"),
        ({"firstname": "0", "middlename": "0", "lastname": "0"}, "0 0"),
        ({"firstname": "A", "middlename": "M.", "lastname": "L"}, "A M. L"),
        ({"firstname": "A\r\n", "lastname": "\nL\0"}, "A L"),
    ],
)
def test_the_envelope_shows_the_name_on_one_line(values: dict[str, str], name: str) -> None:
    assert recipient_name(values, {"middlename": True}, "ada@example.test") == name


def test_an_address_without_an_at_sign_gives_no_name() -> None:
    assert recipient_name({}, {}, "nonsense") == ""


def test_an_attribute_that_the_shop_lacks_is_not_visible() -> None:
    values = {"prefix": "Dr.", "firstname": "A", "lastname": "L", "suffix": "PhD"}

    assert full_name(values, {}) == "A L"
