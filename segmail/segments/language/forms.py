"""Conditions that read as a sentence: `member of "VIP"`, `finished "Welcome" = yes`.

All other conditions are ATTRIBUTE OPERATOR VALUE, as are these if no sentence fits them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from segmail.errors import ConditionError
from segmail.segments.conditions.tree import Leaf
from segmail.segments.language.amounts import in_unit

_QUOTED = r"\"(?:[^\"\\]|\\.)*\""
_OPERATOR_WORD = r"(?!(?:does\s+not\s+contain|contains|is\s+not\s+one\s+of|is\s+one\s+of)(?!\S))"
_NAME = rf"(?P<name>{_QUOTED}|{_OPERATOR_WORD}[^\"=<>!\s][^\"=<>!]*?)"
_HOW = re.IGNORECASE | re.DOTALL

_MEMBER = re.compile(rf"(?:is\s+)?(?P<no>not\s+)?(?:a\s+)?member\s+of\s+{_NAME}", _HOW)
_SEQUENCE = re.compile(
    rf"(?P<what>days\s+since\s+finished|finished|running)\s+{_NAME}\s*"
    r"(?P<operator>!=|>=|<=|=|>|<)\s*(?P<value>[^=<>!\s].*)",
    _HOW,
)
_SEASON = re.compile(r"date\s+(?P<no>not\s+)?between\s+(?P<first>\S+)\s+and\s+(?P<last>\S+)", _HOW)

_ANSWERS = {"yes": "1", "no": "0"}
_SIGNS = {"=": "==", "!=": "!=", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}


# Examples of each family's sentences, for the people who write them.
SENTENCES: Mapping[str, str] = {
    "segment": 'member of "NAME", not member of "NAME"',
    "sequence": 'finished "SEGMENT" = yes, days since finished "SEGMENT" >= 7, '
    'running "SEGMENT" = no',
    "today": "date between 11-20 and 12-24, date not between 12-20 and 01-06",
}


@dataclass(frozen=True)
class _Said:
    """What a sentence says: the attribute, Maho's operator and the value."""

    attribute: str
    operator: str
    value: str


def read_form(type_: str, line: str, path: str) -> Leaf | None:
    """Return the condition of a family (its type) that a sentence states; otherwise None."""
    match type_:
        case "segment":
            said = _read_member(line)
        case "sequence":
            said = _read_sequence(line)
        case "today":
            said = _read_season(line)
        case _:
            said = None
    return None if said is None else Leaf(type_, said.attribute, said.operator, said.value, path)


def write_form(leaf: Leaf) -> str | None:
    """Return the sentence for a leaf in its canonical form; None if it has none."""
    if not isinstance(leaf.value, str):
        return None
    match leaf.family:
        case "segment":
            return _write_member(leaf.operator, leaf.value)
        case "sequence":
            return _write_sequence(leaf.attribute, leaf.operator, leaf.value)
        case "today" if leaf.attribute == "date":
            return _write_season(leaf.operator, leaf.value)
    return None


def _read_member(line: str) -> _Said | None:
    found = _MEMBER.fullmatch(line)
    if found is None:
        return None
    return _Said("member_of", "!=" if found["no"] else "==", _name(found["name"]))


def _write_member(operator: str, name: str) -> str | None:
    begins: Mapping[str, str] = {"==": "member of", "!=": "not member of"}
    return f"{begins[operator]} {_quoted(name)}" if operator in begins and name else None


def _read_sequence(line: str) -> _Said | None:
    found = _SEQUENCE.fullmatch(line)
    if found is None:
        return None
    attribute = "_".join(found["what"].lower().split())
    value = found["value"].strip()
    if attribute == "days_since_finished":
        value = in_unit(value, attribute)
    else:
        value = _ANSWERS.get(value.lower(), value)
    return _Said(attribute, _SIGNS[found["operator"]], f"{_name(found['name'])}:{value}")


def _write_sequence(attribute: str, operator: str, value: str) -> str | None:
    name, _, compared = value.rpartition(":")
    sign = next((sign for sign, code in _SIGNS.items() if code == operator), None)
    if not name or sign is None:
        return None
    if attribute == "days_since_finished":
        word = compared if re.fullmatch(r"[0-9]{1,9}", compared) else None
    else:
        word = next((word for word, code in _ANSWERS.items() if code == compared), None)
    if word is None:
        return None
    return f"{attribute.replace('_', ' ')} {_quoted(name)} {sign} {word}"


def _read_season(line: str) -> _Said | None:
    found = _SEASON.fullmatch(line)
    if found is None:
        return None
    return _Said("date", "!=" if found["no"] else "==", f"{found['first']}:{found['last']}")


def _write_season(operator: str, value: str) -> str | None:
    found = re.fullmatch(r"([0-9]{2}-[0-9]{2}):([0-9]{2}-[0-9]{2})", value)
    begins: Mapping[str, str] = {"==": "date between", "!=": "date not between"}
    if found is None or operator not in begins:
        return None
    return f"{begins[operator]} {found[1]} and {found[2]}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _name(text: str) -> str:
    """Return a name, which may be a JSON text in double quotes."""
    text = text.strip()
    if not text.startswith('"'):
        return text
    try:
        name = str(json.loads(text))
    except ValueError:
        name = ""
    if not name or any("\ud800" <= character <= "\udfff" for character in name):
        raise ConditionError(f"The name {text} is no text in double quotes as JSON has it.")
    return name
