"""The benchmark compares the same mail."""

from __future__ import annotations

from segmail.templates import Kind, compile_template, inline_styles
from tests.benchmarks.templates.newsletter import (
    SITE,
    STYLES,
    directives,
    newsletter,
    plain_template,
    recipients,
)


def test_both_engines_write_the_same_newsletter() -> None:
    ours, plain = compile_template(newsletter(), kind=Kind.HTML), plain_template()

    for recipient in recipients(4):
        text = ours.render(recipient.directives, SITE)
        assert text == plain.render(recipient.plain)
        assert "{{" not in text


def test_the_newsletter_is_of_the_size_that_is_told() -> None:
    source = newsletter()

    assert 9_000 < len(source) < 11_000
    assert directives(source) == 47


def test_styles_inlined_once_are_those_inlined_for_each_mail() -> None:
    plain = compile_template(newsletter(), kind=Kind.HTML)
    styled = compile_template(newsletter(), kind=Kind.HTML, styles=STYLES)

    for recipient in recipients(4):
        alone = inline_styles(plain.render(recipient.directives, SITE), STYLES)
        assert styled.render(recipient.directives, SITE) == alone
