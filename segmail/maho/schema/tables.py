"""The tables of a Maho shop that segmail reads or writes, as Maho creates them.

Columns that segmail does not use are left out, unless a table could not be created without them
(the demo shop and the tests create these very tables). Types, keys and foreign keys follow Maho
26.7; 25.11 differs in TIMESTAMP for DATETIME, which `UtcDateTime` covers.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from segmail.maho.db.column_types import (
    LocalDateTime,
    MediumText,
    UInt,
    USmallInt,
    UtcDateTime,
    WholeDay,
    as_timestamp,
)

EAV_TYPES = ("varchar", "int", "datetime", "decimal", "text")


class Layout(enum.Enum):
    """Where the trigger of a step is stored; found by reading the columns, never by asking."""

    SPEC = "spec"  # customer_segment.auto_email_trigger, one trigger per segment
    SHIPPED = "shipped"  # customer_segment_email_sequence.trigger_event, since Maho 25.11


@dataclass(frozen=True)
class Tables:
    """Every table by its role, with the shop's prefix in its name."""

    metadata: MetaData
    layout: Layout
    timestamps: frozenset[tuple[str, str]]  # the table and column of each TIMESTAMP that is written
    website: Table
    store_group: Table
    store: Table
    config: Table
    variable: Table
    variable_value: Table
    permission_variable: Table
    cms_block: Table
    cms_block_store: Table
    currency_rate: Table
    entity_type: Table
    attribute: Table
    customer_attribute: Table
    customer_group: Table
    customer: Table
    customer_values: dict[str, Table]
    subscriber: Table
    template: Table
    queue: Table
    queue_link: Table
    problem: Table
    rule: Table
    rule_website: Table
    rule_group: Table
    rule_customer: Table
    coupon: Table
    coupon_usage: Table
    segment: Table
    member: Table
    sequence: Table
    progress: Table

    @property
    def prefix(self) -> str:
        """The prefix of every table name."""
        return self.customer.name.removesuffix("customer_entity")


@cache
def build_tables(
    prefix: str = "",
    layout: Layout = Layout.SHIPPED,
    timestamps: frozenset[tuple[str, str]] = frozenset(),
) -> Tables:
    """Return the shop's tables with `prefix` before each name, in the given layout.

    `timestamps` are the columns for times that are TIMESTAMP: Maho's up to 26.3. The tables are
    built once, which takes as long as twenty statements, and shared, so nobody may change them.
    """
    shop = _Schema(prefix, MetaData())
    tables = Tables(
        metadata=shop.metadata,
        layout=layout,
        timestamps=timestamps,
        **_store_tables(shop),
        **_customer_tables(shop),
        customer_values={type_: _customer_values(shop, type_) for type_ in EAV_TYPES},
        **_newsletter_tables(shop),
        **_rule_tables(shop),
        **_segment_tables(shop, layout),
    )
    for table in shop.metadata.tables.values():
        hold_as_timestamps(table, timestamps)
    return tables


def hold_as_timestamps(table: Table, timestamps: Collection[tuple[str, str]]) -> None:
    """Give a new table's columns the type that the shop's own have."""
    for column in table.columns:
        if (table.name, column.name) in timestamps and isinstance(column.type, UtcDateTime):
            column.type = as_timestamp(column.type)


@dataclass(frozen=True)
class _Schema:
    """Builds tables with the prefix in their names and in the names they refer to."""

    prefix: str
    metadata: MetaData

    def table(self, name: str, *parts: SchemaItem) -> Table:
        return Table(
            self.prefix + name,
            self.metadata,
            *parts,
            mysql_engine="InnoDB",
            mysql_charset="utf8mb3",
        )

    def ref(
        self, target: str, ondelete: str | None = None, onupdate: str | None = None
    ) -> ForeignKey:
        return ForeignKey(self.prefix + target, ondelete=ondelete, onupdate=onupdate)

    def cascade(self, target: str) -> ForeignKey:
        return self.ref(target, "CASCADE", "CASCADE")


