"""What every condition is compiled against: the shop's tables, its attributes and the moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from segmail.errors import ConditionError
from segmail.maho.config.time_zones import load_website_zones
from segmail.maho.db.information_schema import table_names
from segmail.maho.db.value_lists import among
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import SalesTables, build_sales_tables
from segmail.maho.schema.tables import Layout, Tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.steps import Trigger
from segmail.segments.conditions.references import segments_named
from segmail.segments.conditions.tree import Combine, Leaf

_ENTITIES = ("customer", "customer_address", "catalog_product")


@dataclass(frozen=True)
class EavAttribute:
    """An attribute and the type of the table with its values; `static` is a column of the entity.

    `backend_table` is set if the attribute has a table of its own.
    """

    attribute_id: int
    code: str
    backend_type: str
    frontend_input: str | None
    backend_table: str | None = None


@dataclass(frozen=True)
class EavAttributes:
    """The attributes of customers, addresses and products."""

    by_entity: Mapping[str, Mapping[str, EavAttribute]]

    def find(self, entity: str, code: str) -> EavAttribute | None:
        """Return an attribute of `customer`, `customer_address` or `catalog_product`."""
        return self.by_entity.get(entity, {}).get(code)


@dataclass(frozen=True)
class KnownSegment:
    """A segment of the shop.

    `trigger` is its sequence's: exit only if it has no enter steps.
    """

    name: str
    trigger: Trigger = Trigger.ENTER


@dataclass(frozen=True)
class Scope:
    """A compilation's context. `now` is aware UTC; `dialect` is `mysql` (MariaDB too) or `sqlite`.

    A condition about days is compiled for one time zone at a time, `zone`; `zones` has the zone
    names by website id. `segments` are those that conditions can name, by id. With `among`, only
    these customers are considered: each condition then reads only their rows. `missing` are the
    tables of orders, products and reviews that the shop does not have.
    """

    tables: Tables
    sales: SalesTables
    now: datetime
    dialect: str
    eav: EavAttributes
    zones: Mapping[int, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    among: tuple[int, ...] | None = None
    segments: Mapping[int, KnownSegment] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    @property
    def today(self) -> date:
        """The calendar day in `zone`."""
        return self.now.astimezone(self.zone).date()

    def of_websites(self, ids: Collection[int]) -> Scope:
        """Return the scope for customers of these websites only."""
        return replace(self, zones={id: name for id, name in self.zones.items() if id in ids})

    def segment(self, leaf: Leaf, given: str) -> int:
        """Return the id of the segment that a leaf names; raise ConditionError if it does not
        exist.
        """
        id = int(given) if given.removeprefix("-").isdecimal() else 0
        if id not in self.segments:
            raise ConditionError(f"{leaf} names the segment '{given}', which is not there.")
        return id

    def asked(self, customer_id: ColumnElement[Any]) -> Sequence[ColumnElement[bool]]:
        """Return the condition that a row belongs to a customer in `among`; () without `among`."""
        return () if self.among is None else (among(customer_id, self.among),)


def open_scope(tx: Transaction, sales: SalesTables, *, now: datetime) -> Scope:
    """Read attributes, time zones and segments with five statements; return the shop's scope."""
    dialect = "sqlite" if tx.connection.dialect.name == "sqlite" else "mysql"
    zones = load_website_zones(tx)
    attributes, segments = _load_attributes(tx), _load_segments(tx)
    catalog = build_catalog_tables(tx.tables.prefix)
    known = frozenset((*sales.metadata.tables, *catalog.metadata.tables))
    missing = known - table_names(tx.connection)
    return Scope(
        tx.tables, sales, now, dialect, attributes, zones, segments=segments, missing=missing
    )


class KeptScope:
    """The scope of a whole run, whose attributes, time zones and segments are read once.

    Segments are read again for conditions that name one that was not there: somebody may have made
    both while the run goes on.
    """

    def __init__(self) -> None:
        self._scope: Scope | None = None

    def at(self, tx: Transaction, tree: Combine, *, now: datetime) -> Scope:
        """Return the scope in which the conditions `tree` are compiled at a moment."""
        scope = self._scope
        if scope is None:
            scope = open_scope(tx, build_sales_tables(tx.tables.prefix), now=now)
        else:
            named = segments_named(tree)
            if not (named.members | named.sequences) <= scope.segments.keys():
                scope = replace(scope, segments=_load_segments(tx))
        self._scope = scope
        return replace(scope, now=now)


def _load_segments(tx: Transaction) -> dict[int, KnownSegment]:
    segment, step = tx.tables.segment, tx.tables.sequence
    spec = tx.tables.layout is Layout.SPEC
    trigger = segment.c.auto_email_trigger if spec else step.c.trigger_event
    enters = func.max(case((trigger == Trigger.EXIT.value, 0), else_=1))
    query = (
        select(segment.c.segment_id, segment.c.name, enters)
        .outerjoin_from(segment, step, step.c.segment_id == segment.c.segment_id)
        .group_by(segment.c.segment_id, segment.c.name)
    )
    return {
        id: KnownSegment(name, Trigger.ENTER if enters else Trigger.EXIT)
        for id, name, enters in tx.connection.execute(query)
    }


def _load_attributes(tx: Transaction) -> EavAttributes:
    a, t = tx.tables.attribute.c, tx.tables.entity_type.c
    rows = tx.connection.execute(
        select(
            t.entity_type_code,
            a.attribute_id,
            a.attribute_code,
            a.backend_type,
            a.frontend_input,
            a.backend_table,
        )
        .join_from(tx.tables.attribute, tx.tables.entity_type, t.entity_type_id == a.entity_type_id)
        .where(t.entity_type_code.in_(_ENTITIES))
        .order_by(a.attribute_id)  # what conditions mean is compared with what they meant
    )
    found: dict[str, dict[str, EavAttribute]] = {entity: {} for entity in _ENTITIES}
    for entity, *attribute in rows:
        found[entity][attribute[1]] = EavAttribute(*attribute)
    return EavAttributes(found)
