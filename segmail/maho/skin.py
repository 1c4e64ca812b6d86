"""Where a skin file of Maho's themes is found."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path

from segmail.errors import TemplateError
from segmail.maho.config import StoreConfig

_LAST = ("base", "default")


def skin_path(
    file: str,
    params: Mapping[str, object],
    config: StoreConfig,
    store_id: int,
    maho_root: Path | None,
) -> str:
    """Return the path of a skin file below the skin's base URL: area, package, theme, file.

    `params` may name `_area`, `_package` and `_theme`; else the store's design decides. The file
    comes from the first theme that has it, as in Maho; from `base/default` where none has, or
    where `maho_root` is not known and nobody can look.

    Raises TemplateError for a path that climbs out of the theme.
    """
    for told in (file, *params.values()):
        if ".." in str(told):
            raise TemplateError("{{skin url=…}}: '..' is not allowed in a path.")
    area = str(params.get("_area") or "frontend")
    tried = _themes(params, config, store_id) if maho_root else ()
    package, theme = next(
        (where for where in tried if _exists(maho_root, "/".join((area, *where, file)))), _LAST
    )
    return html.escape(f"{area}/{package}/{theme}/") + file


def _themes(
    params: Mapping[str, object], config: StoreConfig, store_id: int
) -> Iterator[tuple[str, str]]:
    def told(param: str, path: str) -> str:
        return str(params.get(param) or config.value(path, store_id) or "")

    package = told("_package", "design/package/name") or "base"
    for theme in (told("_theme", "design/theme/skin"), told("", "design/theme/default"), "default"):
        if theme:
            yield package, theme


def _exists(maho_root: Path | None, path: str) -> bool:
    if maho_root is None:
        return False
    try:
        return any((maho_root / folder / f"skin/{path}").is_file() for folder in ("public", "."))
    except (OSError, ValueError):  # no name that a file can have, or a folder closed to us
        return False
