"""Whatever a template holds, lint ends with findings about places that are in it."""

from __future__ import annotations

from random import Random

from segmail.lint import Letter, lint
from tests.thorough import by_far
from tests.unit.templates.fuzz.grammar import template


def test_lint_of_random_templates_ends_and_names_places_in_them() -> None:
    for number in range(by_far(150, 500)):
        source = template(Random(number))  # noqa: S311

        for finding in lint(Letter("random", source, source), couponless=["VIP:enter:1"]):
            lines = source.split("\n")
            assert 1 <= finding.where.line <= len(lines), (number, finding)
            assert 1 <= finding.where.column <= len(lines[finding.where.line - 1]) + 1, (
                number,
                finding,
            )
            assert str(finding).isprintable(), (number, finding)
            assert finding.advice, (number, finding)
