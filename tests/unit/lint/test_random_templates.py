"""Whatever a template holds, lint ends with remarks about places that are in it."""

from __future__ import annotations

from random import Random

from segmail.lint import Letter, lint
from tests.unit.templates.fuzz.grammar import template


def test_lint_of_random_templates_ends_and_names_places_in_them() -> None:
    for number in range(500):
        source = template(Random(number))  # noqa: S311

        for remark in lint(Letter("random", source, source), couponless=["VIP:enter:1"]):
            lines = source.split("\n")
            assert 1 <= remark.line <= len(lines), (number, remark)
            assert 1 <= remark.column <= len(lines[remark.line - 1]) + 1, (number, remark)
            assert (remark.text + remark.fix).isprintable(), (number, remark)
            assert remark.fix, (number, remark)
