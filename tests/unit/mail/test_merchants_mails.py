"""The text part of mails as merchants' tools write them."""

from __future__ import annotations

from pathlib import Path

from segmail.mail.plain_text import plain_text
from tests.each_case import for_each
from tests.merchants_mails import MAILS, rendered, styles


@for_each("mail", MAILS, ids=lambda mail: mail.stem)
def test_a_mails_text_part_says_what_its_reader_sees(mail: Path) -> None:
    text = plain_text(rendered(mail, css=styles(mail)))

    assert text == mail.with_suffix(".txt").read_text("utf-8").rstrip("\n")
