"""Sales rules, and why one of their coupons would be refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, select

from segmail.maho.db.value_lists import among
from segmail.maho.schema.transaction import Transaction

SPECIFIC_COUPON = 2  # salesrule.coupon_type; 1 is none, 3 one automatic code


@dataclass(frozen=True)
class Rule:
    """A shopping cart price rule (`salesrule`). Both dates are whole days, inclusive."""

    rule_id: int
    name: str
    description: str | None
    is_active: bool
    coupon_type: int
    use_auto_generation: bool
    uses_per_customer: int  # 0: no limit
    from_date: date | None
    to_date: date | None
    simple_action: str
    discount_amount: Decimal
    website_ids: frozenset[int]
    group_ids: frozenset[int]
    free_shipping: bool = False

    @property
    def is_worthless(self) -> bool:
        """Whether its coupon changes no price; Maho's other discounts need an amount too."""
        return not self.discount_amount and not self.free_shipping

    @property
    def label(self) -> str:
        """Names the rule in a message."""
        return f'Sales rule {self.rule_id} "{self.name}"'


def load_rules(tx: Transaction, rule_ids: Collection[int]) -> dict[int, Rule]:
    """Return the rules among `rule_ids` that exist, by id, with at most three statements."""
    if not rule_ids:
        return {}
    rows = tx.connection.execute(
        select(tx.tables.rule).where(tx.tables.rule.c.rule_id.in_(rule_ids))
    ).all()
    websites = _links(tx.connection, tx.tables.rule_website, "website_id", rule_ids)
    groups = _links(tx.connection, tx.tables.rule_group, "customer_group_id", rule_ids)
    return {
        row.rule_id: _rule(row, frozenset(websites[row.rule_id]), frozenset(groups[row.rule_id]))
        for row in rows
    }


def load_uses(
    tx: Transaction, rules: Iterable[Rule], customer_ids: Collection[int]
) -> dict[tuple[int, int], int]:
    """Return how often customers used the rules that limit it, by (rule id, customer id).

    One statement; none if no rule has a limit per customer. Customers who never used a rule are
    missing.
    """
    limited = [rule.rule_id for rule in rules if rule.uses_per_customer]
    if not limited or not customer_ids:
        return {}
    used = tx.tables.rule_customer.c
    query = select(used.rule_id, used.customer_id, used.times_used).where(
        used.rule_id.in_(limited), among(used.customer_id, customer_ids)
    )
    return {(row.rule_id, row.customer_id): row.times_used for row in tx.connection.execute(query)}


def definition_fault(rule: Rule | None) -> str | None:
    """Return why no coupon can ever be made from this rule; None if one can.

    These are the checks of Maho's own form and of SPEC that need neither a day nor a customer.
    """
    if rule is None:
        return "The sales rule of the coupon does not exist; give the step another rule."
    return _first_fault(
        rule,
        (not rule.is_active, "is not active"),
        (rule.coupon_type != SPECIFIC_COUPON, "is not of the coupon type 'Specific Coupon'"),
        (not rule.use_auto_generation, "has 'Use Auto Generation' switched off"),
    )


def rule_fault(
    rule: Rule | None,
    *,
    today: date,
    website_id: int | None,
    group_id: int | None,
    times_used: int = 0,
) -> str | None:
    """Return why a coupon made now would be refused to this customer; None if it would not.

    These are the checks of Maho's checkout: `today` is the store's calendar day, website and group
    are the customer's (None: they have none), `times_used` is how often they used the rule.
    Conditions on the cart are left to the checkout.
    """
    fault = definition_fault(rule)
    if fault or rule is None:
        return fault
    used_up = 0 < rule.uses_per_customer <= times_used
    return _first_fault(
        rule,
        (rule.from_date is not None and today < rule.from_date, f"starts on {rule.from_date}"),
        (rule.to_date is not None and today > rule.to_date, f"ended on {rule.to_date}"),
        (website_id not in rule.website_ids, f"is not valid in website {website_id or 'none'}"),
        (group_id not in rule.group_ids, f"is not valid for customer group {group_id}"),
        (used_up, f"was used {times_used} of {rule.uses_per_customer} times by this customer"),
    )


def _first_fault(rule: Rule, *checks: tuple[bool, str]) -> str | None:
    return next((f"{rule.label} {reason}." for fails, reason in checks if fails), None)


def _links(
    connection: Connection, table: Table, column: str, rule_ids: Collection[int]
) -> dict[int, set[int]]:
    linked: Column[int] = table.c[column]
    found: dict[int, set[int]] = defaultdict(set)
    query = select(table.c.rule_id, linked).where(table.c.rule_id.in_(rule_ids))
    for rule_id, other_id in connection.execute(query):
        found[rule_id].add(other_id)
    return found


def _rule(row: Row[Any], website_ids: frozenset[int], group_ids: frozenset[int]) -> Rule:
    return Rule(
        rule_id=row.rule_id,
        name=row.name or "",
        description=row.description,
        is_active=bool(row.is_active),
        coupon_type=row.coupon_type,
        use_auto_generation=bool(row.use_auto_generation),
        uses_per_customer=row.uses_per_customer,
        from_date=row.from_date,
        to_date=row.to_date,
        simple_action=row.simple_action or "",
        discount_amount=row.discount_amount,
        free_shipping=bool(row.simple_free_shipping),
        website_ids=website_ids,
        group_ids=group_ids,
    )
