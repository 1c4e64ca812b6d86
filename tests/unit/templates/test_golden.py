"""Recorded templates render as Maho renders them, or differ for a reason that is listed here."""

from __future__ import annotations

from typing import Any

from segmail.errors import TemplateError
from segmail.templates import Kind, compile_template
from tests.each_case import for_each
from tests.program import ROOT
from tests.unit.templates.differences import (
    DIFFERENCES,
    ELSEWHERE,
    FAILS,
    Example,
    table,
)
from tests.unit.templates.recorded import GOLDEN, RecordedSite, recorded_variables

EXAMPLES = {
    (example.kind, example.template): example
    for difference in DIFFERENCES
    for example in difference.examples
}

# Maho's own style sheet is not in the tests; what {{inlinecss}} does is in test_styling.
WITHOUT_THE_THEME = {'{{inlinecss file="email-inline.css"}}x': "x"}

NO_VARIABLES = "without variables a {{var}} is empty; Maho leaves it, but always has variables"
DIFFERENCES_WITHOUT_VARIABLES = {
    "{{var one}}": ("", NO_VARIABLES),
    "{{depend one}}x{{/depend}}": ("", NO_VARIABLES),
}


def _expected(case: dict[str, Any]) -> str | None:
    if case["template"] in WITHOUT_THE_THEME:
        return WITHOUT_THE_THEME[case["template"]]
    example = EXAMPLES.get((case["kind"], case["template"]))
    if example:
        return example.segmail
    return FAILS if case.get("throws") else case["output"]


def _render(template: str, kind: Kind) -> str | None:
    compiled = compile_template(template, kind=kind)
    variables = {**recorded_variables(subject=template), "email": "model3@example.test"}
    try:
        return compiled.render(variables, RecordedSite(sheets={"a.css": "p{margin:0}"}))
    except TemplateError:
        return FAILS


@for_each("case", GOLDEN["cases"], ids=lambda case: f"{case['id']}")
def test_a_recorded_template_renders_as_in_maho(case: dict[str, Any]) -> None:
    kind = Kind.SUBJECT if case["kind"] == "subject" else Kind.HTML

    assert _render(case["template"], kind) == _expected(case)


@for_each("case", GOLDEN["cases"], ids=lambda case: f"{case['id']}")
def test_a_recorded_template_renders_the_same_between_other_text(case: dict[str, Any]) -> None:
    expected = _expected(case)

    rendered = _render(f"[{case['template']}]", Kind.HTML)

    if case["kind"] == "body":
        assert rendered == (FAILS if expected is FAILS else f"[{expected}]")


@for_each("case", GOLDEN["without_variables"], ids=lambda case: case["template"])
def test_a_template_without_variables_renders_as_in_maho(case: dict[str, str]) -> None:
    expected, _ = DIFFERENCES_WITHOUT_VARIABLES.get(case["template"], (case["output"], ""))

    rendered = compile_template(case["template"], kind=Kind.HTML).render({}, RecordedSite())

    assert rendered == expected


@for_each("example", EXAMPLES.values(), ids=lambda example: example.template)
def test_every_listed_difference_is_one(example: Example) -> None:
    recorded = {(case["kind"], case["template"]): case for case in GOLDEN["cases"]}
    case = recorded.get((example.kind, example.template), {})
    kind = Kind.SUBJECT if example.kind == "subject" else Kind.HTML

    rendered = _render(example.template, kind)

    assert rendered == example.segmail
    assert example.maho != example.segmail or example.maho is FAILS
    if example.recorded:
        assert example.maho == (FAILS if case.get("throws") else case["output"])


def test_the_documentation_lists_the_same_differences() -> None:
    documented = (ROOT / "docs" / "templates.md").read_text("utf-8")
    _, _, after = documented.partition("## Where segmail differs from Maho")
    section, _, _ = after.partition("\n## ")
    listed = [" ".join(part.split()) for part in section.split("\n- ")[1:]]

    assert table() in documented
    assert listed == list(ELSEWHERE)
