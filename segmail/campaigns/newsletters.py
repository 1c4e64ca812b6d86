"""Makes the shop's newsletter templates match a file; none is ever deleted."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from segmail.campaigns.entry import FileFaults, TemplateEntry
from segmail.campaigns.names import KnownNames
from segmail.campaigns.outcome import CHANGED, CREATED, UNCHANGED, Applied, changes
from segmail.maho.db.insert import insert_rows
from segmail.maho.newsletters import NewsletterTemplate, TemplateType, load_newsletters
from segmail.maho.schema.layout import holds_four_bytes
from segmail.maho.schema.transaction import Transaction

_BEYOND = re.compile("[\U00010000-\U0010ffff]")  # characters that three-byte utf8 cannot hold
_SHOWN = 60  # characters of a value
_LONGEST = 65_535  # bytes of a TEXT column
_SENDER = "trans_email/ident_general/"


@dataclass(frozen=True)
class PlannedTemplate:
    """A template as it is (None: it does not exist yet) and as it is to be."""

    entry: TemplateEntry
    before: NewsletterTemplate | None
    after: NewsletterTemplate

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class TemplatePlanner:
    """What the planning of templates must know about the shop."""

    existing: dict[int, NewsletterTemplate]
    sender: tuple[str, str]
    four_bytes: bool
    faults: FileFaults

    @classmethod
    def load(
        cls,
        tx: Transaction,
        entries: Collection[TemplateEntry],
        known: KnownNames,
        faults: FileFaults,
        *,
        four_bytes: bool | None,
    ) -> TemplatePlanner:
        """Read the templates that the entries name.

        `four_bytes` is whether the shop can hold characters beyond U+FFFF; None: ask its tables.
        """
        ids = [id for entry in entries if (id := known.id(entry.name)) is not None]
        condition = tx.tables.template.c.template_id.in_(ids)
        existing = load_newsletters(tx, condition) if ids else {}
        sender = _sender(tx) if entries else ("", "")
        beyond = any(_BEYOND.search(text) for entry in entries for text in _texts(entry))
        if four_bytes is None:
            four_bytes = not beyond or holds_four_bytes(tx)
        return cls(existing, sender, four_bytes, faults)

    def plan(self, entry: TemplateEntry, known: KnownNames) -> PlannedTemplate:
        """Return the plan for the entry; add what is missing or impossible to `faults`."""
        before = self.existing.get(known.id(entry.name) or 0)
        if before is None:
            self._require(entry)
        start = before or NewsletterTemplate(
            0, entry.name, "", "", sender_name=self.sender[0], sender_email=self.sender[1]
        )
        said: dict[str, Any] = {
            "code": entry.name,
            "subject": entry.subject,
            "sender_name": entry.sender_name,
            "sender_email": entry.sender_email,
            "is_html": entry.is_html,
            "text": self._stored(entry, entry.text, start.text),
            "style_sheet": self._stored(entry, entry.styles, start.style_sheet or ""),
        }
        for key, value in (("subject", entry.subject), ("sender", entry.sender_name)):
            if value and not self.four_bytes and _BEYOND.search(value):
                self.faults.add(entry.lines[key], f"{_cannot(value)} in a {key}.")
        return PlannedTemplate(
            entry, before, replace(start, **{k: v for k, v in said.items() if v is not None})
        )

    def _stored(self, entry: TemplateEntry, said: str | None, before: str) -> str | None:
        """Return the text to store; a text that differs in line ends only stays as it is."""
        if said is None or _unified(said) == _unified(before):
            return None
        if not self.four_bytes and entry.is_html is not False:
            said = _BEYOND.sub(lambda found: f"&#{ord(found[0])};", said)
            if _unified(said) == _unified(before):
                return None
        if not self.four_bytes and _BEYOND.search(said):
            self.faults.add(entry.lines[""], f"{_cannot(said)} in a text without HTML.")
        if len(said.encode()) > _LONGEST:
            what = f"The text is longer than {_LONGEST:,} bytes, the most that Maho stores."
            self.faults.add(entry.lines[""], what)
        return said

    def _require(self, entry: TemplateEntry) -> None:
        what = f"'{entry.name}' is a new template, which needs"
        if "subject" not in entry.lines:
            self.faults.add(entry.lines[""], f"{what} 'subject'.")
        if not {"html", "text"} & entry.lines.keys():
            self.faults.add(entry.lines[""], f"{what} 'html' or 'text'.")
        if not (entry.sender_email or self.sender[1]):
            why = "the shop has no general contact (System > Configuration > Store Email Addresses)"
            self.faults.add(entry.lines[""], f"{what} 'sender', because {why}.")


def save_templates(
    tx: Transaction,
    plans: Collection[PlannedTemplate],
    known: KnownNames,
    *,
    now: datetime,
) -> list[Applied]:
    """Write what differs, and return the outcomes."""
    return [_save(tx, plan, known, now=now) for plan in plans]


def _save(
    tx: Transaction,
    plan: PlannedTemplate,
    known: KnownNames,
    *,
    now: datetime,
) -> Applied:
    old = None if plan.before is None else _columns(plan.before)
    new = _columns(plan.after)
    told = changes(None if plan.before is None else _told(plan.before), _told(plan.after))
    if old is None:
        row = {**new, "template_actual": 1, "added_at": now, "modified_at": now}
        id = insert_rows(tx.connection, tx.tables.template, [row])[0]
        known.created[plan.entry.name.casefold()] = id
        return Applied("template", plan.after.code, CREATED, told, id=id)
    id = plan.after.template_id
    changed = {name: value for name, value in new.items() if value != old[name]}
    if not changed:
        return Applied("template", plan.after.code, UNCHANGED, id=id)
    tx.connection.execute(
        update(tx.tables.template)
        .where(tx.tables.template.c.template_id == id)
        .values(**changed, modified_at=now)
    )
    return Applied("template", plan.after.code, CHANGED, told, id=id)


def _columns(template: NewsletterTemplate) -> dict[str, Any]:
    return {
        "template_code": template.code,
        "template_subject": template.subject,
        "template_text": template.text,
        "template_styles": template.style_sheet or None,
        "template_type": TemplateType.of(is_html=template.is_html).value,
        "template_sender_name": template.sender_name,
        "template_sender_email": template.sender_email,
    }


def _told(template: NewsletterTemplate) -> dict[str, str]:
    return {
        "name": template.code,
        "subject": template.subject,
        "sender": f"{template.sender_name} <{template.sender_email}>",
        "kind": "html" if template.is_html else "text",
        "html" if template.is_html else "text": _short(template.text),
        "styles": _short(template.style_sheet or ""),
    } | {"text" if template.is_html else "html": ""}


def _short(text: str) -> str:
    line = " ".join(text.split())
    shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
    return f"{shown} ({len(text.encode()):,} bytes)" if text else ""


def _texts(entry: TemplateEntry) -> list[str]:
    every = (entry.subject, entry.sender_name, entry.text, entry.styles)
    return [text for text in every if text]


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n")


def _cannot(text: str) -> str:
    found = _BEYOND.search(text)
    sign = found[0] if found else ""
    return f"The shop's tables are not utf8mb4 and cannot hold '{sign}'"


def _sender(tx: Transaction) -> tuple[str, str]:
    """Return the shop's general contact: Maho's sender of mails that name none."""
    c = tx.tables.config.c
    paths = (f"{_SENDER}name", f"{_SENDER}email")
    query = select(c.path, c.value).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    found = {path: value or "" for path, value in tx.connection.execute(query)}
    return found.get(paths[0], ""), found.get(paths[1], "")