def _store_tables(shop: _Schema) -> dict[str, Table]:
    return {
        "website": shop.table(
            "core_website",
            _key("website_id", USmallInt),
            Column("code", String(32), unique=True),
            Column("name", String(64)),
            _count("sort_order", USmallInt),
            _count("default_group_id", USmallInt),
            Column("is_default", USmallInt, server_default="0"),
        ),
        "store_group": shop.table(
            "core_store_group",
            _key("group_id", USmallInt),
            Column(
                "website_id", USmallInt, shop.cascade("core_website.website_id"), nullable=False
            ),
            Column("name", String(255), nullable=False),
            _count("root_category_id"),
            _count("default_store_id", USmallInt),
        ),
        "store": shop.table(
            "core_store",
            _key("store_id", USmallInt),
            Column("code", String(32), unique=True),
            Column(
                "website_id", USmallInt, shop.cascade("core_website.website_id"), nullable=False
            ),
            Column(
                "group_id", USmallInt, shop.cascade("core_store_group.group_id"), nullable=False
            ),
            Column("name", String(255), nullable=False),
            _count("sort_order", USmallInt),
            _count("is_active", USmallInt),
        ),
        "config": shop.table(
            "core_config_data",
            _key("config_id"),
            Column("scope", String(8), nullable=False, server_default="default"),
            _count("scope_id", Integer),
            Column("path", String(255), nullable=False, server_default="general"),
            Column("value", Text),
            UniqueConstraint("scope", "scope_id", "path"),
        ),
        "variable": shop.table(
            "core_variable",
            _key("variable_id"),
            Column("code", String(255), unique=True),
            Column("name", String(255)),
        ),
        "variable_value": shop.table(
            "core_variable_value",
            _key("value_id"),
            Column("variable_id", UInt, shop.cascade("core_variable.variable_id"), nullable=False),
            Column("store_id", USmallInt, shop.cascade("core_store.store_id"), nullable=False),
            Column("plain_value", Text),
            Column("html_value", Text),
            UniqueConstraint("variable_id", "store_id"),
        ),
        "permission_variable": shop.table(
            "permission_variable",
            _key("variable_id"),
            Column("variable_name", String(255), nullable=False, unique=True),
            _count("is_allowed", SmallInteger),
        ),
        "cms_block": shop.table(
            "cms_block",
            _key("block_id", SmallInteger),
            Column("title", String(255), nullable=False),
            Column("identifier", String(255), nullable=False),
            Column("content", MediumText),
            _count("is_active", SmallInteger, 1),
        ),
        "cms_block_store": shop.table(
            "cms_block_store",
            Column("block_id", SmallInteger, shop.cascade("cms_block.block_id"), primary_key=True),
            Column("store_id", USmallInt, shop.cascade("core_store.store_id"), primary_key=True),
        ),
        "currency_rate": shop.table(
            "directory_currency_rate",
            Column("currency_from", String(3), primary_key=True),
            Column("currency_to", String(3), primary_key=True),
            Column("rate", Numeric(24, 12), nullable=False),
        ),
    }


