"""What lint says about each recorded template: every finding has its reason in a table."""

from __future__ import annotations

from typing import Any

from segmail.demo.newsletter_templates import TEMPLATES
from segmail.lint import Letter, LintRule, lint, stops_mails
from tests.each_case import for_each
from tests.program import ROOT
from tests.unit.templates.recorded import GOLDEN

# Variables that only the recording has, and rules that only a whole newsletter can keep.
INVENTED = "unknown-variable"
INCOMPLETE = "no-unsubscribe-link"

EXPECTED: dict[int, set[str]] = {
    2: {"empty"},
    13: {"unknown-attribute"},
    35: {"missing-argument"},
    37: {"unknown-directive"},
    44: {"unknown-directive"},
    53: {"unknown-modifier"},
    58: {"unknown-modifier"},
    64: {"unknown-modifier"},
    94: {"stray-tag"},
    95: {"unclosed-block", "stray-tag"},
    97: {"missing-argument"},
    100: {"comparison"},
    155: {"missing-argument"},
    157: {"missing-argument"},
    164: {"missing-argument"},
    167: {"unsupported-directive"},
    169: {"unknown-directive"},
    170: {"unknown-directive"},
    172: {"unknown-directive"},
    173: {"unknown-directive"},
    175: {"unfinished-directive"},
    178: {"unfinished-directive"},
    179: {"unfinished-directive"},
    181: {"unknown-directive"},
    184: {"stray-tag", "unclosed-block"},
    185: {"unknown-directive"},
    194: {"whole-object"},
    197: {"whole-object"},
    200: {"whole-object"},
    203: {"secret"},
    205: {"unknown-attribute"},
    218: {"unknown-directive"},
}


@for_each("case", GOLDEN["cases"], ids=lambda case: f"{case['id']}")
def test_lint_says_of_a_recorded_template_what_is_wrong_with_it(case: dict[str, Any]) -> None:
    subject = case["template"] if case["kind"] == "subject" else None
    text = "x" if case["kind"] == "subject" else case["template"]

    found = {finding.rule for finding in lint(Letter("recorded", subject, text))}

    assert found - {INVENTED, INCOMPLETE} == EXPECTED.get(case["id"], set())


def test_every_rule_is_documented() -> None:
    documented = (ROOT / "docs" / "templates.md").read_text("utf-8")

    assert [rule.value for rule in LintRule if f"`{rule.value}`" not in documented] == []


def test_of_the_demos_templates_only_the_broken_one_is_found() -> None:
    found = [
        (finding.where.name, finding.rule, finding.where.line, stops_mails(finding))
        for one in TEMPLATES
        for finding in lint(Letter(one.code, one.subject, one.text, is_html=one.html))
    ]

    assert found == [("Happy birthday", "whole-object", 5, True)]
