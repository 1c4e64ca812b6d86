"""Finds which text is inside which {{if}} and {{depend}}.

Like Maho, it looks for blocks before anything else. Unlike Maho's, blocks of the same kind may
nest; an opening tag without its end, or an end without its beginning, stays in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from segmail.errors import TemplateError

MAX_DEPTH = 50

_LONGEST_BROKEN = 500  # of a directive that a block interrupts, in characters; limits the copies

_TAG = re.compile(
    r"\{\{(?:(?P<open>if|depend)|/(?P<close>if|depend)\s*\}\}|(?P<other>else)\}\})",
    re.IGNORECASE | re.ASCII,
)


class TextRun(NamedTuple):
    """A stretch of text without blocks, and its position in the template."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A block: its tag as written, its condition, and the pieces of both branches."""

    name: str
    condition: str
    source: str
    at: int
    then: tuple[Piece, ...]
    otherwise: tuple[Piece, ...]


Piece: TypeAlias = TextRun | Branch


class _Tag(NamedTuple):
    kind: str  # "open", "close" or "other"
    name: str
    start: int
    end: int
    condition: str = ""


def split_blocks(source: str) -> tuple[Piece, ...]:
    """Return the pieces of a template; raise TemplateError if blocks are nested too deeply."""
    tags = tuple(_tags(source))
    return _Tree(source, tags, *_pair(tags)).pieces(0, len(tags), 0, len(source), depth=0)


def _tags(source: str) -> Iterator[_Tag]:
    at = 0
    while match := _TAG.search(source, at):
        at = match.end()
        kind = str(match.lastgroup)
        condition = ""
        if kind == "open":
            end = source.find("}}", at)
            if end < 0:
                return
            condition, at = source[at:end], end + 2
        yield _Tag(kind, match[kind].lower(), match.start(), at, condition)


def _pair(tags: Sequence[_Tag]) -> tuple[dict[int, int], dict[int, int]]:
    """Return, for each opening tag that has them, its closing tag and its {{else}}."""
    closes: dict[int, int] = {}
    elses: dict[int, int] = {}
    waiting: list[int] = []
    open_now: Counter[str] = Counter()
    for index, tag in enumerate(tags):
        if tag.kind == "open":
            waiting.append(index)
            open_now[tag.name] += 1
        elif tag.kind == "close" and open_now[tag.name]:
            closes[_opener(tag.name, tags, waiting, open_now)] = index
        elif tag.kind == "other" and waiting and tags[waiting[-1]].name == "if":
            elses.setdefault(waiting[-1], index)
    return closes, elses


def _opener(name: str, tags: Sequence[_Tag], waiting: list[int], open_now: Counter[str]) -> int:
    """Take the latest opening tag of that name; tags opened after it will never be closed."""
    while True:
        opener = waiting.pop()
        open_now[tags[opener].name] -= 1
        if tags[opener].name == name:
            return opener


@dataclass(frozen=True, slots=True)
class _Tree:
    source: str
    tags: Sequence[_Tag]
    closes: dict[int, int]
    elses: dict[int, int]

    def pieces(self, first: int, last: int, at: int, end: int, *, depth: int) -> tuple[Piece, ...]:
        """Return the pieces between two positions; their tags are those from first to last."""
        found: list[Piece] = []
        index = first
        while index < last:
            if index in self.closes:
                found.append(TextRun(self.source[at : self.tags[index].start], at))
                found.append(self._branch(index, depth + 1))
                index = self.closes[index]
                at = self.tags[index].end
            index += 1
        found.append(TextRun(self.source[at:end], at))
        return tuple(_mended(found))

    def _branch(self, opener: int, depth: int) -> Branch:
        tag, closer = self.tags[opener], self.closes[opener]
        if depth > MAX_DEPTH:
            raise TemplateError(f"Blocks are nested more than {MAX_DEPTH} deep.")
        middle = self.elses.get(opener, closer)
        then = self.pieces(opener + 1, middle, tag.end, self.tags[middle].start, depth=depth)
        otherwise: tuple[Piece, ...] = ()
        if middle != closer:
            otherwise = self.pieces(
                middle + 1, closer, self.tags[middle].end, self.tags[closer].start, depth=depth
            )
        source = self.source[tag.start : tag.end]
        return Branch(tag.name, tag.condition, source, tag.start, then, otherwise)


def _mended(pieces: list[Piece]) -> list[Piece]:
    """Give each branch the whole of a directive that surrounds a block.

    `{{var customer.{{if x}}firstname{{else}}lastname{{/if}}}}` becomes a block with a whole {{var}}
    in each branch, which is what Maho sees once it has resolved the block.
    """
    for index in range(1, len(pieces) - 1):
        before, block, after = pieces[index - 1 : index + 2]
        if isinstance(before, TextRun) and isinstance(block, Branch) and isinstance(after, TextRun):
            start, end = unfinished(before.text), after.text.find("}}") + 2
            if start >= 0 and end > 1 and len(before.text) - start + end <= _LONGEST_BROKEN:
                tail = TextRun(before.text[start:], before.at + start)
                head = TextRun(after.text[:end], after.at)
                pieces[index - 1] = TextRun(before.text[:start], before.at)
                pieces[index] = _wrapped(block, tail, head)
                pieces[index + 1] = TextRun(after.text[end:], after.at + end)
    return pieces


def unfinished(text: str) -> int:
    """Return where a directive without an end begins in `text`, -1 if there is none."""
    start = text.find("{{")
    while start >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            return start
        start = text.find("{{", end + 2)
    return -1


def _wrapped(block: Branch, tail: TextRun, head: TextRun) -> Branch:
    def around(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return tuple(_mended(_joined([tail, *pieces, head])))

    return replace(block, then=around(block.then), otherwise=around(block.otherwise))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with neighbouring runs joined."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, TextRun) and isinstance(last, TextRun):
            joined[-1] = TextRun(last.text + piece.text, last.at)
        else:
            joined.append(piece)
    return joined
