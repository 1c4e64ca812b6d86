"""The transactional templates that newsletters share: the header and footer of all Maho mails."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from segmail.errors import TemplateError

# The templates in Maho's code that newsletters may use, by id, and their files.
PACKAGED = {
    "design_email_header": "html/header.html",
    "design_email_footer": "html/footer.html",
}

_FOLDERS = ("app/locale", "vendor/mahocommerce/maho/app/locale")
_LAST_LOCALE = "en_US"


def packaged_email(template_id: str, locales: Iterable[str], maho_root: Path | None) -> str | None:
    """Return the text of a template in Maho's code, in the first locale that has it.

    None if `template_id` is empty. Raises TemplateError for templates that segmail does not know
    and for files that it cannot read, as when `maho_root` is not known.
    """
    if template_id not in PACKAGED:
        if re.fullmatch(r"\w+_template", template_id):
            raise TemplateError(
                "{{template config_path=…}}: of the templates in Maho's code only the header and "
                "the footer can be included; save this one under Transactional Emails in Maho."
            )
        return None
    file = PACKAGED[template_id]
    if maho_root is None:
        raise TemplateError(
            f"{{{{template config_path=…}}}} is Maho's file {file}; say where with --maho-root."
        )
    for locale in (*locales, _LAST_LOCALE):
        for folder in _FOLDERS if re.fullmatch(r"[A-Za-z_]+", locale) else ():
            path = maho_root / folder / locale / "template/email" / file
            if path.is_file():
                return _text_of(path)
    raise TemplateError(f"{{{{template config_path=…}}}}: {maho_root} has no file {file}.")


def without_comments(text: str) -> str:
    """Return a transactional template without its `<!--@subject … @-->` and `{* notes *}`."""
    return _cut(_cut(text, "<!--@", "@-->"), "{*", "*}")


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}.") from error


def _cut(text: str, begin: str, end: str) -> str:
    kept, at = [], 0
    while (start := text.find(begin, at)) >= 0:
        stop = text.find(end, start + len(begin))
        if stop < 0:
            break
        kept.append(text[at:start])
        at = stop + len(end)
    return "".join((*kept, text[at:]))
