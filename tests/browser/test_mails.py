"""Mails with inlined styles look in a browser as they do with a style sheet.

The sheet stands before the document's own ones, on a phone and on a desktop, in the dark, under
the mouse, and with what mail programs add.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmail.templates import inline_styles
from tests.browser.browser import Pair, differences
from tests.browser.random_mails import random_mail
from tests.merchants_mails import MAILS, rendered, styles

WIDTHS = (375, 1000)
STATES = {"hover": "is-hovered", "visited": "is-visited", "focus": "is-focused"}
_BEFORE = re.compile(r"(?:\s*<(?:\?|!doctype|html|head)[^>]*>)*", re.IGNORECASE)
_DARK = re.compile(r"\(prefers-color-scheme:\s*dark\)")


def with_sheet(html: str, css: str) -> str:
    """Return HTML as it would be with its styles in a sheet before its own ones."""
    before = _BEFORE.match(html)
    at = before.end() if before else 0
    return f"{html[:at]}<style>{css}</style>{html[at:]}"


def pairs(before: str, after: str) -> list[Pair]:
    """Return what is to be compared of two versions of a mail."""
    sizes = [Pair(before, after, width) for width in WIDTHS]
    return [*sizes, Pair(_in_states(before), _in_states(after), 375, tuple(STATES.values()))]


def _in_states(html: str) -> str:
    """Return HTML whose rules for states are for classes, and those for the dark for all."""
    for state, name in STATES.items():
        html = html.replace(f":{state}", f".{name}")
    return _DARK.sub("(min-width: 1px)", html)


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.stem)
def test_a_merchants_mail_looks_as_with_a_sheet(mail: Path, tmp_path: Path) -> None:
    css = styles(mail)
    shown = [
        pair
        for code in ("", "SAVE-1")
        for pair in pairs(
            with_sheet(rendered(mail, coupon_code=code), css),
            rendered(mail, css=css, coupon_code=code),
        )
    ]

    assert differences(shown, tmp_path) == [[]] * 6


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_a_random_mail_looks_as_with_a_sheet(first: int, tmp_path: Path) -> None:
    shown = {}
    for seed in range(first, first + 40):
        css, html = random_mail(seed)
        shown[seed] = pairs(with_sheet(html, css), inline_styles(html, css))

    found = differences([pair for some in shown.values() for pair in some], tmp_path)

    assert [(list(shown)[number // 3], told) for number, told in enumerate(found) if told] == []
