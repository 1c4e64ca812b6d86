"""Findings about syntax that is wrong in any shop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from segmail.findings import Severity
from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.naming import closest, shown
from segmail.lint.quotes import straightened
from segmail.lint.reading import Passage
from segmail.lint.variables import TemplateObject
from segmail.templates import Note, NoteKind, notes
from segmail.templates.directives import DIRECTIVES
from segmail.templates.nodes import Place

_NAMES = ("var", "if", "depend", *DIRECTIVES)
_BLANK_BEFORE_NAME = re.compile(rf"\{{\{{\s+/?(?:{'|'.join(_NAMES)}|else)(?=[\s}}])", re.IGNORECASE)
_MEMBER = re.compile(r"[a-z_][a-z0-9_]*")
_PRINTED = {"customer": "getName()", "store": "getFrontendName()", "subscriber": "getEmail()"}
_TAG = re.compile(r"\{\{\s*([A-Za-z_]*)")


def syntax_findings(passage: Passage) -> Iterator[LintFinding]:
    """Yield invalid directives, blocks, modifiers and conditions."""
    for note in notes(passage.source):
        what, advice = _SENTENCES[note.kind](note, passage)
        rule, severity = _RULES[note.kind]
        place = Place(note.line, note.column)
        yield passage.finding(rule, severity, place, what, advice)


def _unknown_directive(note: Note, passage: Passage) -> tuple[str, str]:
    what = f"{shown(note.text)} is not a directive; the customer sees it as it is."
    if _BLANK_BEFORE_NAME.match(note.text):
        return what, f"Take the blank out: {shown('{{' + note.text[2:].lstrip())}."
    if note.text.startswith("{{{"):
        return what, f"Write two braces: {shown(note.text[1:])}."
    if note.text.startswith(("{{*", "{{!", "{{#")):
        return what, "Take the comment out, or write it as <!-- … -->."
    if meant := _path_meant(straightened(note.text).strip("{}% \t\n"), passage):
        return what, f"Write {{{{var {meant}}}}}."
    return what, _meant(_TAG.match(note.text), passage)


def _path_meant(inner: str, passage: Passage) -> str:
    """Return the path that another program's tag names, if mails have it."""
    name, _, member = inner.partition(".")
    if name not in passage.known:
        return ""
    known = passage.known[name]
    if not isinstance(known, TemplateObject):
        return name if not member else ""
    if member in known.keys or (known.is_open and _MEMBER.fullmatch(member)):
        return inner
    close = closest(member, known.keys)
    return f"{name}.{close}" if close else f"{name}.{_PRINTED.get(name, 'getId()')}"


def _meant(tag: re.Match[str] | None, passage: Passage) -> str:
    word = tag[1] if tag else ""
    if word.lower() == "elseif":
        return "Write {{else}}{{if …}}…{{/if}}{{/if}}; blocks may nest."
    if word.lower().startswith("var") and (name := _value(word[3:], passage)):
        return f"Write {{{{var {name}}}}}."
    customer = passage.known.get("customer")
    if name := _value(word, passage):
        return f"Write {{{{var {name}}}}}."
    if isinstance(customer, TemplateObject) and (key := closest(word, customer.keys)):
        return f"Write {{{{var customer.{key}}}}}."
    directive = closest(word, _NAMES)
    return f"Write {{{{{directive} …}}}}." if directive else "Take it out, or write it as text."


def _value(word: str, passage: Passage) -> str | None:
    return closest(word, [name for name, known in passage.known.items() if known is None])


def _unclosed(note: Note, passage: Passage) -> tuple[str, str]:
    name = _tag_name(note)
    return (
        f"{shown(note.text)} has no {{{{/{name}}}}}, so its text is always shown.",
        f"Put {{{{/{name}}}}} where the text ends.",
    )


def _stray(note: Note, passage: Passage) -> tuple[str, str]:
    tag = shown(note.text)
    what = f"{tag} belongs to no block; the customer sees it as it is."
    if "else" in note.text.lower():
        return what, "Take it out, or put it between {{if …}} and {{/if}}; {{depend}} has no else."
    name = note.text.strip("{}/ \t\n").lower()
    return what, f"Take it out, or begin the block with {{{{{name} …}}}}."


def _unfinished(note: Note, passage: Passage) -> tuple[str, str]:
    return (
        f"{shown(note.text)} has no }}}}; the customer sees it as it is.",
        "Put }} where the directive ends.",
    )


def _modifier(note: Note, passage: Passage) -> tuple[str, str]:
    bare = note.text.strip()
    what = f"The modifier '{note.text[:20]}' does not exist, so the value is printed without it."
    if bare != note.text and bare.split(":")[0] in ("escape", "nl2br"):
        return what, f"Write |{bare} without blanks around it."
    return what, "Use |escape, |escape:url, |escape:htmlentities or |nl2br."


def _comparison(note: Note, passage: Passage) -> tuple[str, str]:
    return (
        f"A condition cannot compare: '{shown(note.text)}' is not calculated.",
        "Name one value; the text is shown if it is not empty. Make a separate step or segment "
        "for each case.",
    )


def _tag_name(note: Note) -> str:
    return "depend" if note.text[2:].lower().startswith("depend") else "if"


_RULES: Mapping[NoteKind, tuple[LintRule, Severity]] = {
    NoteKind.UNKNOWN_DIRECTIVE: (LintRule.UNKNOWN_DIRECTIVE, Severity.ERROR),
    NoteKind.UNCLOSED_BLOCK: (LintRule.UNCLOSED_BLOCK, Severity.ERROR),
    NoteKind.STRAY_TAG: (LintRule.STRAY_TAG, Severity.ERROR),
    NoteKind.UNFINISHED: (LintRule.UNFINISHED, Severity.ERROR),
    NoteKind.UNKNOWN_MODIFIER: (LintRule.UNKNOWN_MODIFIER, Severity.WARNING),
    NoteKind.COMPARISON: (LintRule.COMPARISON, Severity.ERROR),
}

_SENTENCES: Mapping[NoteKind, Callable[[Note, Passage], tuple[str, str]]] = {
    NoteKind.UNKNOWN_DIRECTIVE: _unknown_directive,
    NoteKind.UNCLOSED_BLOCK: _unclosed,
    NoteKind.STRAY_TAG: _stray,
    NoteKind.UNFINISHED: _unfinished,
    NoteKind.UNKNOWN_MODIFIER: _modifier,
    NoteKind.COMPARISON: _comparison,
}
