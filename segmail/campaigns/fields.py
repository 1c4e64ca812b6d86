"""Reads the values of a file's nodes; what is wrong is collected, and reads as None."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import TypeVar

from segmail.campaigns.entry import FileFaults
from segmail.campaigns.markup import Fields, Items, MarkupNode, Scalar
from segmail.segments.stored.codes import Mention

_Kind = TypeVar("_Kind", bound=enum.StrEnum)

_NONE = ("", "~", "null")
_LONGEST = 60_000  # bytes of a TEXT column


def read_fields(
    node: MarkupNode, known: Iterable[str], faults: FileFaults
) -> dict[str, MarkupNode]:
    """Return a mapping's values by key; unknown keys and those that are there twice are faults."""
    names = tuple(known)
    if not isinstance(node, Fields):
        faults.add(node.line, f"Here belong {among(names)}, each with a value.")
        return {}
    found: dict[str, MarkupNode] = {}
    for key, value in node.pairs:
        if key.text not in names:
            faults.add(key.line, f"'{key.text}' is unknown; it can be {among(names)}.")
        elif key.text in found:
            faults.add(key.line, f"'{key.text}' is there twice.")
        else:
            found[key.text] = value
    return found


def read_text(node: MarkupNode, faults: FileFaults) -> str | None:
    """Return a text; nothing, `~` and `null` are the empty one."""
    if not isinstance(node, Scalar):
        faults.add(node.line, "Here must be a text.")
        return None
    if len(node.text.encode()) > _LONGEST:
        faults.add(node.line, f"This text is longer than {_LONGEST:,} bytes.")
        return None
    return "" if not node.quoted and node.text in _NONE else node.text


def read_switch(node: MarkupNode, faults: FileFaults) -> bool | None:
    """Return `true` or `false`."""
    if isinstance(node, Scalar) and not node.quoted and node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    faults.add(node.line, "Here must be true or false.")
    return None


def read_choice(node: MarkupNode, kind: type[_Kind], faults: FileFaults) -> _Kind | None:
    """Return one of an enumeration's values."""
    if isinstance(node, Scalar):
        try:
            return kind(node.text)
        except ValueError:
            pass
    faults.add(node.line, f"Here must be one of {among(kind)}.")
    return None


def read_mentions(node: MarkupNode, faults: FileFaults) -> tuple[Mention, ...] | None:
    """Return a list of codes and ids; a plain number is an id."""
    if not isinstance(node, Items) or not node.nodes:
        faults.add(node.line, "Here must be a list of codes or ids, such as [base, 2].")
        return None
    found = [_mention(item, faults) for item in node.nodes]
    return tuple(mention for mention in found if mention is not None)


def among(names: Iterable[str]) -> str:
    """Return names as people list them."""
    return ", ".join(f"'{name}'" for name in names)


def _mention(node: MarkupNode, faults: FileFaults) -> Mention | None:
    text = read_text(node, faults)
    if text == "":
        faults.add(node.line, "Here must be a code or an id.")
    if not text:
        return None
    quoted = isinstance(node, Scalar) and node.quoted
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) and not quoted else text
