"""The tables of a Maho shop that segmail reads or writes, as Maho makes them.

Columns that no part of segmail uses are left out, except where a table could not be created
without them (the demo shop and the tests create these very tables). Types, keys and foreign keys
follow Maho 26.7; 25.11 differs in TIMESTAMP for DATETIME, which `UtcDateTime` covers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Date,
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

from segmail.maho.types import LocalDateTime, MediumText, UInt, USmallInt, UtcDateTime

EAV_TYPES = ("varchar", "int", "datetime", "decimal", "text")


class Layout(enum.Enum):
    """Where the trigger of a step is kept; found by reading the columns, never by asking."""

    SPEC = "spec"  # customer_segment.auto_email_trigger, one trigger a segment
    SHIPPED = "shipped"  # customer_segment_email_sequence.trigger_event, since Maho 25.11


@dataclass(frozen=True)
class Tables:
    """Every table by its role, with the shop's prefix in its name."""

    metadata: MetaData
    layout: Layout
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
    cron: Table

    @property
    def prefix(self) -> str:
        """What stands before every table name."""
        return self.customer.name.removesuffix("customer_entity")


@cache
def build_tables(prefix: str = "", layout: Layout = Layout.SHIPPED) -> Tables:
    """Return the shop's tables with `prefix` before each name, in the given layout.

    They are made once, which takes as long as twenty statements; nobody may change them.
    """
    m = MetaData()

    def ref(target: str, **rules: Any) -> ForeignKey:
        return ForeignKey(prefix + target, **rules)

    def cascade(target: str) -> ForeignKey:
        return ref(target, ondelete="CASCADE", onupdate="CASCADE")

    def table(name: str, *parts: Any) -> Table:
        return Table(prefix + name, m, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb3")

    def key(name: str, type_: Any = UInt) -> Column[Any]:
        return Column(name, type_, primary_key=True, autoincrement=True)

    def count(name: str, type_: Any = UInt, default: int = 0) -> Column[Any]:
        return Column(name, type_, nullable=False, server_default=str(default))

    return Tables(
        metadata=m,
        layout=layout,
        website=table(
            "core_website",
            key("website_id", USmallInt),
            Column("code", String(32), unique=True),
            Column("name", String(64)),
            count("sort_order", USmallInt),
            count("default_group_id", USmallInt),
            Column("is_default", USmallInt, server_default="0"),
        ),
        store_group=table(
            "core_store_group",
            key("group_id", USmallInt),
            Column("website_id", USmallInt, cascade("core_website.website_id"), nullable=False),
            Column("name", String(255), nullable=False),
            count("root_category_id"),
            count("default_store_id", USmallInt),
        ),
        store=table(
            "core_store",
            key("store_id", USmallInt),
            Column("code", String(32), unique=True),
            Column("website_id", USmallInt, cascade("core_website.website_id"), nullable=False),
            Column("group_id", USmallInt, cascade("core_store_group.group_id"), nullable=False),
            Column("name", String(255), nullable=False),
            count("sort_order", USmallInt),
            count("is_active", USmallInt),
        ),
        config=table(
            "core_config_data",
            key("config_id"),
            Column("scope", String(8), nullable=False, server_default="default"),
            count("scope_id", Integer),
            Column("path", String(255), nullable=False, server_default="general"),
            Column("value", Text),
            UniqueConstraint("scope", "scope_id", "path"),
        ),
        variable=table(
            "core_variable",
            key("variable_id"),
            Column("code", String(255), unique=True),
            Column("name", String(255)),
        ),
        variable_value=table(
            "core_variable_value",
            key("value_id"),
            Column("variable_id", UInt, cascade("core_variable.variable_id"), nullable=False),
            Column("store_id", USmallInt, cascade("core_store.store_id"), nullable=False),
            Column("plain_value", Text),
            Column("html_value", Text),
            UniqueConstraint("variable_id", "store_id"),
        ),
        permission_variable=table(
            "permission_variable",
            key("variable_id"),
            Column("variable_name", String(255), nullable=False, unique=True),
            count("is_allowed", SmallInteger),
        ),
        cms_block=table(
            "cms_block",
            key("block_id", SmallInteger),
            Column("title", String(255), nullable=False),
            Column("identifier", String(255), nullable=False),
            Column("content", MediumText),
            count("is_active", SmallInteger, 1),
        ),
        cms_block_store=table(
            "cms_block_store",
            Column("block_id", SmallInteger, cascade("cms_block.block_id"), primary_key=True),
            Column("store_id", USmallInt, cascade("core_store.store_id"), primary_key=True),
        ),
        currency_rate=table(
            "directory_currency_rate",
            Column("currency_from", String(3), primary_key=True),
            Column("currency_to", String(3), primary_key=True),
            Column("rate", Numeric(24, 12), nullable=False),
        ),
        entity_type=table(
            "eav_entity_type",
            key("entity_type_id", USmallInt),
            Column("entity_type_code", String(50), nullable=False, index=True),
            Column("entity_model", String(255), nullable=False),
        ),
        attribute=table(
            "eav_attribute",
            key("attribute_id", USmallInt),
            Column(
                "entity_type_id",
                USmallInt,
                cascade("eav_entity_type.entity_type_id"),
                nullable=False,
            ),
            Column("attribute_code", String(255)),
            Column("backend_type", String(8), nullable=False, server_default="static"),
            Column("backend_table", String(255)),
            Column("frontend_input", String(50)),
            UniqueConstraint("entity_type_id", "attribute_code"),
        ),
        customer_attribute=table(
            "customer_eav_attribute",
            Column(
                "attribute_id",
                USmallInt,
                cascade("eav_attribute.attribute_id"),
                primary_key=True,
                autoincrement=False,
            ),
            count("is_visible", USmallInt, 1),
        ),
        customer_group=table(
            "customer_group",
            key("customer_group_id", USmallInt),
            Column("customer_group_code", String(32), nullable=False),
        ),
        customer=table(
            "customer_entity",
            key("entity_id"),
            count("entity_type_id", USmallInt),
            count("attribute_set_id", USmallInt),
            Column(
                "website_id",
                USmallInt,
                ref("core_website.website_id", ondelete="SET NULL", onupdate="CASCADE"),
                index=True,
            ),
            Column("email", String(255)),
            count("group_id", USmallInt),
            Column("increment_id", String(50)),
            Column(
                "store_id",
                USmallInt,
                ref("core_store.store_id", ondelete="SET NULL", onupdate="CASCADE"),
                server_default="0",
            ),
            Column("created_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
            count("is_active", USmallInt, 1),
            UniqueConstraint("email", "website_id"),
        ),
        customer_values={
            type_: table(
                f"customer_entity_{type_}",
                key("value_id", Integer),
                count("entity_type_id", USmallInt),
                Column(
                    "attribute_id",
                    USmallInt,
                    cascade("eav_attribute.attribute_id"),
                    nullable=False,
                ),
                Column("entity_id", UInt, cascade("customer_entity.entity_id"), nullable=False),
                Column("value", _EAV_VALUE[type_]),
                UniqueConstraint("entity_id", "attribute_id"),
            )
            for type_ in EAV_TYPES
        },
        subscriber=table(
            "newsletter_subscriber",
            key("subscriber_id"),
            Column(
                "store_id",
                USmallInt,
                ref("core_store.store_id", ondelete="SET NULL", onupdate="CASCADE"),
                server_default="0",
            ),
            Column("change_status_at", UtcDateTime),
            Column("customer_id", UInt, nullable=False, server_default="0", index=True),
            Column("subscriber_email", String(150)),
            count("subscriber_status", Integer),
            Column("subscriber_confirm_code", String(32)),
        ),
        template=table(
            "newsletter_template",
            key("template_id"),
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
        queue=table(
            "newsletter_queue",
            key("queue_id"),
            Column(
                "template_id",
                UInt,
                cascade("newsletter_template.template_id"),
                nullable=False,
                index=True,
            ),
            Column("newsletter_type", Integer),
            Column("newsletter_text", Text),
            Column("newsletter_styles", Text),
            Column("newsletter_subject", String(200)),
            Column("newsletter_sender_name", String(200)),
            Column("newsletter_sender_email", String(200)),
            count("queue_status"),
            Column("queue_start_at", UtcDateTime),
            Column("queue_finish_at", UtcDateTime),
            Column("automation_source", String(50)),
            Column("automation_source_id", UInt),
        ),
        queue_link=table(
            "newsletter_queue_link",
            key("queue_link_id"),
            Column("queue_id", UInt, cascade("newsletter_queue.queue_id"), nullable=False),
            Column(
                "subscriber_id",
                UInt,
                cascade("newsletter_subscriber.subscriber_id"),
                nullable=False,
                index=True,
            ),
            Column("letter_sent_at", UtcDateTime),
            Index(None, "queue_id", "letter_sent_at"),
        ),
        problem=table(
            "newsletter_problem",
            key("problem_id"),
            Column(
                "subscriber_id", UInt, cascade("newsletter_subscriber.subscriber_id"), index=True
            ),
            Column(
                "queue_id", UInt, cascade("newsletter_queue.queue_id"), nullable=False, index=True
            ),
            Column("problem_error_code", UInt, server_default="0"),
            Column("problem_error_text", String(200)),
        ),
        rule=table(
            "salesrule",
            key("rule_id"),
            Column("name", String(255)),
            Column("description", Text),
            Column("from_date", Date),
            Column("to_date", Date),
            count("uses_per_customer", Integer),
            count("is_active", SmallInteger),
            Column("simple_action", String(32)),
            Column("discount_amount", Numeric(12, 4), nullable=False, server_default="0.0000"),
            count("discount_step"),
            count("coupon_type", USmallInt, 1),
            count("use_auto_generation", SmallInteger),
            count("uses_per_coupon", Integer),
        ),
        rule_website=table(
            "salesrule_website",
            Column("rule_id", UInt, cascade("salesrule.rule_id"), primary_key=True),
            Column("website_id", USmallInt, cascade("core_website.website_id"), primary_key=True),
        ),
        rule_group=table(
            "salesrule_customer_group",
            Column("rule_id", UInt, cascade("salesrule.rule_id"), primary_key=True),
            Column(
                "customer_group_id",
                USmallInt,
                cascade("customer_group.customer_group_id"),
                primary_key=True,
            ),
        ),
        rule_customer=table(
            "salesrule_customer",
            key("rule_customer_id"),
            Column("rule_id", UInt, cascade("salesrule.rule_id"), nullable=False),
            Column("customer_id", UInt, cascade("customer_entity.entity_id"), nullable=False),
            count("times_used", USmallInt),
            Index(None, "rule_id", "customer_id"),
        ),
        coupon=table(
            "salesrule_coupon",
            key("coupon_id"),
            Column("rule_id", UInt, cascade("salesrule.rule_id"), nullable=False, index=True),
            Column("code", String(255), unique=True),
            Column("usage_limit", UInt),
            Column("usage_per_customer", UInt),
            count("times_used"),
            Column("expiration_date", LocalDateTime),
            Column("is_primary", USmallInt),
            Column("created_at", UtcDateTime, nullable=False),
            Column("type", SmallInteger, server_default="0"),
            UniqueConstraint("rule_id", "is_primary"),
        ),
        coupon_usage=table(
            "salesrule_coupon_usage",
            Column("coupon_id", UInt, cascade("salesrule_coupon.coupon_id"), primary_key=True),
            Column("customer_id", UInt, cascade("customer_entity.entity_id"), primary_key=True),
            count("times_used"),
        ),
        segment=table(
            "customer_segment",
            key("segment_id"),
            Column("name", String(255), nullable=False),
            Column("description", Text),
            count("is_active", USmallInt, 1),
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
        member=table(
            "customer_segment_customer",
            Column(
                "segment_id",
                UInt,
                ref("customer_segment.segment_id", ondelete="CASCADE"),
                primary_key=True,
            ),
            Column(
                "customer_id",
                UInt,
                ref("customer_entity.entity_id", ondelete="CASCADE"),
                primary_key=True,
                index=True,
            ),
            Column(
                "website_id",
                USmallInt,
                ref("core_website.website_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column("added_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
        ),
        sequence=table(
            "customer_segment_email_sequence",
            key("sequence_id"),
            Column(
                "segment_id",
                UInt,
                ref("customer_segment.segment_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column("template_id", UInt, ref("newsletter_template.template_id"), nullable=False),
            Column("step_number", UInt, nullable=False),
            count("delay_minutes"),
            count("is_active", SmallInteger, 1),
            count("max_sends", UInt, 1),
            count("generate_coupon", SmallInteger),
            Column("coupon_sales_rule_id", UInt, ref("salesrule.rule_id", ondelete="SET NULL")),
            Column("coupon_prefix", String(50)),
            count("coupon_expires_days", UInt, 30),
            Column("created_at", UtcDateTime, nullable=False),
            Column("updated_at", UtcDateTime, nullable=False),
            *_step_trigger(layout),
        ),
        progress=table(
            "customer_segment_sequence_progress",
            key("progress_id"),
            Column(
                "customer_id",
                UInt,
                ref("customer_entity.entity_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column(
                "segment_id",
                UInt,
                ref("customer_segment.segment_id", ondelete="CASCADE"),
                nullable=False,
            ),
            Column(
                "sequence_id",
                UInt,
                ref("customer_segment_email_sequence.sequence_id", ondelete="CASCADE"),
                nullable=False,
                index=True,
            ),
            Column(
                "queue_id",
                UInt,
                ref("newsletter_queue.queue_id", ondelete="SET NULL"),
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
        cron=table(
            "cron_schedule",
            key("schedule_id"),
            Column("job_code", String(255), nullable=False, index=True),
            Column("status", String(7), nullable=False, server_default="pending"),
            Column("messages", Text),
            Column("created_at", UtcDateTime, nullable=False),
            Column("scheduled_at", UtcDateTime),
            Column("executed_at", UtcDateTime),
            Column("finished_at", UtcDateTime),
        ),
    )


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
