"""Checks templates of the shop and in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from segmail.authoring.files import letter_in_file
from segmail.authoring.overview import (
    Use,
    letter_of,
    sent_templates,
    template_row,
    uses_of_templates,
)
from segmail.errors import InputError
from segmail.lint import Facts, Letter, LintFinding, lint
from segmail.maho.schema.tables import Tables
from segmail.maho.shop import Shop


@dataclass(frozen=True)
class Checked:
    """How many templates were checked, and what was found, each thing once."""

    templates: int
    findings: Sequence[LintFinding]


def check_letters(
    given: Sequence[str], open_shop: Callable[[], Shop | None], *, maho_root: Path | None
) -> Checked:
    """Check the templates that `given` names, or every one that a step sends.

    `given` are files, ids or codes. `open_shop` may return None where files are to be checked
    without a shop. Raises InputError with every name that means nothing.
    """
    files, names = _apart(given)
    shop = open_shop()
    if shop is None:
        if names:
            raise InputError("\n".join(map(_NO_SHOP.format, names)))
        return _checked(lint(letter) for letter in files)
    rows, uses = _rows(shop, names, everything=not given)
    facts = Facts.load(shop, maho_root=maho_root)
    return _checked(
        [
            *(lint(letter, facts) for letter in files),
            *(lint(letter_of(row), facts, couponless=_couponless(row, uses)) for row in rows),
        ]
    )


_NO_SHOP = (
    "There is no file '{}', and no shop is named that could have such a template: give "
    "--maho-root DIR or --database-url URL."
)


def _checked(found: Iterable[list[LintFinding]]) -> Checked:
    lists = list(found)
    return Checked(len(lists), list(dict.fromkeys(finding for one in lists for finding in one)))


def _apart(given: Sequence[str]) -> tuple[list[Letter], list[str]]:
    files, names, faults = [], [], []
    for name in given:
        try:
            letter = letter_in_file(name)
        except InputError as error:
            faults.append(str(error))
            continue
        if letter is None:
            names.append(name)
        else:
            files.append(letter)
    if faults:
        raise InputError("\n".join(faults))
    return files, names


def _rows(
    shop: Shop, names: Sequence[str], *, everything: bool
) -> tuple[list[Row[Any]], Mapping[int, Sequence[Use]]]:
    c = shop.tables.template.c
    with shop.database.read() as connection:
        uses = uses_of_templates(connection, shop.tables)
        if not everything:
            return _named(connection, shop.tables, names), uses
        query = select(shop.tables.template).where(c.template_id.in_(sent_templates(shop.tables)))
        return list(connection.execute(query.order_by(c.template_id))), uses


def _named(connection: Connection, tables: Tables, names: Sequence[str]) -> list[Row[Any]]:
    rows, faults = {}, []
    for name in names:
        try:
            row = template_row(connection, tables, name)
            rows[row.template_id] = row
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))
    return list(rows.values())


def _couponless(row: Row[Any], uses: Mapping[int, Sequence[Use]]) -> list[str]:
    return [use.step for use in uses.get(row.template_id, ()) if not use.generate_coupon]
