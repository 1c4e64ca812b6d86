"""Finds a skin file of Maho's themes."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path

from segmail.errors import TemplateError
from segmail.maho.config.store_config import StoreConfig

MAX_SHEET = 500_000  # bytes of a style sheet

_LAST = ("base", "default")
_SKINS = ("public/skin", "skin", "vendor/mahocommerce/maho/public/skin")


def skin_path(
    file: str,
    params: Mapping[str, object],
    config: StoreConfig,
    store_id: int,
    maho_root: Path | None,
) -> str:
    """Return the path of a skin file below the skin's base URL: area, package, theme, file.

    `params` may name `_area`, `_package` and `_theme`; otherwise the store's design decides. As in
    Maho, the file comes from the first theme that has it; from `base/default` if none has it, or if
    `maho_root` is not known.

    Raises TemplateError for a path that climbs out of the theme.
    """
    for told in (file, *params.values()):
        _check(str(told), "skin url")
    area = str(params.get("_area") or "frontend")
    tried = _themes(params, config, store_id) if maho_root else ()
    package, theme = next(
        (where for where in tried if _exists(maho_root, "/".join((area, *where, file)))), _LAST
    )
    return html.escape(f"{area}/{package}/{theme}/") + file


def style_sheet(
    file: str, config: StoreConfig, store_id: int, maho_root: Path | None
) -> str | None:
    """Return a style sheet from the folder `css` of the store's theme, for {{inlinecss}}.

    It comes from the first theme that has it. None if no theme has it, if `file` is not a `.css`
    file, or if `maho_root` is not known. Nothing outside `maho_root` is read, not even through
    links.

    Raises TemplateError for a path that climbs out of the theme, and for a file too large.
    """
    _check(file, "inlinecss file")
    if maho_root is None or not file.lower().endswith(".css"):
        return None
    themes = dict.fromkeys((*_themes({}, config, store_id), _LAST))
    for package, theme in themes:
        text = _read(maho_root, f"frontend/{package}/{theme}/css/{file}")
        if text is not None:
            return text
    return None


def _check(path: str, where: str) -> None:
    if ".." in path:
        raise TemplateError(f"{{{{{where}=…}}}}: '..' is not allowed in a path.")


def _read(maho_root: Path, below: str) -> str | None:
    for skins in _SKINS:
        try:
            root, path = maho_root.resolve(), Path(f"{maho_root}/{skins}/{below}").resolve()
            if not path.is_relative_to(root) or not path.is_file():
                continue
            with path.open("rb") as sheet:
                content = sheet.read(MAX_SHEET + 1)
        except (OSError, ValueError):  # not a possible file name, or one we may not read
            continue
        if len(content) > MAX_SHEET:
            raise TemplateError(f"The style sheet {below} is longer than {MAX_SHEET:,} bytes.")
        return content.decode("utf-8-sig", errors="replace")
    return None


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
    except (OSError, ValueError):  # not a possible file name, or a folder we may not read
        return False
