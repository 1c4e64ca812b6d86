"""Recorded templates render as Maho renders them, or differ for a reason that is listed here."""

from __future__ import annotations

from typing import Any

import pytest

from segmail.errors import TemplateError
from segmail.templates import Kind, compile_template
from tests.unit.templates.recorded import GOLDEN, RecordedSite, recorded_variables

FAILS = None  # the step fails with a reason, instead of a mail that nobody can want

NESTED = "blocks of a kind may nest; Maho ends the outer one at the end of the inner"
VALUES = "a value is never read as a template; Maho replaces every text that looks like a directive"
NO_ARGUMENT = "a directive without its argument fails; Maho mails an error text to the customer"
SUBJECT = "subjects know all directives and modifiers; Maho's know few, and print the rest as it is"

DIFFERENCES: dict[int, tuple[str | None, str]] = {
    68: ('{{var one}} {{config path="general/store_information/name"}} 1', VALUES),
    88: ("acd", NESTED),
    89: ("de", NESTED),
    148: ("", "custom variables work; Maho dies in a shop with one store"),
    149: ("<b>Promo & more</b>", "custom variables work; Maho dies in a shop with one store"),
    155: (FAILS, NO_ARGUMENT),
    157: (FAILS, NO_ARGUMENT),
    158: ("x", "{{inlinecss}} names a theme's file; the template's own styles are inlined instead"),
    202: ("", "a template sees no addresses; Maho dies printing their list"),
    203: ("", "secrets are unreachable; Maho prints the password hash"),
    205: ("", "methods with effects are unreachable; Maho would delete the customer"),
    208: ("&lt;b class=&quot;x&quot;&gt;A &amp; B&#039;s &quot;q&quot;&lt;/b&gt;", SUBJECT),
    209: ("Zoë", SUBJECT),
    212: ("http://shop.example.test/x/", SUBJECT),
    215: ("&lt;b class=&quot;x&quot;&gt;A &amp; B's &quot;q&quot;&lt;/b&gt;", SUBJECT),
}

NO_VARIABLES = "without variables a {{var}} is empty; Maho leaves it, but always has variables"
DIFFERENCES_WITHOUT_VARIABLES = {
    "{{var one}}": ("", NO_VARIABLES),
    "{{depend one}}x{{/depend}}": ("", NO_VARIABLES),
}


def _expected(case: dict[str, Any]) -> str | None:
    if case["id"] in DIFFERENCES:
        return DIFFERENCES[case["id"]][0]
    return FAILS if case.get("throws") else case["output"]


def _render(template: str, kind: Kind) -> str | None:
    compiled = compile_template(template, kind=kind)
    try:
        return compiled.render(recorded_variables(subject=template), RecordedSite())
    except TemplateError:
        return FAILS


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['id']}")
def test_a_recorded_template_renders_as_in_maho(case: dict[str, Any]) -> None:
    kind = Kind.SUBJECT if case["kind"] == "subject" else Kind.HTML

    assert _render(case["template"], kind) == _expected(case)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['id']}")
def test_a_recorded_template_renders_the_same_between_other_text(case: dict[str, Any]) -> None:
    expected = _expected(case)

    rendered = _render(f"[{case['template']}]", Kind.HTML)

    if case["kind"] == "body":
        assert rendered == (FAILS if expected is FAILS else f"[{expected}]")


@pytest.mark.parametrize("case", GOLDEN["without_variables"], ids=lambda case: case["template"])
def test_a_template_without_variables_renders_as_in_maho(case: dict[str, str]) -> None:
    expected, _ = DIFFERENCES_WITHOUT_VARIABLES.get(case["template"], (case["output"], ""))

    rendered = compile_template(case["template"], kind=Kind.HTML).render({}, RecordedSite())

    assert rendered == expected


def test_every_listed_difference_is_one() -> None:
    recorded = {case["id"]: case for case in GOLDEN["cases"]}

    for case_id, (expected, reason) in DIFFERENCES.items():
        assert recorded[case_id].get("output", FAILS) != expected or "not_run" in recorded[case_id]
        assert reason
