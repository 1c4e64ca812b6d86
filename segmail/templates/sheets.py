"""A style sheet in two parts: what can stand in style attributes, and what cannot.

Rules for small screens, for links under the mouse, for fonts: no attribute can hold them, so they
stay a style sheet. A style attribute beats every sheet, so they become `!important`; else they
would never be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_DEEPEST = 5  # at-rules in at-rules; deeper ones stay as they are

# To its end or the sheet's: what is left open is read once, not once for every quotation mark.
# (?>…*), for …*+ goes wrong in Debian 12's Python 3.11.2 where a branch has begun to match.
_STRING = r"\"(?>(?:\\.|[^\"\\])*)(?:\"|\\?\Z)|'(?>(?:\\.|[^'\\])*)(?:'|\\?\Z)"
_COMMENT = re.compile(rf"({_STRING})|/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_BRACE = re.compile(rf"{_STRING}|[{{}};]", re.DOTALL)
_END_OF_DECLARATION = re.compile(rf"(?:{_STRING}|\([^()]*\)|[^;\"'(]|[\"'(])+", re.DOTALL)
_COMMA = re.compile(rf"(?:{_STRING}|\([^()]*\)|\[[^\]]*\]|[^,])+", re.DOTALL)
_STATE = re.compile(
    r"::|:(?:hover|link|visited|active|focus|target|checked|enabled|disabled|placeholder|selection"
    r"|before|after|first-line|first-letter|autofill|-)",
    re.IGNORECASE,
)
_IMPORTANT = re.compile(r"!\s*important\s*\Z", re.IGNORECASE)
_FROM_THE_WEB = re.compile(r"@import\s+(?:url\(\s*)?[\"']?\s*(?:https?:)?//", re.IGNORECASE)


class Sheet(NamedTuple):
    """The two parts of a style sheet."""

    inlined: str
    kept: str


@lru_cache(maxsize=64)
def split_sheet(css: str) -> Sheet:
    """Return the parts of a style sheet; comments and what names files are in neither."""
    inlined: list[str] = []
    kept: list[str] = []
    for head, body in _statements(_COMMENT.sub(_kept_string, css)):
        if head.startswith("@"):
            kept += _at_rule(head, body)
        elif body is not None:
            for selectors, part in zip(_by_state(head), (inlined, kept), strict=True):
                if selectors:
                    declarations = _important(body) if part is kept else body.strip()
                    part.append(f"{', '.join(selectors)} {{ {declarations} }}")
    kept.sort(key=lambda rule: not rule.startswith("@import"))  # they only count before others
    # `</` would end the <style> that holds them; in a style sheet it only ever stands in texts.
    return Sheet("\n".join(inlined), "\n".join(kept).replace("</", "<\\/"))


def _kept_string(match: re.Match[str]) -> str:
    return match[1] or " "


def _statements(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule's head and body; the body is None for those that end at a semicolon."""
    depth, start, head = 0, 0, ""
    for match in _BRACE.finditer(css):
        at, end, sign = match.start(), match.end(), match[0]
        if sign == "{":
            if not depth:
                head, start = css[start:at].strip(), end
            depth += 1
        elif sign == "}" and depth:
            depth -= 1
            if not depth:
                yield head, css[start:at]
                start = end
        elif sign in ";}" and not depth:
            yield css[start:at].strip(), None
            start = end
    if depth:
        yield head, css[start:]


def _by_state(head: str) -> tuple[list[str], list[str]]:
    """Return the selectors that an attribute can stand for, and those that depend on a state."""
    plain: list[str] = []
    stateful: list[str] = []
    for selector in _COMMA.findall(head):
        if named := selector.strip():
            (stateful if _STATE.search(named) else plain).append(named)
    return plain, stateful


def _at_rule(head: str, body: str | None, depth: int = 1) -> list[str]:
    name = head[1:].split(None, 1)[0].lower() if head[1:].strip() else ""
    if body is None:
        return [f"{head};"] if _FROM_THE_WEB.match(head) else []
    if name.startswith(("media", "supports")) and depth < _DEEPEST:
        inner: list[str] = []
        for inner_head, inner_body in _statements(body):
            if inner_head.startswith("@"):
                inner += _at_rule(inner_head, inner_body, depth + 1)
            elif inner_body is not None:
                inner.append(f"{inner_head} {{ {_important(inner_body)} }}")
        return [f"{head} {{ {' '.join(inner)} }}"]
    return [f"{head} {{{body}}}"]


def _important(body: str) -> str:
    declarations = (part.strip() for part in _END_OF_DECLARATION.findall(body))
    return " ".join(
        f"{part};" if _IMPORTANT.search(part) or ":" not in part else f"{part} !important;"
        for part in declarations
        if part
    )
