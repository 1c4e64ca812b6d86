"""Products, read for many customers at once and seen through one store view at a time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select

from segmail.maho.db.value_lists import among
from segmail.maho.schema.catalog_tables import build_catalog_tables
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.storefront.stores import Store

ENABLED = 1
LISTED = (2, 4)  # visible in the catalog, or in catalog and search
HAS_PAGE = (2, 3, 4)

_DEFAULT_STOCK = 1
_NO_PICTURE = ("", "no_selection")
_ROLES = ("small_image", "thumbnail", "image")
_ATTRIBUTES = (
    "name", "small_image", "thumbnail", "image", "small_image_label", "url_key", "status",
    "visibility", "special_price", "msrp", "special_from_date", "special_to_date",
)  # fmt: skip


@dataclass(frozen=True)
class ProductAttributes:
    """The ids of the attributes that are read, by the value table that holds their values."""

    by_type: Mapping[str, Mapping[int, str]]

    @classmethod
    def load(cls, tx: Transaction) -> ProductAttributes:
        """Read the attributes with one statement."""
        attribute, entity_type = tx.tables.attribute, tx.tables.entity_type
        rows = tx.connection.execute(
            select(attribute.c.backend_type, attribute.c.attribute_id, attribute.c.attribute_code)
            .join_from(
                attribute, entity_type, entity_type.c.entity_type_id == attribute.c.entity_type_id
            )
            .where(
                entity_type.c.entity_type_code == "catalog_product",
                attribute.c.attribute_code.in_(_ATTRIBUTES),
            )
        )
        found: dict[str, dict[int, str]] = defaultdict(dict)
        for backend_type, attribute_id, code in rows:
            found[backend_type][attribute_id] = code
        return cls(found)


@dataclass(frozen=True)
class IndexedPrice:
    """A row of Maho's price index, in the website's base currency.

    `rules` are the prices of catalog rules by day, if there are any around today.
    """

    tax_class_id: int
    price: Decimal | None
    final: Decimal | None
    minimum: Decimal | None
    group: Decimal | None
    rules: Mapping[dt.date, Decimal]


@dataclass(frozen=True)
class Product:
    """A product as one store view and customer group see it; texts are plain, not HTML.

    `path` is its page's path below the store's base URL, None if the index has none. `picture` is
    its picture's file, None without one. `special` is the special price with its first and last
    day. `parts` are the products of which a composite one is made.
    """

    product_id: int
    type_id: str
    name: str
    url_key: str | None
    path: str | None
    picture: str | None
    own_picture: str | None  # its thumbnail, which Maho's cart shows for a chosen variant
    alt: str
    status: int | None
    visibility: int | None
    in_website: bool
    salable: bool
    indexed: IndexedPrice | None
    special: tuple[Decimal | None, dt.date | None, dt.date | None]
    has_msrp: bool
    parts: tuple[Product, ...] = ()

    @property
    def has_page(self) -> bool:
        """Whether its page opens; pages of disabled, hidden or other websites' products do not."""
        return self.status == ENABLED and self.in_website and self.visibility in HAS_PAGE

    @property
    def can_be_bought(self) -> bool:
        """Whether the shop sells it now, on its own or as a part of another product."""
        return self.status == ENABLED and self.in_website and self.salable

    @property
    def can_be_listed(self) -> bool:
        """Whether a mail's list may show it: salable, visible, in this website, named, priced."""
        return (
            self.can_be_bought
            and bool(self.name)
            and self.visibility in LISTED
            and self.indexed is not None
        )


