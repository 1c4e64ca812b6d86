"""Reads the newsletter templates of a campaign file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmail.campaigns.entry import FileFaults, TemplateEntry
from segmail.campaigns.fields import read_fields, read_key, read_name, read_text
from segmail.campaigns.markup import MarkupNode
from segmail.campaigns.texts import Texts

_LONGEST_NAME = 150
_LONGEST_LINE = 200  # characters of the columns for subject and sender


def read_template(node: MarkupNode, texts: Texts, faults: FileFaults) -> TemplateEntry | None:
    """Return a template as far as it can be read; None if it has no name."""
    known = ("name", "subject", "sender", "html", "text", "styles")
    found = read_fields(node, known, faults)
    name = read_name("template", node, found.get("name"), faults, longest=_LONGEST_NAME)
    if name is None:
        return None
    values: dict[str, Any] = {}
    if "subject" in found:
        values["subject"] = read_key(found, "subject", _line, faults)
    if "sender" in found:
        values |= read_key(found, "sender", _sender, faults)
    values |= _texts(found, texts, faults)
    lines = {"": node.line, **{key: value.line for key, value in found.items()}}
    return TemplateEntry(name, lines=lines, **values)


def _sender(node: MarkupNode, faults: FileFaults) -> dict[str, Any]:
    said = read_fields(node, ("name", "email"), faults)
    return {f"sender_{key}": read_key(said, key, _line, faults) for key in said}


def _texts(found: Mapping[str, MarkupNode], texts: Texts, faults: FileFaults) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "html" in found and "text" in found:
        faults.add(found["text"].line, "A template has 'html' or 'text', not both.")
    for key in ("html", "text"):
        if key in found:
            text = read_key(found, key, texts.read, faults)
            values |= {"text": text, "is_html": key == "html"}
    if "styles" in found:
        values["styles"] = read_key(found, "styles", texts.read, faults)
    return values


def _line(node: MarkupNode, faults: FileFaults) -> str | None:
    text = read_text(node, faults)
    if text is not None and len(text) > _LONGEST_LINE:
        faults.add(node.line, f"This is longer than {_LONGEST_LINE} characters, the most possible.")
        return None
    return text
