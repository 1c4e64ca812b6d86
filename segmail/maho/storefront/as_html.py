"""Plain text as Maho shows it in HTML."""

from __future__ import annotations

import re

_AMPERSAND = re.compile(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|\w+;)")
_LINE_BREAK = re.compile(r"\r\n|\n\r|\n|\r")


def as_html(plain: str) -> str:
    """Escape as Maho does, which leaves single quotes and existing entities alone; break lines."""
    escaped = _AMPERSAND.sub("&amp;", plain)
    escaped = escaped.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return _LINE_BREAK.sub(r"<br />\g<0>", escaped)
