"""Reads the values of a file's nodes; a faulty value is reported, and read as None."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import TypeVar

from segmail.campaigns.entry import FileFaults
from segmail.campaigns.markup import Fields, Items, MarkupNode, Scalar
from segmail.errors import InputError
from segmail.maho.policies import PolicyKind
from segmail.segments.stored.codes import Mention
from segmail.sequences.delays import parse_delay

_Kind = TypeVar("_Kind", bound=enum.StrEnum)
_Value = TypeVar("_Value")

EVERY_GROUP = "all"
MOST = 2_147_483_647  # the most that the columns of both layouts can hold

_NONE = ("", "~", "null")
_SWITCHES = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_LONGEST = 60_000  # bytes of a TEXT column


def read_fields(
    node: MarkupNode, known: Iterable[str], faults: FileFaults
) -> dict[str, MarkupNode]:
    """Return a mapping's values by key; unknown and repeated keys are faults."""
    names = tuple(known)
    if not isinstance(node, Fields):
        faults.add(node.line, f"Here must be keys with values: {among(names)}.")
        return {}
    found: dict[str, MarkupNode] = {}
    for key, value in node.pairs:
        if key.text not in names:
            close = get_close_matches(key.text, names, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            faults.add(key.line, f"'{key.text}' is unknown; it can be {among(names)}.{hint}")
        elif key.text in found:
            faults.add(key.line, f"'{key.text}' appears twice.")
        else:
            found[key.text] = value
    return found


def read_key(
    found: Mapping[str, MarkupNode],
    key: str,
    read: Callable[[MarkupNode, FileFaults], _Value],
    faults: FileFaults,
) -> _Value:
    """Return what `read` makes of a key's value; its faults name the key."""
    with faults.of(key):
        return read(found[key], faults)


def read_text(node: MarkupNode, faults: FileFaults) -> str | None:
    """Return a text; an empty value, `~` and `null` are the empty text."""
    if not isinstance(node, Scalar):
        faults.add(node.line, "Here must be a text.")
        return None
    if len(node.text.encode()) > _LONGEST:
        faults.add(node.line, f"This text is longer than {_LONGEST:,} bytes.")
        return None
    return "" if not node.quoted and node.text in _NONE else node.text


def read_switch(node: MarkupNode, faults: FileFaults) -> bool | None:
    """Return the meaning of `yes` and `no`, `true` and `false`, `on` and `off`."""
    word = node.text.lower() if isinstance(node, Scalar) else ""
    if word in _SWITCHES:
        return _SWITCHES[word]
    faults.add(node.line, f"Here must be yes or no{_instead(node)}.")
    return None


def read_choice(node: MarkupNode, kind: type[_Kind], faults: FileFaults) -> _Kind | None:
    """Return one of an enumeration's values."""
    if isinstance(node, Scalar):
        try:
            return kind(node.text)
        except ValueError:
            pass
    faults.add(node.line, f"Here must be one of {among(kind)}{_instead(node)}.")
    return None


def read_policy(node: MarkupNode, faults: FileFaults, *, kind: PolicyKind) -> object | None:
    """Return a policy's value."""
    if isinstance(node, Scalar) and node.text.strip():
        try:
            value: object = kind.read(node.text)
        except ValueError:
            pass
        else:
            return value
    few = kind.told() if kind.allowed else f"one of {kind.told()}"
    faults.add(node.line, f"Here must be {few}{_instead(node)}.")
    return None


def read_count(node: MarkupNode, faults: FileFaults, *, most: int = MOST) -> int | None:
    """Return a whole number, 0 or more."""
    text = node.text.strip() if isinstance(node, Scalar) else ""
    if re.fullmatch(r"[0-9]{1,10}", text) and int(text) <= most:
        return int(text)
    faults.add(node.line, f"Here must be a whole number from 0 to {most:,}{_instead(node)}.")
    return None


def read_day(node: MarkupNode, faults: FileFaults) -> date | None:
    """Return a date: `2026-12-31`."""
    text = node.text.strip() if isinstance(node, Scalar) else ""
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.add(node.line, f"Here must be a day such as 2026-12-31{_instead(node)}.")
        return None


def read_delay(node: MarkupNode, faults: FileFaults) -> int | None:
    """Return the minutes of `1 hour`, `3 days` or `immediately`."""
    text = node.text.strip() if isinstance(node, Scalar) else ""
    try:
        return parse_delay(text)
    except InputError as error:
        faults.add(node.line, str(error))
        return None


def is_none(node: MarkupNode) -> bool:
    """Return whether the file says `none`, or nothing."""
    if not isinstance(node, Scalar):
        return False
    word = node.text.lower()
    return word == "none" or (word in _NONE and not node.quoted)


def read_name(
    kind: str, whole: MarkupNode, node: MarkupNode | None, faults: FileFaults, *, longest: int
) -> str | None:
    """Return the name that each template, sales rule and segment needs; `whole` is its entry."""
    name = None if node is None else read_text(node, faults)
    if not name or not name.strip() or len(name) > longest:
        what = f"A {kind} needs a 'name' of 1 to {longest} characters."
        faults.add(whole.line, what)
        return None
    return name


def read_groups(node: MarkupNode, faults: FileFaults) -> tuple[Mention, ...] | None:
    """Return a list of customer groups; an empty one for `all`."""
    if isinstance(node, Scalar) and node.text == EVERY_GROUP:
        return ()
    return read_mentions(node, faults)


def read_mentions(node: MarkupNode, faults: FileFaults) -> tuple[Mention, ...] | None:
    """Return a list of codes and ids; a plain number is an id."""
    if not isinstance(node, Items) or not node.nodes:
        faults.add(node.line, "Here must be a list of codes or ids, such as [base, 2].")
        return None
    found = [_mention(item, faults) for item in node.nodes]
    return tuple(mention for mention in found if mention is not None)


def among(names: Iterable[str]) -> str:
    """Return names as a list for people."""
    return ", ".join(f"'{name}'" for name in names)


def _mention(node: MarkupNode, faults: FileFaults) -> Mention | None:
    text = read_text(node, faults)
    if text == "":
        faults.add(node.line, "Here must be a code or an id.")
    if not text:
        return None
    quoted = isinstance(node, Scalar) and node.quoted
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) and not quoted else text


def _instead(node: MarkupNode) -> str:
    """Return the value found instead, for the end of a sentence."""
    return f", not '{node.text[:60]}'" if isinstance(node, Scalar) and node.text else ""
