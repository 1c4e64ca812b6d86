"""Templates and sales rules of the shop by name; Maho does not keep the names unique."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from sqlalchemy import select

from segmail.campaigns.entry import FileFaults
from segmail.maho.schema.transaction import Transaction


@dataclass
class KnownNames:
    """Ids by name, ignoring case; `declared` are names that the files of this call will create."""

    kind: str
    ids: Mapping[str, Sequence[int]]
    spelled: Sequence[str]
    declared: set[str] = field(default_factory=set)
    created: dict[str, int] = field(default_factory=dict)

    def id(self, name: str) -> int | None:
        """Return the id for a name; None if there is none, or more than one."""
        key = name.casefold()
        if key in self.created:
            return self.created[key]
        found = self.ids.get(key, ())
        return found[0] if len(found) == 1 else None

    def check(self, name: str, line: int, faults: FileFaults, *, may_be_new: bool) -> None:
        """Add the reason why a name means nothing, or several things, to `faults`."""
        found = self.ids.get(name.casefold(), ())
        if len(found) > 1:
            which = " and ".join(map(str, found))
            faults.add(line, f"The shop has several {self.kind}s '{name}': {which}.")
        if found or may_be_new or name.casefold() in self.declared:
            return
        every = {one.casefold(): one for one in (*self.declared, *self.spelled)}
        close = get_close_matches(name.casefold(), every, n=3)
        hint = ", ".join(f"'{every[one]}'" for one in close)
        what = f"There is no {self.kind} '{name}', in the files or in the shop."
        faults.add(line, f"{what} Did you mean {hint}?" if hint else what)


def load_templates(tx: Transaction, declared: set[str]) -> KnownNames:
    """Return the newsletter templates, without the copies that Maho kept of earlier versions."""
    c = tx.tables.template.c
    query = select(c.template_id, c.template_code).where(c.template_actual != 0)
    return _known("template", tx.connection.execute(query.order_by(c.template_id)).all(), declared)


def load_rules(tx: Transaction, declared: set[str]) -> KnownNames:
    """Return the sales rules."""
    c = tx.tables.rule.c
    rows = tx.connection.execute(select(c.rule_id, c.name).order_by(c.rule_id)).all()
    return _known("sales rule", rows, declared)


def _known(kind: str, rows: Sequence[tuple[int, str | None]], declared: set[str]) -> KnownNames:
    ids: dict[str, list[int]] = defaultdict(list)
    for id, name in rows:
        ids[(name or "").casefold()].append(id)
    return KnownNames(kind, ids, [name for _, name in rows if name], declared)
