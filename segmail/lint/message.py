"""Findings about the message as a whole: sender, subject, text, size, preheader."""

from __future__ import annotations

import re
from collections.abc import Iterator

from segmail.errors import MessageError, TemplateError
from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.reading import Letter, Passage, Reading
from segmail.mail.address import parse_address
from segmail.mail.column_limits import SUBJECT_CHARACTERS, TEXT_BYTES
from segmail.templates.nodes import Directive, Place, Text
from segmail.templates.style_work import MAX_WORK
from segmail.templates.styles import are_too_much_work, check_size, inline_styles

_START = Place(1, 1)
_LONG_SUBJECT = 120  # characters; inboxes show about 60 on a computer and 40 on a phone
_FORM = "in Maho under Newsletter > Newsletter Templates"
_HIDDEN = re.compile(
    r"<(?P<tag>div|span|p|td)\b[^<>]*(?:display\s*:\s*none|max-height\s*:\s*0|mso-hide\s*:\s*all)"
    r"[^<>]*>(?P<words>[^<]*)</(?P=tag)",
    re.IGNORECASE,
)


def message_findings(letter: Letter, reading: Reading) -> Iterator[LintFinding]:
    """Yield what keeps every mail of a template from being sent, or spoils its first impression."""
    texts = [one for one in reading.passages if one.part == "text" and not one.trail]
    if not texts:
        return  # exceeding the limits is a finding already
    yield from _sender(letter, texts[0])
    yield from _subject(letter, texts[0])
    yield from _text(letter, texts[0], reading)
    yield from _preheader(letter, texts[0])


def _sender(letter: Letter, passage: Passage) -> Iterator[LintFinding]:
    sender = passage.in_part("sender")
    if letter.sender_name is not None and _is_empty(letter.sender_name):
        what = "The template has no sender name, so no mail can be sent."
        yield sender.error(LintRule.EMPTY, _START, what, f"Set it {_FORM}.")
    if letter.sender_email is None:
        return
    if _is_empty(letter.sender_email):
        what = "The template has no sender e-mail address, so no mail can be sent."
        yield sender.error(LintRule.EMPTY, _START, what, f"Set it {_FORM}.")
        return
    try:
        parse_address(letter.sender_email, "The sender's address")
    except MessageError as error:
        advice = f"Write one like news@example.com {_FORM}."
        yield sender.error(LintRule.SENDER, _START, f"No mail can be sent. {error}", advice)


def _subject(letter: Letter, passage: Passage) -> Iterator[LintFinding]:
    if letter.subject is None:
        return
    subject = passage.in_part("subject")
    if _is_empty(letter.subject):
        what = "The template has no subject, so no mail can be sent."
        yield subject.error(LintRule.EMPTY, _START, what, f"Set it {_FORM}.")
    elif "{{" not in letter.subject and len(letter.subject) > SUBJECT_CHARACTERS:
        what = (
            f"The subject has {len(letter.subject)} characters; Maho's table holds "
            f"{SUBJECT_CHARACTERS}, so no mail can be sent."
        )
        yield subject.error(LintRule.SIZE, _START, what, "Shorten it to about 50.")
    elif "{{" not in letter.subject and len(letter.subject) > _LONG_SUBJECT:
        what = f"The subject has {len(letter.subject)} characters; inboxes show about 60."
        yield subject.warning(LintRule.SIZE, _START, what, "Shorten it to about 50.")


def _text(letter: Letter, passage: Passage, reading: Reading) -> Iterator[LintFinding]:
    if _is_empty(letter.text):
        what = "The template has no text, so no mail can be sent."
        yield passage.error(LintRule.EMPTY, _START, what, f"Write one {_FORM}.")
        return
    size = sum(
        len(node.text.encode("utf-8", "replace")) for node in passage.tree if isinstance(node, Text)
    )
    if size > TEXT_BYTES:
        what = (
            f"The text alone has {size:,} bytes; Maho's table holds {TEXT_BYTES:,}, so no mail can "
            "be sent."
        )
        yield passage.error(
            LintRule.SIZE, _START, what, "Shorten it; leave out blanks and comments."
        )
    names_sheet = any(
        isinstance(node, Directive) and node.name == "inlinecss" for node, _ in passage.nodes()
    )
    if letter.is_html and (letter.styles or names_sheet):
        html = "".join(one.source for one in reading.passages if one.part == "text")
        try:
            check_size(html)
        except TemplateError as error:
            advice = "Make the HTML simpler, or take the styles out: put them into a <style>."
            yield passage.error(LintRule.LIMIT, _START, f"No mail can be sent. {error}", advice)
            return
        if not letter.styles:
            return
        styled = len(inline_styles(html, letter.styles).encode("utf-8", "replace"))
        if size <= TEXT_BYTES < styled:
            what = (
                f"With its styles the text has {styled:,} bytes as it stands; Maho's table holds "
                f"{TEXT_BYTES:,}, and a mail that has more is not sent."
            )
            advice = "Write fewer or shorter rules, or shorten the text."
            yield passage.in_part("styles").warning(LintRule.SIZE, _START, what, advice)
        if are_too_much_work(html, letter.styles):
            what = (
                f"To inline the styles takes more than {MAX_WORK:,} steps, so fewer are, and the "
                "rest stays in a <style>, which some mail programs ignore."
            )
            advice = "Write fewer rules, or rules for fewer elements."
            yield passage.in_part("styles").warning(LintRule.LIMIT, _START, what, advice)


def _preheader(letter: Letter, passage: Passage) -> Iterator[LintFinding]:
    """Return a finding if the preheader, shown beside the subject, only repeats it."""
    match = _HIDDEN.search(letter.text) if letter.is_html else None
    if not match or not letter.subject:
        return
    if match["words"].strip() and match["words"].strip() == letter.subject.strip():
        what = "The preheader says the same as the subject; inboxes show both side by side."
        place = _START.after(letter.text[: match.start()])
        yield passage.warning(LintRule.PREHEADER, place, what, "Write what comes next in the mail.")


def _is_empty(value: str) -> bool:
    return value.strip() in ("", "0")  # what Maho treats as empty
