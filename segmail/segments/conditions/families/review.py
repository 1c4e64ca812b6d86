"""Conditions on the product reviews that a customer wrote; segmail's own.

Only approved reviews count, written in a store of the customer's website, or in none (a store view
that was deleted, or Maho's admin). `rating` looks at one review: its stars are the average of its
ratings, 1 to 5. `days_since` counts from the latest review; `count` is 0 for customers who wrote
none.

Touched by `review`, `review_detail`, `rating_option_vote` and `core_store`; only `days_since`
changes with the clock, at midnight of the website.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Subquery,
    case,
    func,
    literal,
    not_,
    or_,
    select,
)

from segmail.errors import ConditionError
from segmail.segments.conditions.days_ago import days_ago
from segmail.segments.conditions.families.customer_clv import zero_satisfies
from segmail.segments.conditions.having import with_row, with_total
from segmail.segments.conditions.predicate import predicate
from segmail.segments.conditions.recent import recent_enough
from segmail.segments.conditions.scope import Scope
from segmail.segments.conditions.touched import Source, summed
from segmail.segments.conditions.tree import Leaf

_OF_PRODUCTS, _APPROVED = 1, 1  # review.entity_id, review.status_id
_PERCENT_OF_A_STAR = 20.0


def condition(leaf: Leaf, scope: Scope) -> ColumnElement[bool]:
    """Return the SQL condition of the leaf; raise ConditionError for an unknown attribute."""
    review, customer_id = scope.sales.review, scope.sales.review_detail.c.customer_id
    rows, counts = _reviews(scope)
    match leaf.attribute:
        case "rating":
            average = _average_stars(scope)
            rows = rows.join(average, average.c.review_id == review.c.review_id)
            compares = predicate(average.c.stars, leaf, kind="number")
            return with_row(scope, rows, customer_id, compares, *counts)
        case "days_since":
            last = days_ago(leaf, scope, func.max(review.c.created_at))
            recent = recent_enough(leaf, scope, review.c.created_at)
            return with_total(scope, rows, customer_id, last, *counts, *recent)
        case "count":
            number = predicate(func.count(), leaf, kind="number")
            if zero_satisfies(leaf):
                return not_(with_total(scope, rows, customer_id, not_(number), *counts))
            return with_total(scope, rows, customer_id, number, *counts)
    raise ConditionError(f"The attribute of {leaf} is unknown.")


def touched_by(_leaf: Leaf, scope: Scope) -> Sequence[Source]:
    """Return the sources the leaf reads; reviews and votes change without a mark."""
    sales, store = scope.sales, scope.tables.store
    return [
        *(
            summed(table.name, table, *table.c)
            for table in (sales.review, sales.review_detail, sales.rating_vote)
        ),
        summed("store views", store, store.c.store_id, store.c.website_id),
    ]


def _reviews(scope: Scope) -> tuple[FromClause, Sequence[ColumnElement[bool]]]:
    """Return the reviews joined with their authors and stores, and the condition that a review
    counts.
    """
    review, detail = scope.sales.review, scope.sales.review_detail
    store, author = scope.tables.store, scope.tables.customer.alias("author")
    rows = (
        detail.join(review, review.c.review_id == detail.c.review_id)
        .join(author, author.c.entity_id == detail.c.customer_id)
        .outerjoin(store, store.c.store_id == detail.c.store_id)
    )
    nowhere = func.coalesce(detail.c.store_id, 0) == 0
    here = or_(nowhere, store.c.website_id == author.c.website_id)
    return rows, (review.c.entity_id == _OF_PRODUCTS, review.c.status_id == _APPROVED, here)


def _average_stars(scope: Scope) -> Subquery:
    """Return the average stars of each review, with four decimals."""
    vote, detail = scope.sales.rating_vote, scope.sales.review_detail
    stars = case(
        (vote.c.percent > 0, vote.c.percent / literal(_PERCENT_OF_A_STAR, Float())),
        else_=vote.c.value,
    )
    rated = select(vote.c.review_id, func.round(func.avg(stars), 4).label("stars"))
    if asked := scope.asked(detail.c.customer_id):
        rated = rated.where(vote.c.review_id.in_(select(detail.c.review_id).where(*asked)))
    return rated.group_by(vote.c.review_id).subquery("rated")
