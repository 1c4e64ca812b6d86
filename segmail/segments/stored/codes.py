"""Websites and customer groups by code; a code, unlike an id, is the same in another shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import select

from segmail.maho.schema.transaction import Transaction

Mention: TypeAlias = int | str  # a website or customer group by id (int) or code (str)

_ADMIN = 0  # the website of Maho's admin, to which no customer belongs


@dataclass(frozen=True)
class Names:
    """Codes by id."""

    codes: Mapping[int, str]

    def id(self, mention: Mention) -> int | None:
        """Return the id for an id or a code; None if it fits no website or group, or several."""
        if isinstance(mention, int):
            return mention if mention in self.codes else None
        found = [id for id, code in self.codes.items() if code == mention]
        return found[0] if len(found) == 1 else None

    def ids(
        self,
        mentions: Sequence[Mention],
        key: str,
        line: int,
        tell: Callable[[int, str], None],
    ) -> tuple[int, ...]:
        """Return the ids for a file's values under `key`; call `tell` for each unknown one."""
        ids = {mention: self.id(mention) for mention in mentions}
        for mention in (mention for mention, id in ids.items() if id is None):
            known = ", ".join(f"{code} ({id})" for id, code in sorted(self.codes.items()))
            tell(line, f"The shop has no {key.rstrip('s')} '{mention}'; there are {known}.")
        return tuple(sorted({id for id in ids.values() if id is not None}))

    def mention(self, id: int) -> Mention:
        """Return the code; the id if the code is not unique."""
        code = self.codes.get(id)
        return code if code and self.id(code) == id else id


def load_websites(tx: Transaction) -> Names:
    """Return the shop's websites."""
    c = tx.tables.website.c
    rows = tx.connection.execute(select(c.website_id, c.code).where(c.website_id != _ADMIN))
    return Names({id: code or "" for id, code in rows})


def load_groups(tx: Transaction) -> Names:
    """Return the shop's customer groups."""
    c = tx.tables.customer_group.c
    rows = tx.connection.execute(select(c.customer_group_id, c.customer_group_code))
    return Names({row.customer_group_id: row.customer_group_code for row in rows})
