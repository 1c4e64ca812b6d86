"""YAML as plain nodes that know their lines; the only module that imports ruamel.yaml.

It reads less than YAML on purpose: no anchors, aliases or tags, one document, limited depth and
size. The caller decides what a plain scalar means: `name: 2026` is a text where a text belongs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

LONGEST = 2_000_000  # bytes; the limit that Maho has for the conditions of one segment

_MAX_DEPTH = 130  # two for each combination
_INVISIBLE = re.compile("[^\n -~]")  # perhaps: marks of writing direction, joiners, odd spaces


class MarkupError(Exception):
    """The text is not YAML that segmail reads; `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        super().__init__(what)


@dataclass(frozen=True)
class Scalar:
    """A text; `block` if it is on lines of its own, below a `|` or `>`."""

    line: int
    text: str
    quoted: bool
    block: bool = False


@dataclass(frozen=True)
class Items:
    line: int
    nodes: tuple[MarkupNode, ...]


@dataclass(frozen=True)
class Fields:
    """A mapping with all its pairs in order, including those whose keys occur twice."""

    line: int
    pairs: tuple[tuple[Scalar, MarkupNode], ...]


@dataclass(frozen=True)
class TextBlock:
    """A text to be written on lines of its own, below a `|`."""

    text: str


MarkupNode: TypeAlias = Scalar | Items | Fields


def parse_yaml(data: bytes) -> MarkupNode | None:
    """Return the document's root, None for an empty one; raise MarkupError for anything else."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    if len(data) > LONGEST:
        raise MarkupError(1, f"The file is longer than {LONGEST:,} bytes.")
    try:
        text = data.decode("utf-8-sig")
        events = YAML(typ="safe", pure=True).parse(text)
        return _document(events)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MarkupError(line, "This is not UTF-8.") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        raise MarkupError(mark.line + 1 if mark else 1, f"This is not YAML: {problem}.") from None
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        what = f"This is not YAML: the character U+{ord(text[error.position]):04X} is not allowed."
        raise MarkupError(line, what) from None
    except YAMLError as error:
        raise MarkupError(1, f"This is not YAML: {' '.join(str(error).split())}.") from None


def write_yaml(data: dict[str, Any]) -> str:
    """Return nested dicts and lists as YAML in their order; tuples become lists on one line."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    def prepared(value: Any, *, in_line: bool = False) -> Any:
        if isinstance(value, tuple):
            line = CommentedSeq(prepared(inner, in_line=True) for inner in value)
            line.fa.set_flow_style()
            return line
        if isinstance(value, dict):
            return {key: prepared(inner) for key, inner in value.items()}
        if isinstance(value, TextBlock):
            return LiteralScalarString(value.text)
        if isinstance(value, str) and (not value.isprintable() or (in_line and _is_odd(value))):
            return DoubleQuotedScalarString(value)  # a plain one may lose its line breaks
        return [prepared(inner) for inner in value] if isinstance(value, list) else value

    yaml = YAML(typ="rt", pure=True)
    yaml.width = LONGEST
    yaml.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    yaml.dump(prepared(data), written)
    return _INVISIBLE.sub(_escaped, written.getvalue())


def _escaped(found: re.Match[str]) -> str:
    """Return the escape of an invisible character, always in double quotes so that it stays."""
    character = found[0]
    if character.isprintable():
        return character
    return character.encode("ascii", "backslashreplace").decode()


def _is_odd(text: str) -> bool:
    """Return whether one-line text could be read as markup: ruamel.yaml leaves `[?a]` plain."""
    return not re.fullmatch(r"[\w ./%@+-]+", text) or not text[0].isalnum()


def _document(events: Iterator[Event]) -> MarkupNode | None:
    from ruamel.yaml.events import DocumentStartEvent

    root, seen = None, False
    for event in events:
        if isinstance(event, DocumentStartEvent):
            if seen:
                _fail(event, "A second document begins here; one file has one.")
            seen, root = True, _node(next(events), events, 0)
    return root


def _node(event: Event, events: Iterator[Event], depth: int) -> MarkupNode:
    from ruamel.yaml.events import MappingStartEvent, ScalarEvent, SequenceStartEvent

    _check(event, depth)
    line = event.start_mark.line + 1
    if isinstance(event, ScalarEvent):
        block = getattr(event, "style", None) in ("|", ">")
        return Scalar(line, event.value, quoted=not event.implicit[0], block=block)
    if isinstance(event, SequenceStartEvent):
        return Items(line, tuple(_nodes(events, depth + 1)))
    if not isinstance(event, MappingStartEvent):
        _fail(event, "Aliases (*) are not read.")
    nodes = list(_nodes(events, depth + 1))
    pairs = zip(nodes[::2], nodes[1::2], strict=True)
    return Fields(line, tuple((_key(key), value) for key, value in pairs))


def _nodes(events: Iterator[Event], depth: int) -> Iterator[MarkupNode]:
    from ruamel.yaml.events import MappingEndEvent, SequenceEndEvent

    while not isinstance(event := next(events), MappingEndEvent | SequenceEndEvent):
        yield _node(event, events, depth)


def _key(node: MarkupNode) -> Scalar:
    if not isinstance(node, Scalar):
        raise MarkupError(node.line, "A key must be a text.")
    return node


def _check(event: Any, depth: int) -> None:
    if depth > _MAX_DEPTH:
        _fail(event, f"This is nested more than {_MAX_DEPTH} deep.")
    if getattr(event, "anchor", None) is not None:
        _fail(event, "Anchors (&) and aliases (*) are not read.")
    if any("\ud800" <= character <= "\udfff" for character in getattr(event, "value", "")):
        _fail(event, "This text is not Unicode.")
    if getattr(event, "tag", None) not in (None, "!"):
        _fail(event, f"Tags such as {event.tag} are not read.")


def _fail(event: Any, what: str) -> NoReturn:
    raise MarkupError(event.start_mark.line + 1, what)
