"""How findings name what they are about."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 60
_SHORTEST = 4  # minimum length of a name to be taken for another


def shown(source: str) -> str:
    """Return a directive as written, on one line and short enough for a sentence."""
    line = " ".join(source.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def printable(text: str) -> str:
    """Return a text with U+FFFD instead of characters that move the cursor or cannot be printed."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    if len(name) < _SHORTEST:
        return None
    plain = {one.replace("_", "").lower(): one for one in sorted(known)}
    close = difflib.get_close_matches(name.replace("_", "").lower(), plain, n=1, cutoff=0.75)
    return plain[close[0]] if close else None