class Products:
    """The products of a batch; `of` looks at one through a store view and a customer group."""

    def __init__(self) -> None:
        self._types: dict[int, str] = {}
        self._values: dict[tuple[int, str], dict[int, Any]] = defaultdict(dict)
        self._websites: set[tuple[int, int]] = set()
        self._salable: set[tuple[int, int]] = set()
        self._prices: dict[tuple[int, int, int], Row[*tuple[Any, ...]]] = {}
        self._rules: dict[tuple[int, int, int], dict[dt.date, Decimal]] = defaultdict(dict)
        self._paths: dict[tuple[int, int], str] = {}
        self._parts: dict[int, list[int]] = defaultdict(list)
        self._seen: dict[tuple[int, int, int], Product | None] = {}
        self._read: set[tuple[int, int, int]] = set()

    @classmethod
    def load(
        cls,
        tx: Transaction,
        attributes: ProductAttributes,
        ids: Collection[int],
        *,
        stores: Collection[Store],
        group_ids: Collection[int],
    ) -> Products:
        """Read products for these store views and customer groups; a fixed number of statements."""
        products = cls()
        products.add(tx, attributes, ids, stores=stores, group_ids=group_ids)
        return products

    def add(
        self,
        tx: Transaction,
        attributes: ProductAttributes,
        ids: Collection[int],
        *,
        stores: Collection[Store],
        group_ids: Collection[int],
    ) -> None:
        """Read the products that are not yet known to each of the views and groups."""
        views = [(store.store_id, group_id) for store in stores for group_id in group_ids]
        new = {id for id in ids if any((id, *view) not in self._read for view in views)}
        if not new:
            return
        reader = _Reader(tx, self)
        reader.read(attributes, reader.with_parts(new), stores, group_ids)
        self._read |= {(id, *view) for id in new for view in views}
        self._seen = {key: one for key, one in self._seen.items() if key[0] not in new}

    def __len__(self) -> int:
        return len(self._read)

    def of(self, product_id: int | None, store: Store, group_id: int) -> Product | None:
        """Return a product as a store view shows it to a group; None if it does not exist."""
        if product_id is None or product_id not in self._types:
            return None
        key = product_id, store.store_id, group_id
        if key not in self._seen:
            self._seen[key] = self._made(product_id, store, group_id, inside=False)
        return self._seen[key]

    def _made(self, product_id: int, store: Store, group_id: int, *, inside: bool) -> Product:
        def value(code: str) -> Any:
            by_store = self._values.get((product_id, code), {})
            return by_store.get(store.store_id, by_store.get(0))

        website_id = store.website_id
        pictures = {role: value(role) for role in _ROLES}
        parts = () if inside else tuple(
            self._made(part, store, group_id, inside=True)
            for part in self._parts.get(product_id, ())
            if part in self._types
        )  # fmt: skip
        name = _line(value("name"))
        return Product(
            product_id=product_id,
            type_id=self._types[product_id],
            name=name,
            url_key=value("url_key"),
            path=self._paths.get((product_id, store.store_id)),
            picture=next((p for role in _ROLES if (p := _picture(pictures[role]))), None),
            own_picture=_picture(pictures["thumbnail"]),
            alt=_line(value("small_image_label")) or name,
            status=value("status"),
            visibility=value("visibility"),
            in_website=(product_id, website_id) in self._websites,
            salable=(product_id, website_id) in self._salable,
            indexed=self._indexed(product_id, group_id, website_id),
            special=(
                value("special_price"),
                _day(value("special_from_date")),
                _day(value("special_to_date")),
            ),
            has_msrp=value("msrp") is not None,
            parts=parts,
        )

    def _indexed(self, product_id: int, group_id: int, website_id: int) -> IndexedPrice | None:
        key = product_id, group_id, website_id
        row = self._prices.get(key)
        if row is None:
            return None
        return IndexedPrice(
            row.tax_class_id or 0,
            row.price,
            row.final_price,
            row.min_price,
            row.group_price,
            self._rules.get(key, {}),
        )