def _customer_tables(shop: _Schema) -> dict[str, Table]:
    return {
        "entity_type": shop.table(
            "eav_entity_type",
            _key("entity_type_id", USmallInt),
            Column("entity_type_code", String(50), nullable=False, index=True),
            Column("entity_model", String(255), nullable=False),
        ),
        "attribute": shop.table(
            "eav_attribute",
            _key("attribute_id", USmallInt),
            Column(
                "entity_type_id",
                USmallInt,
                shop.cascade("eav_entity_type.entity_type_id"),
                nullable=False,
            ),
            Column("attribute_code", String(255)),
            Column("backend_type", String(8), nullable=False, server_default="static"),
            Column("backend_table", String(255)),
            Column("frontend_input", String(50)),
            Column("frontend_label", String(255)),
            Column("source_model", String(255)),
            UniqueConstraint("entity_type_id", "attribute_code"),
        ),
        "customer_attribute": shop.table(
            "customer_eav_attribute",
            Column(
                "attribute_id",
                USmallInt,
                shop.cascade("eav_attribute.attribute_id"),
                primary_key=True,
                autoincrement=False,
            ),
            _count("is_visible", USmallInt, 1),
        ),
        "customer_group": shop.table(
            "customer_group",
            _key("customer_group_id", USmallInt),
            Column("customer_group_code", String(32), nullable=False),
            Column("tax_class_id", UInt, nullable=False, server_default="0"),
        ),
        "customer": shop.table(
            "customer_entity",
            _key("entity_id"),
            _count("entity_type_id", USmallInt),
            _count("attribute_set_id", USmallInt),
            Column(
                "website_id",
                USmallInt,
                shop.ref("core_website.website_id", ondelete="SET NULL", onupdate="CASCADE"),
                index=True,
            ),
            Column("email", String(255)),
            _count("group_id", USmallInt),
            Column("increment_id", String(50)),
            Column(
                "store_id",
                USmallInt,
                shop.ref("core_store.store_id", ondelete="SET NULL", onupdate="CASCADE"),
                server_default="0",
            ),
            Column("created_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
            _count("is_active", USmallInt, 1),
            UniqueConstraint("email", "website_id"),
        ),
    }


def _customer_values(shop: _Schema, type_: str) -> Table:
    return shop.table(
        f"customer_entity_{type_}",
        _key("value_id", Integer),
        _count("entity_type_id", USmallInt),
        Column(
            "attribute_id",
            USmallInt,
            shop.cascade("eav_attribute.attribute_id"),
            nullable=False,
        ),
        Column("entity_id", UInt, shop.cascade("customer_entity.entity_id"), nullable=False),
        Column("value", _EAV_VALUE[type_]),
        UniqueConstraint("entity_id", "attribute_id"),
    )


def _newsletter_tables(shop: _Schema) -> dict[str, Table]:
    return {
        "subscriber": shop.table(
            "newsletter_subscriber",
            _key("subscriber_id"),
            Column(
                "store_id",
                USmallInt,
                shop.ref("core_store.store_id", ondelete="SET NULL", onupdate="CASCADE"),
                server_default="0",
            ),
            Column("change_status_at", UtcDateTime),
            Column("customer_id", UInt, nullable=False, server_default="0", index=True),
            Column("subscriber_email", String(150)),
            _count("subscriber_status", Integer),
            Column("subscriber_confirm_code", String(32)),
        ),
        "template": shop.table(
            "newsletter_template",
            _key("template_id"),
            Column("template_code", String(150)),
            Column("template_text", Text),
            Column("template_styles", Text),
            Column("template_type", UInt),
            Column("template_subject", String(200)),
            Column("template_sender_name", String(200)),
            Column("template_sender_email", String(200)),
            Column("template_actual", USmallInt, server_default="1"),
            Column("added_at", UtcDateTime),
            Column("modified_at", UtcDateTime),
        ),
        "queue": shop.table(
            "newsletter_queue",
            _key("queue_id"),
            Column(
                "template_id",
                UInt,
                shop.cascade("newsletter_template.template_id"),
                nullable=False,
                index=True,
            ),
            Column("newsletter_type", Integer),
            Column("newsletter_text", Text),
            Column("newsletter_styles", Text),
            Column("newsletter_subject", String(200)),
            Column("newsletter_sender_name", String(200)),
            Column("newsletter_sender_email", String(200)),
            _count("queue_status"),
            Column("queue_start_at", UtcDateTime),
            Column("queue_finish_at", UtcDateTime),
            Column("automation_source", String(50)),
            Column("automation_source_id", UInt),
        ),
        "queue_link": shop.table(
            "newsletter_queue_link",
            _key("queue_link_id"),
            Column("queue_id", UInt, shop.cascade("newsletter_queue.queue_id"), nullable=False),
            Column(
                "subscriber_id",
                UInt,
                shop.cascade("newsletter_subscriber.subscriber_id"),
                nullable=False,
                index=True,
            ),
            Column("letter_sent_at", UtcDateTime),
            Index(None, "queue_id", "letter_sent_at"),
        ),
        "problem": shop.table(
            "newsletter_problem",
            _key("problem_id"),
            Column(
                "subscriber_id",
                UInt,
                shop.cascade("newsletter_subscriber.subscriber_id"),
                index=True,
            ),
            Column(
                "queue_id",
                UInt,
                shop.cascade("newsletter_queue.queue_id"),
                nullable=False,
                index=True,
            ),
            Column("problem_error_code", UInt, server_default="0"),
            Column("problem_error_text", String(200)),
        ),
    }


def _rule_tables(shop: _Schema) -> dict[str, Table]:
    return {
        "rule": shop.table(
            "salesrule",
            _key("rule_id"),
            Column("name", String(255)),
            Column("description", Text),
            Column("from_date", WholeDay),
            Column("to_date", WholeDay),
            _count("uses_per_customer", Integer),
            _count("is_active", SmallInteger),
            Column("simple_action", String(32)),
            Column("discount_amount", Numeric(12, 4), nullable=False, server_default="0.0000"),
            _count("simple_free_shipping", USmallInt),
            _count("discount_step"),
            _count("coupon_type", USmallInt, 1),
            _count("use_auto_generation", SmallInteger),
            _count("uses_per_coupon", Integer),
            Column("conditions_serialized", MediumText),
            Column("actions_serialized", MediumText),
            _count("stop_rules_processing", SmallInteger, 1),
            _count("is_advanced", USmallInt, 1),
            _count("sort_order"),
        ),
        "rule_website": shop.table(
            "salesrule_website",
            Column("rule_id", UInt, shop.cascade("salesrule.rule_id"), primary_key=True),
            Column(
                "website_id", USmallInt, shop.cascade("core_website.website_id"), primary_key=True
            ),
        ),
        "rule_group": shop.table(
            "salesrule_customer_group",
            Column("rule_id", UInt, shop.cascade("salesrule.rule_id"), primary_key=True),
            Column(
                "customer_group_id",
                USmallInt,
                shop.cascade("customer_group.customer_group_id"),
                primary_key=True,
            ),
        ),
        "rule_customer": shop.table(
            "salesrule_customer",
            _key("rule_customer_id"),
            Column("rule_id", UInt, shop.cascade("salesrule.rule_id"), nullable=False),
            Column("customer_id", UInt, shop.cascade("customer_entity.entity_id"), nullable=False),
            _count("times_used", USmallInt),
            Index(None, "rule_id", "customer_id"),
        ),
        "coupon": shop.table(
            "salesrule_coupon",
            _key("coupon_id"),
            Column("rule_id", UInt, shop.cascade("salesrule.rule_id"), nullable=False, index=True),
            Column("code", String(255), unique=True),
            Column("usage_limit", UInt),
            Column("usage_per_customer", UInt),
            _count("times_used"),
            Column("expiration_date", LocalDateTime),
            Column("is_primary", USmallInt),
            Column("created_at", UtcDateTime, nullable=False),
            Column("type", SmallInteger, server_default="0"),
            UniqueConstraint("rule_id", "is_primary"),
        ),
        "coupon_usage": shop.table(
            "salesrule_coupon_usage",
            Column("coupon_id", UInt, shop.cascade("salesrule_coupon.coupon_id"), primary_key=True),
            Column(
                "customer_id", UInt, shop.cascade("customer_entity.entity_id"), primary_key=True
            ),
            _count("times_used"),
        ),
    }


def _segment_tables(shop: _Schema, layout: Layout) -> dict[str, Table]:
    return {
        "segment": shop.table(
            "customer_segment",
            _key("segment_id"),
            Column("name", String(255), nullable=False),
            Column("description", Text),
            _count("is_active", USmallInt, 1),
            Column("conditions_serialized", MediumText),
            Column("website_ids", Text),
            Column("customer_group_ids", Text),
            Column("created_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
            Column("matched_customers_count", UInt, server_default="0"),
            Column("last_refresh_at", UtcDateTime),
            Column("refresh_status", String(20), server_default="pending"),
            Column("refresh_mode", String(20), server_default="auto"),
            Column("priority", UInt, server_default="0"),
            *_automation(layout),
        ),
        "member": shop.table(
            "customer_segment_customer",
            Column(
                "segment_id",
                UInt,
                shop.ref("customer_segment.segment_id", ondelete="CASCADE"),
                primary_key=True,
            ),
            Column(
                "customer_id",
                UInt,
                shop.ref("customer_entity.entity_id", ondelete="CASCADE"),
                primary_key=True,
                index=True,
            ),
            Column(
                "website_id",
                USmallInt,
                shop.ref("core_website.website_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column("added_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
        ),
        "sequence": shop.table(
            "customer_segment_email_sequence",
            _key("sequence_id"),
            Column(
                "segment_id",
                UInt,
                shop.ref("customer_segment.segment_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column(
                "template_id", UInt, shop.ref("newsletter_template.template_id"), nullable=False
            ),
            Column("step_number", UInt, nullable=False),
            _count("delay_minutes"),
            _count("is_active", SmallInteger, 1),
            _count("max_sends", UInt, 1),
            _count("generate_coupon", SmallInteger),
            Column(
                "coupon_sales_rule_id", UInt, shop.ref("salesrule.rule_id", ondelete="SET NULL")
            ),
            Column("coupon_prefix", String(50)),
            _count("coupon_expires_days", UInt, 30),
            Column("created_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
            *_step_trigger(layout),
        ),
        "progress": shop.table(
            "customer_segment_sequence_progress",
            _key("progress_id"),
            Column(
                "customer_id",
                UInt,
                shop.ref("customer_entity.entity_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column(
                "segment_id",
                UInt,
                shop.ref("customer_segment.segment_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column(
                "sequence_id",
                UInt,
                shop.ref("customer_segment_email_sequence.sequence_id", ondelete="CASCADE"),
                nullable=False,
                index=True,
            ),
            Column(
                "queue_id",
                UInt,
                shop.ref("newsletter_queue.queue_id", ondelete="SET NULL"),
                index=True,
            ),
            Column("step_number", UInt, nullable=False),
            Column("trigger_type", String(10), nullable=False),
            Column("status", String(20), nullable=False, server_default="scheduled"),
            Column("created_at", UtcDateTime, nullable=False),
            Column("scheduled_at", UtcDateTime),
            Column("sent_at", UtcDateTime),
            Index(None, "scheduled_at", "status"),
            Index(None, "customer_id", "status"),
            Index(None, "segment_id", "trigger_type", "status"),
        ),
    }


def _key(name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]] = UInt) -> Column[Any]:
    return Column(name, type_, primary_key=True, autoincrement=True)


def _count(
    name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]] = UInt, default: int = 0
) -> Column[Any]:
    return Column(name, type_, nullable=False, server_default=str(default))


_EAV_VALUE: dict[str, TypeEngine[Any]] = {
    "varchar": String(255),
    "int": Integer(),
    "datetime": DateTime(),
    "decimal": Numeric(12, 4),
    "text": Text(),
}


def _automation(layout: Layout) -> tuple[SchemaItem, ...]:
    if layout is Layout.SPEC:
        return (
            Column("auto_email_trigger", String(10), server_default="none"),
            Column("auto_email_active", SmallInteger, server_default="0"),
        )
    return (
        Column("auto_email_active", SmallInteger, nullable=False, server_default="0"),
        Column("allow_overlapping_sequences", SmallInteger, nullable=False, server_default="0"),
    )


def _step_trigger(layout: Layout) -> tuple[SchemaItem, ...]:
    if layout is Layout.SPEC:
        return (UniqueConstraint("segment_id", "step_number"),)
    return (
        Column("trigger_event", String(10), nullable=False, server_default="enter"),
        UniqueConstraint("segment_id", "trigger_event", "step_number"),
    )
