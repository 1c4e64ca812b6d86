"""The product options that customers chose in their carts, in the words of a store view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from segmail.maho.db.value_lists import among
from segmail.maho.sales.line import Option
from segmail.maho.sales.stored import elements, one_line, quantity, stored_mapping, stored_value
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.transaction import Transaction

Stored = Mapping[str, str | None]  # a row's options by their code

_MANY = ("checkbox", "multiple")


@dataclass
class OptionWords:
    """Titles of options and attributes by id and store; 0 is the default."""

    titles: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    values: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    attribute_values: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    labels: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    own_labels: dict[tuple[int, int], dict[int, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    @classmethod
    def load(
        cls,
        tx: Transaction,
        rows: Collection[tuple[int | None, Stored]],
        store_ids: Collection[int],
    ) -> OptionWords:
        """Read the words for rows (product id and options) in these stores; up to 5 statements."""
        words, catalog = cls(), build_catalog_tables(tx.tables.prefix)
        custom = {id for _, stored in rows for id in _ids(stored.get("option_ids"))}
        chosen = {
            id
            for _, stored in rows
            for option in _ids(stored.get("option_ids"))
            for id in _ids(stored.get(f"option_{option}"))
        }
        attributes: dict[int, int] = {}
        for _, stored in rows:
            attributes |= _attributes(stored)
        stores = [0, *store_ids]
        for table, key, text, ids, into in (
            (catalog.option_title, "option_id", "title", custom, words.titles),
            (catalog.option_value_title, "option_type_id", "title", chosen, words.values),
            (
                catalog.attribute_option,
                "option_id",
                "value",
                set(attributes.values()),
                words.attribute_values,
            ),
        ):
            _read(tx.connection, table, key, text, ids, stores, into)
        words._read_labels(tx, {id for id, _ in rows if id}, set(attributes), stores)
        return words

    def options_of(self, product_id: int | None, stored: Stored, store_id: int) -> list[Option]:
        """Return a row's options in the order in which Maho prints them.

        Options that the merchant has deleted since are left out.
        """
        return [
            option
            for option in (
                *self._configured(product_id, stored, store_id),
                *self._custom(stored, store_id),
                *labelled(stored_value(stored.get("additional_options"))),
            )
            if option.value
        ]

    def _configured(
        self, product_id: int | None, stored: Stored, store_id: int
    ) -> Iterator[Option]:
        for attribute_id, option_id in _attributes(stored).items():
            label = _of(self.own_labels.get((product_id or 0, attribute_id), {}), store_id) or _of(
                self.labels.get(attribute_id, {}), store_id
            )
            value = _of(self.attribute_values.get(option_id, {}), store_id)
            yield Option(one_line(label), one_line(value))

    def _custom(self, stored: Stored, store_id: int) -> Iterator[Option]:
        for option_id in _ids(stored.get("option_ids")):
            title = _of(self.titles.get(option_id, {}), store_id)
            if title:
                text = stored.get(f"option_{option_id}")
                yield Option(one_line(title), self._custom_value(text, store_id))

    def _custom_value(self, text: str | None, store_id: int) -> str:
        ids = _ids(text)
        named = [_of(self.values.get(id, {}), store_id) for id in ids]
        if ids and any(named):
            return one_line(", ".join(name for name in named if name))
        if (text or "")[:1] in "{[" or (text or "")[:2] == "a:":  # an uploaded file
            return one_line(stored_mapping(text).get("title") or "")
        return one_line(text)

    def _read_labels(
        self,
        tx: Transaction,
        product_ids: set[int],
        attribute_ids: set[int],
        stores: Sequence[int],
    ) -> None:
        if not attribute_ids:
            return
        catalog = build_catalog_tables(tx.tables.prefix)
        own, label = catalog.super_attribute.c, catalog.super_label.c
        rows = tx.connection.execute(
            select(own.product_id, own.attribute_id, label.store_id, label.value, label.use_default)
            .join_from(
                catalog.super_attribute,
                catalog.super_label,
                label.product_super_attribute_id == own.product_super_attribute_id,
            )
            .where(
                among(own.product_id, product_ids),
                among(own.attribute_id, attribute_ids),
                label.store_id.in_(stores),
            )
        )
        for product_id, attribute_id, store_id, value, use_default in rows:
            if value and not use_default:
                self.own_labels[product_id, attribute_id][store_id] = value
        of_all, of_view = tx.tables.attribute.c, catalog.attribute_label.c
        labels = tx.connection.execute(
            select(of_all.attribute_id, of_all.frontend_label, of_view.store_id, of_view.value)
            .join_from(
                tx.tables.attribute,
                catalog.attribute_label,
                of_view.attribute_id == of_all.attribute_id,
                isouter=True,
            )
            .where(among(of_all.attribute_id, attribute_ids))
        )
        for attribute_id, default, store_id, value in labels:
            self.labels[attribute_id][0] = default
            if store_id and value:
                self.labels[attribute_id][store_id] = value


def labelled(found: Any) -> Iterator[Option]:
    """Return options that are stored with their words, as orders and extensions store them."""
    for entry in elements(found) if isinstance(found, list | dict) else ():
        if isinstance(entry, dict):
            value = entry.get("print_value") or entry.get("value")
            if isinstance(value, list):
                value = ", ".join(str(part) for part in value)
            yield Option(one_line(entry.get("label")), one_line(value))


def bundled(parts: Sequence[tuple[str, Mapping[Any, Any]]]) -> list[Option]:
    """Return the content of a bundle: the names of its parts, and what was stored for each choice.

    Prices of the parts are left out: the row's total contains them.
    """
    found: dict[str, list[str]] = {}
    for name, choice in parts:
        label = one_line(choice.get("option_label"))
        found.setdefault(label, []).append(f"{quantity(choice.get('qty', 1))} × {one_line(name)}")
    return [Option(label, ", ".join(names)) for label, names in found.items()]


def _read(
    connection: Connection,
    table: Table,
    key: str,
    text: str,
    ids: set[int],
    stores: Sequence[int],
    into: dict[int, dict[int, str]],
) -> None:
    if not ids:
        return
    c = table.c
    query = select(c[key], c.store_id, c[text]).where(among(c[key], ids), c.store_id.in_(stores))
    for id, store_id, value in connection.execute(query):
        if value:
            into[id][store_id] = value


def _of(by_store: Mapping[int, str], store_id: int) -> str:
    return by_store.get(store_id) or by_store.get(0) or ""


def _ids(text: str | None) -> list[int]:
    parts = (text or "").split(",")
    return [int(part) for part in parts if part.strip().isdecimal() and len(part) < 12]


def _attributes(stored: Stored) -> dict[int, int]:
    """Return the chosen option of each attribute of a configurable product."""
    chosen = stored_mapping(stored.get("attributes"))
    return {
        int(attribute): int(option)
        for attribute, option in chosen.items()
        if str(attribute).isdecimal() and str(option).isdecimal()
    }
