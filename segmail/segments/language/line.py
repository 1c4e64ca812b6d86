"""A condition as one line of text: `minutes since updated >= 60`.

    ATTRIBUTE OPERATOR VALUE

A value is plain text, or a JSON text in double quotes if it is empty, has spaces around it,
begins like an operator or a quotation mark, or contains characters that cannot be printed. The
values of `is one of` are separated by commas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from segmail.errors import ConditionError
from segmail.segments.conditions.canonical import canonical_leaf, listed
from segmail.segments.conditions.predicate import split_values
from segmail.segments.conditions.tree import Leaf
from segmail.segments.language.amounts import has_unit, in_unit
from segmail.segments.language.forms import read_form, write_form
from segmail.segments.language.labels import BY_TYPE, FAMILIES, Family
from segmail.segments.language.spec_words import is_money, translated

_OPERATORS = {
    "=": "==",
    "!=": "!=",
    ">=": ">=",
    "<=": "<=",
    ">": ">",
    "<": "<",
    "contains": "{}",
    "does not contain": "!{}",
    "is one of": "()",
    "is not one of": "!()",
}
_WORDS = {code: word for word, code in _OPERATORS.items()}
_IMPORTED = "imported"  # the customers that `segment import` lists; nobody until then
_OPERATOR_SIGNS = ("=", "<", ">", "!")
# What other languages write.
_MEANT = {"==": "=", "===": "=", "=>": ">=", "=<": "<=", "<>": "!=", "!==": "!="}
_SIGNS = re.compile(r"[=<>!\s]*")
_NAMED = {"month": 12, "weekday": 7}  # attributes whose values have names, and numbers from 1
_SHORTEST = 3  # letters of such a name: `dec`, `tue`
_LINE = re.compile(
    r"(?P<label>[^=!<>\"]{0,100}?)\s*"
    r"(?P<operator>!=|>=|<=|=|>|<"
    r"|(?<=\s)(?:does\s+not\s+contain|contains|is\s+not\s+one\s+of|is\s+one\s+of)(?!\S))"
    r"\s*(?P<value>.*)",
    re.DOTALL,
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ITEM = re.compile(rf"\s*({_QUOTED.pattern}|[^,\"][^,]*|)\s*(,|$)")


def write_line(leaf: Leaf) -> tuple[str, str]:
    """Return the name of the leaf's family and its line.

    Raises ConditionError for a family, attribute or operator that segmail does not know.
    """
    name, family = BY_TYPE.get(leaf.family, ("", None))
    label = family.label(leaf.attribute) if family else None
    if family is None or label is None:
        raise ConditionError(f"The type or attribute of {leaf} is unknown to segmail.")
    leaf = canonical_leaf(leaf)
    if (sentence := write_form(leaf)) is not None:
        return name, sentence
    many = leaf.operator in ("()", "!()")
    names = family.values.get(leaf.attribute, {})
    values = [_written(value, names, leaf.attribute, in_list=many) for value in split_values(leaf)]
    return name, f"{label} {_WORDS[leaf.operator]} {', '.join(values)}"


def read_line(name: str, line: str, path: str) -> Leaf:
    """Return the leaf at `path` for a line under a family's name.

    Raises ConditionError for an unknown family or attribute, a line without an operator, and a
    value that must be quoted and is not.
    """
    name, line = translated(name, line)
    if name not in FAMILIES:
        raise ConditionError(f"'{name}' is no kind of condition{_hint(name, FAMILIES)}")
    if name == "list" and line.strip().lower() == _IMPORTED:
        return Leaf("list", "customer_id", "()", "", path)
    family, line = FAMILIES[name], line.strip()
    if (leaf := read_form(family.type, line, path)) is not None:
        return leaf
    found = _LINE.fullmatch(line)
    if found is None:
        raise ConditionError(f"'{name}: {line}' has no operator; {_list(_OPERATORS)}.")
    label = " ".join(found["label"].lower().split())
    code = family.code(label)
    if code is None:
        raise ConditionError(f"'{name}' has no attribute '{label}'{hint(name, label)}")
    _check_signs(found["operator"], found["value"])
    operator = _OPERATORS[" ".join(found["operator"].split())]
    return Leaf(family.type, code, operator, _value(found["value"], operator, family, code), path)


def _check_signs(operator: str, value: str) -> None:
    """Raise ConditionError for an operator of another language; name the one that is meant."""
    if not value.startswith(_OPERATOR_SIGNS):
        return
    found = _SIGNS.match(value)
    signs = "".join((operator + (found[0] if found else "")).split())
    if meant := _MEANT.get(signs):
        raise ConditionError(
            f"'{signs}' is no operator: write '{meant}', or put the value in quotes."
        )
    if signs in _OPERATORS:
        raise ConditionError(
            f"Write the operator '{signs}' without a space, or put the value in quotes."
        )


def hint(name: str, label: str, *, more: Collection[str] = ()) -> str:
    """Return a suggestion for an unknown family and attribute, for an error message.

    An attribute of another family is suggested if it has this very label. `more` are labels that
    the family has in a shop.
    """
    others = [other for other, family in FAMILIES.items() if label in family.codes]
    if others:
        return f"; did you mean {_list([f'{other}: {label}' for other in others[:3]])}?"
    close = get_close_matches(label, {*FAMILIES[name].codes, *more}, n=3)
    if close:
        return f"; did you mean {_list(close)}?"
    if far := nearly(label):
        return f"; did you mean {_list(far)}?"
    return f"; it can be {_list(FAMILIES[name].codes)}."


def nearly(label: str) -> list[str]:
    """Return attributes of all families with a similar label, as `family: attribute`."""
    everywhere = {
        said: f"{name}: {said}" for name, family in FAMILIES.items() for said in family.codes
    }
    return [everywhere[said] for said in get_close_matches(label, everywhere, n=3, cutoff=0.75)]


def _written(value: str, names: Mapping[str, str], attribute: str, *, in_list: bool) -> str:
    if value in names:
        return names[value]
    if (
        value.lower() in names.values()
        or has_unit(value, attribute)
        or (attribute in _NAMED and not _is_number(value))
        or _must_be_quoted(value, in_list=in_list)
    ):
        return json.dumps(value)
    return value


def _must_be_quoted(value: str, *, in_list: bool) -> bool:
    return (
        not value
        or value != value.strip()
        or not value.isprintable()
        or value.startswith(('"', *_OPERATOR_SIGNS))
        or is_money(value)
        or (in_list and "," in value)
    )


def _value(text: str, operator: str, family: Family, code: str) -> str | tuple[str, ...]:
    codes = {word: value for value, word in family.values.get(code, {}).items()}
    if operator in ("()", "!()"):
        return listed(tuple(_read(item, codes, code).strip() for item in _items(text)))
    return _read(text.strip(), codes, code)


def _items(text: str) -> Sequence[str]:
    items, at = [], 0
    while (found := _ITEM.match(text, at)) is not None:
        items.append(found[1].strip())
        at = found.end()
        if not found[2]:
            return items
    raise ConditionError(f'The list {text[at:].strip()} is wrong: quote a value as "a, b".')


def _read(text: str, codes: Mapping[str, str], attribute: str) -> str:
    if text.startswith('"'):
        return _unquoted(text)
    if not text:
        raise ConditionError('The value is missing; an empty one is written as "".')
    if text.startswith(_OPERATOR_SIGNS):
        raise ConditionError(f"The value '{text}' begins like an operator; put it in quotes.")
    if attribute in _NAMED and not _is_number(text):
        return _named(text, codes, attribute)
    return codes.get(text.lower()) or in_unit(text, attribute)


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()


def _named(text: str, codes: Mapping[str, str], attribute: str) -> str:
    """Return the number of a month or weekday; the first letters of its name are enough."""
    word = text.lower().removesuffix(".")
    if len(word) >= _SHORTEST:
        for name, value in codes.items():
            if name.startswith(word):
                return value
    close = get_close_matches(word, codes, n=1)
    mean = f"; did you mean '{close[0]}'?" if close else ""
    first = next(iter(codes))
    raise ConditionError(
        f"'{text}' is no {attribute}: it can be 1 to {_NAMED[attribute]}, or a name such as "
        f"'{first}' or '{first[:_SHORTEST]}'{mean or '.'}"
    )


def _unquoted(text: str) -> str:
    try:
        value = str(json.loads(text)) if _QUOTED.fullmatch(text) else None
    except ValueError:
        value = None
    if value is None or any("\ud800" <= character <= "\udfff" for character in value):
        raise ConditionError(f"The value {text} is no text in double quotes as JSON has it.")
    return value


def _hint(given: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(given, known, n=3)
    return f"; did you mean {_list(close)}?" if close else f"; it can be {_list(known)}."


def _list(words: Mapping[str, object] | Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
