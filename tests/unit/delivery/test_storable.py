"""What is written into `newsletter_queue`."""

from __future__ import annotations

import html

import pytest

from segmail.delivery.storable import storable_html, storable_text


@pytest.mark.parametrize("text", ["{{var x}}", "{{{config path=x}}}", "{{{{", "<b>{{/if}}</b> 🎉"])
def test_no_stored_html_is_a_template_for_maho_s_preview(text: str) -> None:
    stored = storable_html(text)

    assert "{{" not in stored
    assert html.unescape(stored) == text


def test_plain_text_is_stored_as_it_is() -> None:
    assert storable_text("{{var x}} 🎉", four_bytes=True) == "{{var x}} 🎉"
    assert storable_text("{{var x}} 🎉", four_bytes=False) == "{{var x}} &#127881;"
