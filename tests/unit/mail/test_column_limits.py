"""What is written into `newsletter_queue`."""

from __future__ import annotations

import html

import pytest

from segmail.errors import TemplateError
from segmail.mail.column_limits import TEXT_BYTES, check_lengths, storable_html, storable_text


@pytest.mark.parametrize("text", ["{{var x}}", "{{{config path=x}}}", "{{{{", "<b>{{/if}}</b> 🎉"])
def test_no_stored_html_is_a_template_for_maho_s_preview(text: str) -> None:
    stored = storable_html(text)

    assert "{{" not in stored
    assert html.unescape(stored) == text


@pytest.mark.parametrize(
    ("character", "size"),
    [("x", 1), ("é", 2), ("€", 3), ("{", 6), ("🎉", 9), ("\U0010ffff", 10)],
)
def test_a_text_may_be_as_long_as_its_column(character: str, size: int) -> None:
    longest = TEXT_BYTES // size

    check_lengths("Hello", character * longest)
    with pytest.raises(TemplateError, match="newsletter_text holds 65,535"):
        check_lengths("Hello", character * (longest + 2))


def test_plain_text_is_stored_as_it_is() -> None:
    assert storable_text("{{var x}} 🎉", four_bytes=True) == "{{var x}} 🎉"
    assert storable_text("{{var x}} 🎉", four_bytes=False) == "{{var x}} &#127881;"
