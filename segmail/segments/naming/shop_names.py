"""The names of a shop: its segments, categories, products and the choices of its attributes.

Each kind is read when it is first needed. Names are compared without regard to case. `id 12` or a
plain number is an id, unless something has it as its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy import Select, or_, select

from segmail.errors import ConditionError
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import load_segments
from segmail.segments.conditions.tree import Leaf
from segmail.segments.naming.mentioned import Mentioned, Reference

_ID = re.compile(r"(?:id\s+)?([0-9]{1,10})", re.IGNORECASE)
_ROOT = "1"  # the category above the roots of all stores
_YES_NO = {"1": "yes", "0": "no"}
_BOOLEAN = "eav/entity_attribute_source_boolean"
_MANY = 8  # names in a message


@dataclass(frozen=True)
class NamesById:
    """Names by id, the preferred one first; an id may have several names."""

    by_id: Mapping[str, Sequence[str]]

    def ids(self, name: str) -> list[str]:
        """Return the ids that have this name."""
        wanted = plain(name)
        return [id for id, names in self.by_id.items() if wanted in map(plain, names)]

    def name(self, id: str) -> str | None:
        """Return the id's first name that no other id has; None if there is none."""
        names = self.by_id.get(id, ())
        return next((name for name in names if name and self.ids(name) == [id]), None)


def plain(name: str) -> str:
    """Return a name in the form for comparing; spaces around the slashes of a path do not count."""
    return re.sub(r" ?/ ?", "/", " ".join(name.split())).casefold()


class ShopNames:
    """The names in a shop; `new` are segments about to be created, by provisional ids."""

    def __init__(self, tx: Transaction, *, new: Mapping[int, str] | None = None) -> None:
        self._tx = tx
        self._new = new or {}
        self._known: dict[tuple[Mentioned, str, str], NamesById] = {}

    def id(self, reference: Reference, name: str, leaf: Leaf) -> str:
        """Return the id for a name in a file; raise ConditionError if it fits nothing, or several
        ids.

        A value of an attribute without choices is returned as it is.
        """
        known = self._called(reference, name)
        ids = known.ids(name)
        if reference.of is Mentioned.CHOICE and not known.by_id:
            return name
        number = _ID.fullmatch(name.strip())
        if not ids and number and (str(int(number[1])) in known.by_id or _has_ids(reference)):
            return str(int(number[1]))
        if len(ids) == 1:
            return ids[0]
        if not ids:
            raise ConditionError(
                f"{leaf} names {_what(reference)} '{name}', which is not there{_hint(name, known)}"
            )
        which = ", ".join(f"'{known.by_id[id][-1]}' (id {id})" for id in ids[:_MANY])
        raise ConditionError(
            f"{leaf} names {_what(reference)} '{name}', of which there are {len(ids)}: {which}; "
            f"write 'id {ids[0]}'."
        )

    def name(self, reference: Reference, id: str) -> str | None:
        """Return the name that means this id and no other; None if there is none.

        Segments and choices without such a name get `id 12`, which is read as the id.
        """
        known = self._called(reference, f"id {id}")
        if id not in known.by_id:
            return None
        if reference.of is Mentioned.PRODUCT:
            [sku, *_] = known.by_id[id]
            return sku if sku and self._products(sku).ids(sku) == [id] else None
        plainly = reference.of in (Mentioned.SEGMENT, Mentioned.CHOICE)
        return known.name(id) or (f"id {id}" if plainly else None)

    def _called(self, reference: Reference, name: str) -> NamesById:
        """Return the names to search for one; for products, only those that match it."""
        if reference.of is Mentioned.PRODUCT:
            return self._products(name)
        key = (reference.of, reference.entity, reference.code)
        if key not in self._known:
            match reference.of:
                case Mentioned.SEGMENT:
                    names = {str(one.segment_id): [one.name] for one in load_segments(self._tx)}
                    new = {str(id): [name] for id, name in self._new.items()}
                    self._known[key] = NamesById({**names, **new})
                case Mentioned.CATEGORY:
                    self._known[key] = load_categories(self._tx)
                case _:
                    self._known[key] = load_choices(self._tx, reference.entity, reference.code)
        return self._known[key]

    def _products(self, name: str) -> NamesById:
        by_sku = load_products(self._tx, name, by_name=False)
        return by_sku if by_sku.ids(name) else load_products(self._tx, name, by_name=True)


