"""What is written into `newsletter_queue`."""

from __future__ import annotations

import html

import pytest

from segmail.errors import TemplateError
from segmail.mail.column_limits import TEXT_BYTES, check_lengths, storable_html, storable_text
from tests.each_case import for_each


@for_each("text", ["{{var x}}", "{{{config path=x}}}", "{{{{", "<b>{{/if}}</b> 🎉"])
def test_no_stored_html_is_a_template_for_maho_s_preview(text: str) -> None:
    stored = storable_html(text)

    assert "{{" not in stored
    assert html.unescape(stored) == text


@for_each(
    ("character", "size"),
    [("x", 1), ("é", 2), ("€", 3), ("{", 6), ("🎉", 9), ("\U0010ffff", 10)],
)
def test_a_text_may_be_as_long_as_its_column(character: str, size: int) -> None:
    longest = TEXT_BYTES // size

    check_lengths("Hello", storable_html(character * longest))
    with pytest.raises(TemplateError, match="newsletter_text holds 65,535"):
        check_lengths("Hello", storable_html(character * (longest + 2)))


def test_plain_text_is_stored_as_it_is() -> None:
    assert storable_text("{x} 🎉", four_bytes=True) == "{x} 🎉"
    assert storable_text("{x} 🎉", four_bytes=False) == "{x} &#127881;"


@pytest.mark.parametrize("text", ["{{config path='a'}}", "a {{{{var b}} {{{c", "{{"])
def test_no_directive_is_stored_in_plain_text_and_it_reads_the_same(text: str) -> None:
    stored = storable_text(text, four_bytes=True)

    assert "{{" not in stored
    assert stored.replace("\u2060", "") == text


def test_a_subject_that_is_too_long_once_stored_is_told() -> None:
    with pytest.raises(TemplateError, match="201 characters"):
        check_lengths("{{" + "x" * 198, "")
