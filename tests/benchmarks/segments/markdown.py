"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOT_MEASURED = "**Not measured.**"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