def load_categories(tx: Transaction) -> NamesById:
    """Return the categories by name, and by name with more and more of the categories above it.

    `Shoes`, `Men/Shoes`, `Default Category/Men/Shoes`.
    """
    catalog = build_catalog_tables(tx.tables.prefix)
    category, value = catalog.category.c, catalog.category_varchar.c
    rows = tx.connection.execute(
        select(category.entity_id, category.path, value.value)
        .join_from(
            catalog.category, catalog.category_varchar, value.entity_id == category.entity_id
        )
        .where(
            value.attribute_id.in_(_attribute(tx, "catalog_category", "name")), value.store_id == 0
        )
    ).all()
    names = {str(row.entity_id): str(row.value or "") for row in rows}
    found: dict[str, Sequence[str]] = {}
    for row in rows:
        above = [names[id] for id in row.path.split("/") if id in names]
        own = above[1:] if row.path.startswith("1/") and _ROOT in names else above
        found[str(row.entity_id)] = ["/".join(own[-length:]) for length in range(1, len(own) + 1)]
    return NamesById({id: called for id, called in found.items() if called})


def load_products(tx: Transaction, name: str, *, by_name: bool) -> NamesById:
    """Return the products with this SKU, name or id."""
    sales = build_sales_tables(tx.tables.prefix)
    product, value = sales.product.c, sales.product_values["varchar"].c
    number = _ID.fullmatch(name.strip())
    query = select(product.entity_id, product.sku)
    asked = [product.sku == name.strip()]
    if by_name:
        called = select(value.entity_id).where(
            value.attribute_id.in_(_attribute(tx, "catalog_product", "name")),
            value.store_id == 0,
            value.value == name.strip(),
        )
        asked = [product.entity_id.in_(called)]
    if number:
        asked.append(product.entity_id == int(number[1]))
    rows = tx.connection.execute(query.where(or_(*asked)).order_by(product.entity_id)).all()
    matching = name.strip() if by_name else ""
    return NamesById(
        {str(row.entity_id): [row.sku or "", *filter(None, [matching])] for row in rows}
    )


def load_choices(tx: Transaction, entity: str, code: str) -> NamesById:
    """Return the choices of a select or yes/no attribute by option id; none for others."""
    catalog, attribute = build_catalog_tables(tx.tables.prefix), tx.tables.attribute.c
    query = select(attribute.attribute_id, attribute.frontend_input, attribute.source_model).where(
        attribute.attribute_id.in_(_attribute(tx, entity, code))
    )
    row = tx.connection.execute(query).first()
    if row is None or row.frontend_input not in ("select", "multiselect", "boolean"):
        return NamesById({})
    if row.frontend_input == "boolean" or row.source_model == _BOOLEAN:
        return NamesById({id: [word] for id, word in _YES_NO.items()})
    option, label = catalog.option.c, catalog.attribute_option.c
    rows = tx.connection.execute(
        select(option.option_id, label.value)
        .join_from(catalog.option, catalog.attribute_option, label.option_id == option.option_id)
        .where(option.attribute_id == row.attribute_id, label.store_id == 0)
    )
    return NamesById({str(id): [name] for id, name in rows if name})


def _attribute(tx: Transaction, entity: str, code: str) -> Select[tuple[int]]:
    attribute, entity_type = tx.tables.attribute, tx.tables.entity_type
    return (
        select(attribute.c.attribute_id)
        .join_from(
            attribute, entity_type, entity_type.c.entity_type_id == attribute.c.entity_type_id
        )
        .where(entity_type.c.entity_type_code == entity, attribute.c.attribute_code == code)
    )


def _has_ids(reference: Reference) -> bool:
    """Return whether a file may have an id here although nothing in the shop has it."""
    return reference.is_pair and reference.of in (Mentioned.CATEGORY, Mentioned.PRODUCT)


def _what(reference: Reference) -> str:
    if reference.of is Mentioned.CHOICE:
        return f"the choice of '{reference.code}'"
    return f"the {reference.of.value}"


def _hint(name: str, known: NamesById) -> str:
    spelled = {plain(one): one for names in known.by_id.values() for one in names}
    close = [spelled[one] for one in get_close_matches(plain(name), spelled, n=3)]
    if close:
        return f"; did you mean {', '.join(map(repr, close))}?"
    some = [names[0] for names in known.by_id.values()][:_MANY]
    return f"; there are {', '.join(map(repr, some))}." if some else "."
