"""Text in a form that fits into the columns of `newsletter_queue`, never cut silently.

Maho's preview of a queue runs the stored text as a template, so nothing that is stored may contain
a directive: customers' names, and what they put into carts, come from outside.

Most shops have three-byte utf8 columns, where an emoji is an error or becomes `????`.
"""

from __future__ import annotations

import re

from segmail.errors import TemplateError

TEXT_BYTES = 65_535  # newsletter_text
SUBJECT_CHARACTERS = 200  # newsletter_subject, newsletter_sender_name

_APART = "\u2060"  # has no width
_LONGEST_CHARACTER = 3  # bytes, as `storable_html` writes text
_DIRECTIVE = re.compile(r"\{(?=\{)")
_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")


def storable_html(text: str) -> str:
    """Write long characters, and the start of anything that Maho would run, as numeric entities.

    Long ones have more than three bytes; a browser shows the same text.
    """
    return _in_three_bytes(_DIRECTIVE.sub("&#123;", text) if "{{" in text else text)


def storable_text(text: str, four_bytes: bool) -> str:
    """Do the same in plain text, where nobody decodes entities.

    Braces are separated by a character without width; other characters are written as entities only
    if the column has three-byte utf8.
    """
    text = _DIRECTIVE.sub(f"{{{_APART}", text) if "{{" in text else text
    return text if four_bytes else _in_three_bytes(text)


def as_written(stored: str) -> str:
    """Return a text as it was before `storable_text` separated its braces."""
    return stored.replace(f"{{{_APART}", "{")


def check_lengths(subject: str, stored: str) -> None:
    """Raise TemplateError if a rendered subject, or a text in its stored form, does not fit."""
    if (length := len(storable_text(subject, four_bytes=True))) > SUBJECT_CHARACTERS:
        raise TemplateError(
            f"the subject renders to {length} characters; "
            f"newsletter_subject holds {SUBJECT_CHARACTERS}"
        )
    if len(stored) * _LONGEST_CHARACTER <= TEXT_BYTES:
        return  # most mails are too short to exceed it, and counting bytes takes time
    size = len(stored.encode())
    if size > TEXT_BYTES:
        raise TemplateError(
            f"the text renders to {size:,} bytes; newsletter_text holds {TEXT_BYTES:,}"
        )


def _in_three_bytes(text: str) -> str:
    # A character of four bytes takes two units of UTF-16: this is ten times as fast as searching.
    if text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text):
        return text
    return _FOUR_BYTES.sub(lambda match: f"&#{ord(match[0])};", text)