@dataclass(frozen=True)
class _Reader:
    """Fills `Products`."""

    tx: Transaction
    products: Products

    def with_parts(self, ids: set[int]) -> set[int]:
        """Return the ids, and the ids of the products of which composite ones are made."""
        relation = build_catalog_tables(self.tx.tables.prefix).product_relation
        query = select(relation).where(among(relation.c.parent_id, ids))
        parts: dict[int, list[int]] = defaultdict(list)
        for parent_id, child_id in self.tx.connection.execute(query):
            parts[parent_id].append(child_id)
        self.products._parts |= parts
        return ids | {child for children in parts.values() for child in children}

    def read(
        self,
        attributes: ProductAttributes,
        ids: set[int],
        stores: Collection[Store],
        group_ids: Collection[int],
    ) -> None:
        sales = build_sales_tables(self.tx.tables.prefix)
        run, into = self.tx.connection.execute, self.products
        product = sales.product.c
        query = select(product.entity_id, product.type_id).where(among(product.entity_id, ids))
        into._types |= {row.entity_id: row.type_id for row in run(query)}
        store_ids = [0, *{store.store_id for store in stores}]
        for type_, codes in attributes.by_type.items():
            c = sales.product_values[type_].c
            values = select(c.entity_id, c.attribute_id, c.store_id, c.value).where(
                among(c.entity_id, ids), c.attribute_id.in_(codes), c.store_id.in_(store_ids)
            )
            for entity_id, attribute_id, store_id, value in run(values):
                into._values[entity_id, codes[attribute_id]][store_id] = value
        self._read_websites(ids, {store.website_id for store in stores}, group_ids)
        self._read_paths(ids, store_ids)

    def _read_websites(
        self, ids: set[int], website_ids: Iterable[int], group_ids: Collection[int]
    ) -> None:
        catalog = build_catalog_tables(self.tx.tables.prefix)
        run, into, websites = self.tx.connection.execute, self.products, list(website_ids)
        c = catalog.product_website.c
        query = select(c.product_id, c.website_id).where(among(c.product_id, ids))
        into._websites |= {tuple(row) for row in run(query.where(c.website_id.in_(websites)))}
        c = catalog.stock_status.c
        salable = select(c.product_id, c.website_id).where(
            among(c.product_id, ids),
            c.website_id.in_(websites),
            c.stock_id == _DEFAULT_STOCK,
            c.stock_status == 1,
        )
        into._salable |= {tuple(row) for row in run(salable)}
        c = catalog.price_index.c
        prices = select(catalog.price_index).where(
            among(c.entity_id, ids), c.customer_group_id.in_(group_ids), c.website_id.in_(websites)
        )
        for row in run(prices):
            into._prices[row.entity_id, row.customer_group_id, row.website_id] = row
        c = catalog.rule_price.c
        rules = select(
            c.product_id, c.customer_group_id, c.website_id, c.rule_date, c.rule_price
        ).where(
            among(c.product_id, ids), c.customer_group_id.in_(group_ids), c.website_id.in_(websites)
        )
        for product_id, group_id, website_id, day, price in run(rules):
            into._rules[product_id, group_id, website_id][day] = price

    def _read_paths(self, ids: set[int], store_ids: Collection[int]) -> None:
        c = build_catalog_tables(self.tx.tables.prefix).rewrite.c
        query = select(c.product_id, c.store_id, c.request_path).where(
            among(c.product_id, ids),
            c.store_id.in_(store_ids),
            c.category_id.is_(None),
            c.is_system == 1,
        )
        for product_id, store_id, path in self.tx.connection.execute(query):
            self.products._paths[product_id, store_id] = path


def _picture(value: object) -> str | None:
    """Return a picture's file below the catalog's media, with its leading slash; None without one.

    SVG pictures are left out: mail programs do not show them.
    """
    path = str(value or "").strip()
    if path in _NO_PICTURE or path.lower().endswith(".svg"):
        return None
    return path if path.startswith("/") else f"/{path}"


def _line(value: object) -> str:
    """Return a text on one line, without control characters."""
    text = str(value or "")
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _day(value: dt.datetime | None) -> dt.date | None:
    """Return the date that Maho stores as midnight of the store."""
    return value.date() if value else None
