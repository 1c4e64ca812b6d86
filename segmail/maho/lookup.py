"""Finds the segment, template, rule or customer that an argument names by id or exact name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import false, func, or_, select

from segmail.errors import InputError
from segmail.maho.db.letter_case import lower_case
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Segment, load_segments


@dataclass(frozen=True)
class Named:
    """Something that has an id and a name."""

    id: int
    name: str


def find_segment(tx: Transaction, given: str) -> Segment:
    """Return the segment that `given` names; raise InputError if it names none, or several."""
    segments = load_segments(tx)
    found = find_named("segment", [Named(s.segment_id, s.name) for s in segments], given)
    return next(segment for segment in segments if segment.segment_id == found.id)


def find_template(tx: Transaction, given: str) -> Named:
    """Return the newsletter template that `given` names.

    Copies that Maho kept of earlier versions (`template_actual` = 0) are found by id only.
    """
    c = tx.tables.template.c
    rows = tx.connection.execute(
        select(c.template_id, c.template_code, c.template_actual).order_by(c.template_id)
    ).all()
    return find_named(
        "newsletter template",
        [Named(id, name or "") for id, name, actual in rows if actual],
        given,
        only_by_id=[Named(id, name or "") for id, name, actual in rows if not actual],
    )


def find_rule(tx: Transaction, given: str) -> Named:
    """Return the sales rule that `given` names."""
    c = tx.tables.rule.c
    rows = tx.connection.execute(select(c.rule_id, c.name).order_by(c.rule_id))
    return find_named("sales rule", [Named(id, name or "") for id, name in rows], given)


def find_customer(tx: Transaction, given: str) -> int:
    """Return the id of the customer with this id or e-mail address.

    Raises InputError if there is none, or if the address has accounts in several websites.
    """
    c = tx.tables.customer.c
    number = as_number(given)
    by_id = c.entity_id == number if number is not None else false()
    query = select(c.entity_id).where(or_(by_id, func.lower(c.email) == lower_case(given.strip())))
    found = list(tx.connection.scalars(query.order_by(c.entity_id)))
    if len(found) == 1:
        return int(found[0])
    if found:
        ids = ", ".join(map(str, found))
        raise InputError(f"There are {len(found)} customers '{given}', with the ids {ids}.")
    raise InputError(f"There is no customer '{given}'; give an id or an e-mail address.")


def find_named(
    kind: str, candidates: Sequence[Named], given: str, *, only_by_id: Sequence[Named] = ()
) -> Named:
    """Return the candidate with this id, else the one with exactly this name, ignoring case.

    Raises InputError if there is none, with similar names, or several, with their ids. `only_by_id`
    are candidates whose names do not count.
    """
    by_id = {named.id: named for named in (*candidates, *only_by_id)}
    number = as_number(given)
    if number in by_id:
        return by_id[number]
    wanted = _plain(given)
    found = [named for named in candidates if _plain(named.name) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"There are {len(found)} {kind}s named '{given}': {_list(found)}.")
    close = _close(candidates, wanted)
    hint = f" Did you mean {_list(close)}?" if close else ""
    raise InputError(f"There is no {kind} '{given}'.{hint}")


def as_number(given: str) -> int | None:
    """Return the id that `given` may be; None if it is not a number that the column can hold."""
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= 10 else None


def _plain(name: str) -> str:
    return name.strip().casefold()


def _close(candidates: Sequence[Named], wanted: str) -> list[Named]:
    names = {_plain(named.name) for named in candidates}
    close = set(difflib.get_close_matches(wanted, names, n=3, cutoff=0.6))
    if len(wanted) > 1:
        close |= {name for name in names if wanted in name}
    return [named for named in candidates if _plain(named.name) in close][:5]


def _list(named: Sequence[Named]) -> str:
    return ", ".join(f"'{one.name}' (id {one.id})" for one in named)
