"""Marks in rendered templates give way to the pieces that they stand for."""

from __future__ import annotations

import pytest

from segmail.mail.items.printed import Printed
from tests.each_case import for_each


@pytest.fixture
def printed() -> Printed:
    found = Printed()
    found.block("<i>HTML</i>", "\ntext\n")
    found.words("A & B")
    return found


BLOCK, WORDS = "\ue0100\ue011", "\ue0101\ue011"


@for_each(
    ("text", "html", "plain"),
    [
        ("a", "a", "a"),
        (BLOCK, "<i>HTML</i>", "text"),
        (f"a {BLOCK} b", "a <i>HTML</i> b", "a\ntext\nb"),
        (f"a\n {BLOCK}\t\nb", "a\n <i>HTML</i>\t\nb", "a\ntext\nb"),
        (f"a\n\n\n\n{BLOCK}", "a\n\n\n\n<i>HTML</i>", "a\n\ntext"),
        (f"{BLOCK} {BLOCK}", "<i>HTML</i> <i>HTML</i>", "text\ntext"),
        (f"{BLOCK}{WORDS}", "<i>HTML</i>A &amp; B", "text\nA & B"),
        (f"a {WORDS} b {BLOCK}", "a A &amp; B b <i>HTML</i>", "a A & B b\ntext"),
        ("\ue0107\ue011 \ue011\ue010", *("\ue0107\ue011 \ue011\ue010",) * 2),
        (f"\ue01012345678\ue011{WORDS}", "\ue01012345678\ue011A &amp; B",
         "\ue01012345678\ue011A & B"),
    ],
)  # fmt: skip
def test_a_mark_gives_way(printed: Printed, text: str, html: str, plain: str) -> None:
    assert printed.in_html(text) == html
    assert printed.in_text(text) == plain


def test_a_subject_stays_one_line(printed: Printed) -> None:
    assert printed.in_subject(f"a {WORDS}{BLOCK}") == "a A & Btext"


def test_the_links_of_pieces_are_tagged(printed: Printed) -> None:
    assert printed.in_html(f"a {BLOCK} b", str.upper) == "a <I>HTML</I> b"
    assert printed.in_text(f"a {BLOCK} b", str.upper) == "a\nTEXT\nb"
