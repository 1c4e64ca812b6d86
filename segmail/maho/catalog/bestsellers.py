"""What sells best in each website, overall and by category; read once per run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from segmail.maho.db.value_lists import among
from segmail.maho.sales.orders import CANCELED
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction

_DAYS = 365
_MOST = 500  # ranked products per website
_FIRST_LEVEL = 2  # below a store's root category


@dataclass(frozen=True)
class Bestsellers:
    """Products by website, the best first; categories with the ids of those above them."""

    ranked: Mapping[int, Sequence[int]]
    categories: Mapping[int, Collection[int]]  # product → where it sells best, with all above
    open: Mapping[int, frozenset[int]]  # category → itself and those above, below the root

    @classmethod
    def load(cls, tx: Transaction, *, now: datetime) -> Bestsellers:
        """Read a year's sales with four statements, five if Maho's statistics are empty.

        Maho computes its statistics in a job of its own; for a shop that does not run it, sales are
        counted here.
        """
        ranked = _statistics(tx, now) or _counted(tx, now)
        products = {product_id for ids in ranked.values() for product_id in ids}
        open_ = _open_categories(tx)
        direct = load_categories(tx, products)
        categories = {
            product_id: frozenset(above for id in ids for above in open_.get(id, ()))
            for product_id, ids in direct.items()
        }
        return cls(ranked, categories, open_)

    def of(self, website_id: int, liked: Iterable[Iterable[int]]) -> Sequence[int]:
        """Return the best sellers of the category that most of `liked` are in; without one, of all.

        `liked` has the categories of each product that a customer bought or viewed, the newest
        first; a newer product breaks a tie.
        """
        ranked = self.ranked.get(website_id, ())
        count: Counter[int] = Counter()
        for ids in liked:
            count.update(id for id in ids if id in self.open)
        for category_id, _ in count.most_common():
            found = [id for id in ranked if category_id in self.categories.get(id, ())]
            if found:
                return found
        return ranked


def load_categories(tx: Transaction, product_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the categories to which products are assigned; one statement."""
    assigned = build_sales_tables(tx.tables.prefix).category_product.c
    rows = tx.connection.execute(
        select(assigned.product_id, assigned.category_id).where(
            among(assigned.product_id, product_ids)
        )
    )
    found: dict[int, list[int]] = defaultdict(list)
    for product_id, category_id in rows:
        found[product_id].append(category_id)
    return found


def _open_categories(tx: Transaction) -> dict[int, frozenset[int]]:
    """Return the categories that visitors can reach: they and all their parents are switched on."""
    catalog = build_catalog_tables(tx.tables.prefix)
    category, value = catalog.category.c, catalog.category_int.c
    attribute, entity_type = tx.tables.attribute, tx.tables.entity_type
    active = (
        select(attribute.c.attribute_id)
        .join_from(
            attribute, entity_type, entity_type.c.entity_type_id == attribute.c.entity_type_id
        )
        .where(
            entity_type.c.entity_type_code == "catalog_category",
            attribute.c.attribute_code == "is_active",
        )
    )
    off = set(
        tx.connection.scalars(
            select(value.entity_id).where(
                value.attribute_id.in_(active), value.store_id == 0, value.value == 0
            )
        )
    )
    found = {}
    for entity_id, path in tx.connection.execute(select(category.entity_id, category.path)):
        ids = [int(part) for part in path.split("/")[_FIRST_LEVEL:] if part.isdecimal()]
        if ids and not off.intersection(ids):
            found[entity_id] = frozenset(ids)
    return found


def _statistics(tx: Transaction, now: datetime) -> dict[int, list[int]]:
    best = build_catalog_tables(tx.tables.prefix).bestsellers
    sold = func.sum(best.c.qty_ordered)
    rows = tx.connection.execute(
        select(tx.tables.store.c.website_id, best.c.product_id)
        .join_from(best, tx.tables.store, tx.tables.store.c.store_id == best.c.store_id)
        .where(
            best.c.period >= (now - timedelta(days=_DAYS)).date(),
            best.c.store_id != 0,
            best.c.product_id.is_not(None),
        )
        .group_by(tx.tables.store.c.website_id, best.c.product_id)
        .order_by(sold.desc(), best.c.product_id)
    )
    return _ranked(tuple(row) for row in rows)


def _counted(tx: Transaction, now: datetime) -> dict[int, list[int]]:
    sales = build_sales_tables(tx.tables.prefix)
    order, item, store = sales.order.c, sales.order_item.c, tx.tables.store.c
    sold = func.sum(item.qty_ordered)
    rows = tx.connection.execute(
        select(store.website_id, item.product_id)
        .join_from(sales.order, sales.order_item, item.order_id == order.entity_id)
        .join(tx.tables.store, store.store_id == order.store_id)
        .where(
            order.created_at >= now - timedelta(days=_DAYS),
            order.state != CANCELED,
            item.parent_item_id.is_(None),
            item.product_id.is_not(None),
        )
        .group_by(store.website_id, item.product_id)
        .order_by(sold.desc(), item.product_id)
    )
    return _ranked(tuple(row) for row in rows)


def _ranked(rows: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for website_id, product_id in rows:
        if len(found[website_id]) < _MOST:
            found[website_id].append(product_id)
    return dict(found)
