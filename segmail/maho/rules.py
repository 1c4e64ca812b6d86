"""Sales rules, and why one of their coupons would be refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Subquery, literal, select, union_all

from segmail.maho.db.value_lists import among
from segmail.maho.schema.transaction import Transaction

SPECIFIC_COUPON = 2  # salesrule.coupon_type; 1 is none, 3 one automatic code

_WEBSITE, _GROUP, _CUSTOMER = "website", "group", "customer"


@dataclass(frozen=True)
class Rule:
    """A shopping cart price rule (`salesrule`). Both dates are whole days, inclusive.

    `used` is how often each of the customers who were asked about used it, if it limits that;
    those who never did are missing.
    """

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
    used: Mapping[int, int] = field(default_factory=dict, hash=False)  # by customer id

    @property
    def is_worthless(self) -> bool:
        """Whether its coupon changes no price; Maho's other discounts need an amount too."""
        return not self.discount_amount and not self.free_shipping

    @property
    def label(self) -> str:
        """Names the rule in a message."""
        return f'Sales rule {self.rule_id} "{self.name}"'


def load_rules(
    tx: Transaction, rule_ids: Collection[int], customer_ids: Collection[int] = ()
) -> dict[int, Rule]:
    """Return the rules among `rule_ids` that exist, by id, with one statement.

    They know how often `customer_ids` used them.
    """
    if not rule_ids:
        return {}
    rule, linked = tx.tables.rule.c, _linked(tx, rule_ids, customer_ids)
    query = (
        select(
            rule.rule_id,
            rule.name,
            rule.description,
            rule.is_active,
            rule.coupon_type,
            rule.use_auto_generation,
            rule.uses_per_customer,
            rule.from_date,
            rule.to_date,
            rule.simple_action,
            rule.discount_amount,
            rule.simple_free_shipping,
            linked.c.what,
            linked.c.id.label("linked_id"),
            linked.c.times,
        )
        .join_from(tx.tables.rule, linked, linked.c.rule_id == rule.rule_id, isouter=True)
        .where(rule.rule_id.in_(rule_ids))
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in tx.connection.execute(query):
        found[row.rule_id].append(row)
    return {rule_id: _rule(rows) for rule_id, rows in found.items()}


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


def _linked(tx: Transaction, rule_ids: Collection[int], customer_ids: Collection[int]) -> Subquery:
    """Return the websites and groups of rules, and how often customers used those with a limit."""
    rule, website, group, customer = (
        tx.tables.rule.c,
        tx.tables.rule_website.c,
        tx.tables.rule_group.c,
        tx.tables.rule_customer.c,
    )
    websites = select(
        website.rule_id,
        literal(_WEBSITE).label("what"),
        website.website_id.label("id"),
        literal(0).label("times"),
    ).where(website.rule_id.in_(rule_ids))
    groups = select(group.rule_id, literal(_GROUP), group.customer_group_id, literal(0)).where(
        group.rule_id.in_(rule_ids)
    )
    uses = (
        select(customer.rule_id, literal(_CUSTOMER), customer.customer_id, customer.times_used)
        .join(tx.tables.rule, rule.rule_id == customer.rule_id)
        .where(
            customer.rule_id.in_(rule_ids),
            among(customer.customer_id, customer_ids),
            rule.uses_per_customer > 0,
        )
    )
    return union_all(websites, groups, *([uses] if customer_ids else [])).subquery()


def _rule(rows: list[Any]) -> Rule:
    """Return a rule of its rows: one for each website, group and customer, or a single one."""
    row = rows[0]
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
        website_ids=frozenset(it.linked_id for it in rows if it.what == _WEBSITE),
        group_ids=frozenset(it.linked_id for it in rows if it.what == _GROUP),
        used={it.linked_id: it.times for it in rows if it.what == _CUSTOMER},
    )
