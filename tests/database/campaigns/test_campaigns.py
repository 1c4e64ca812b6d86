"""Whole campaigns as files: templates, sales rules, segments and their steps."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmail.campaigns.apply import Wish, apply_files
from segmail.campaigns.export import export_campaigns, save_export
from segmail.campaigns.files import read_files
from segmail.campaigns.outcome import Applied
from segmail.errors import ConfigError
from segmail.maho.schema.tables import Layout
from tests.campaign_files import apply, export
from tests.database.campaigns.test_at_once import WORKERS, at_once
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder
from tests.thorough import by_far

CAMPAIGN = """\
templates:
  - name: Cart 1
    subject: You forgot something
    sender:
      name: Ada's
      email: hello@example.com
    html: |
      <p>{{var customer_firstname}}</p>
    styles: |
      p { color: red }
  - name: Cart 2
    subject: Still thinking?
    sender:
      name: Ada's
      email: hello@example.com
    text: |
      {{var coupon_code}}
sales rules:
  - name: Ten
    active: true
    discount: 10 %
    free shipping: true
    websites: [base]
    customer groups: all
    from: '2026-01-01'
segments:
  - name: Cart
    active: true
    websites: [base]
    customer groups: all
    refresh: segmail
    automation:
      trigger: enter
      active: true
      on exit: stop
      goal: order
      on re-entry: each entry after 7 days
      group: carts
      priority: 20
      holdout: 10 %
    conditions:
      all:
        - cart: active = yes
        - cart: minutes since updated >= 60
    steps:
      - after: 1 h
        template: Cart 1
      - after: 1 day
        template: Cart 2
        coupon:
          rule: Ten
          prefix: CART
          expires: 7 days
"""


def outcomes(done: list[Applied]) -> list[tuple[str, str]]:
    return [(one.kind, one.outcome) for one in done]


def drift(shop: ShopBuilder, *files: str) -> list[str]:
    """Return what `campaign diff` would name."""
    return [one.name for one in apply(shop, *files, dry_run=True) if one.is_drift]


def steps(shop: ShopBuilder) -> dict[int, tuple[int, int]]:
    """Return delay and number of each step by its id."""
    rows = shop.rows(shop.tables.sequence)
    return {row["sequence_id"]: (row["delay_minutes"], row["step_number"]) for row in rows}


def told(shop: ShopBuilder, *files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        apply(shop, *files)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("layout", list(Layout))
def test_a_campaign_is_created_and_exported_as_it_was_written(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    done = apply(shop, CAMPAIGN)

    assert {one.outcome for one in done} == {"created"}
    rule = shop.row(shop.tables.rule)
    assert (rule["coupon_type"], rule["use_auto_generation"], rule["is_active"]) == (2, 1, 1)
    assert (rule["discount_amount"], rule["simple_free_shipping"]) == (Decimal(10), 2)
    assert "rule_condition_combine" in rule["conditions_serialized"]
    assert [row["website_id"] for row in shop.rows(shop.tables.rule_website)] == [1]
    assert shop.row(shop.tables.segment)["auto_email_active"] == 1
    assert sorted(steps(shop).values()) == [(60, 1), (1440, 2)]
    assert export(shop) == CAMPAIGN


@pytest.mark.parametrize("layout", list(Layout))
def test_applied_again_it_changes_nothing(sales: SalesBuilder, shop: ShopBuilder) -> None:
    apply(shop, CAMPAIGN)
    before = [shop.rows(table) for table in shop.tables.metadata.sorted_tables]
    shop.now += timedelta(hours=1)

    done = apply(shop, CAMPAIGN, prune=True)

    assert {one.outcome for one in done} == {"unchanged"}
    assert [shop.rows(table) for table in shop.tables.metadata.sorted_tables] == before
    assert drift(shop, CAMPAIGN) == []


def test_applied_at_once_it_is_created_once(sales: SalesBuilder, shop: ShopBuilder) -> None:
    done = at_once(lambda _worker: apply(shop, CAMPAIGN)[0].outcome)

    assert sorted(done) == ["created", *["unchanged"] * (WORKERS - 1)]
    assert len(shop.rows(shop.tables.template)) == 2
    assert len(shop.rows(shop.tables.rule)) == 1
    assert len(steps(shop)) == 2


def test_a_dry_run_writes_nothing(sales: SalesBuilder, shop: ShopBuilder) -> None:
    before = [shop.rows(table) for table in shop.tables.metadata.sorted_tables]

    done = apply(shop, CAMPAIGN, dry_run=True)

    assert {(one.outcome, one.id) for one in done} == {("created", None)}
    assert [shop.rows(table) for table in shop.tables.metadata.sorted_tables] == before


@pytest.mark.parametrize("layout", list(Layout))
def test_another_delay_moves_who_is_under_way(sales: SalesBuilder, shop: ShopBuilder) -> None:
    apply(shop, CAMPAIGN)
    second = max(steps(shop))
    customer = shop.customer()
    created = shop.now - timedelta(hours=20)
    at = created + timedelta(days=1)
    early = shop.due(second, customer, created_at=created, scheduled_at=at)
    late = shop.due(second, customer, created_at=shop.now - timedelta(days=30), scheduled_at=at)

    done = apply(shop, CAMPAIGN.replace("after: 1 day", "after: 9 days"))

    [step] = [one for one in done if one.outcome == "changed"]
    assert step.effects == [
        "step 2 moves from 1 day to 9 days: 2 scheduled rows move, 1 of them are due now"
    ]
    assert shop.progress(early)["scheduled_at"] == created + timedelta(days=9)
    assert shop.progress(late)["scheduled_at"] == shop.now


def test_a_row_whose_mail_was_begun_keeps_its_time(sales: SalesBuilder, shop: ShopBuilder) -> None:
    apply(shop, CAMPAIGN)
    second = max(steps(shop))
    queue_id = shop.insert(
        shop.tables.queue, template_id=shop.rows(shop.tables.template)[0]["template_id"]
    )
    row = shop.due(second, shop.customer(), queue_id=queue_id, scheduled_at=shop.now)

    apply(shop, CAMPAIGN.replace("after: 1 day", "after: 9 days"))

    assert shop.progress(row)["scheduled_at"] == shop.now


@pytest.mark.parametrize("layout", list(Layout))
def test_a_step_that_the_file_does_not_list_stays_until_it_is_pruned(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    apply(shop, CAMPAIGN)
    first = min(steps(shop))
    without_first = CAMPAIGN.replace("      - after: 1 h\n        template: Cart 1\n", "")

    kept = apply(shop, without_first)
    assert ("step", "not in the file") in outcomes(kept)
    assert drift(shop, without_first) == ["Cart:enter:1"]
    row = shop.due(first, shop.customer())
    apply(shop, without_first, prune=True)

    assert shop.status(row) == "skipped"
    off = shop.row(shop.tables.sequence, sequence_id=first)
    assert (off["is_active"], off["step_number"]) == (0, 3)
    assert drift(shop, without_first) == []
    without_any = without_first[: without_first.index("    steps:")] + "    steps: none\n"
    gone = apply(
        shop, without_any.replace("active: true\n      on", "active: no\n      on"), prune=True
    )

    assert ("step", "removed") in outcomes(gone)
    assert list(steps(shop)) == [first]


def test_another_template_in_the_same_place_is_an_edit_and_another_order_keeps_steps(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    apply(shop, CAMPAIGN)
    first, second = sorted(steps(shop))
    third = "  - {name: Cart 3, subject: Third, html: <p>3</p>}\nsales rules:"
    added = CAMPAIGN.replace("sales rules:", third)
    shop.config("trans_email/ident_general/name", "Shop")
    shop.config("trans_email/ident_general/email", "shop@example.com")

    edited = added.replace("        template: Cart 1", "        template: Cart 3")
    apply(shop, edited, prune=True)
    assert sorted(steps(shop)) == [first, second]

    one, two = edited[edited.index("      - after: 1 h") :].split("      - after: 1 day")
    turned = edited.replace(one, "").replace("after: 1 day" + two, "after: 1 day" + two + one)
    apply(shop, turned, prune=True)

    assert {id: number for id, (_, number) in steps(shop).items()} == {second: 2, first: 3}


def test_wrong_names_and_wrong_values_are_told_at_once(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    wrong = (
        CAMPAIGN.replace("template: Cart 1", "template: Crat 1")
        .replace("rule: Ten", "rule: Tenn")
        .replace("cart: active = yes", "cart: activ = yes")
        .replace("updated >= 60", "updated >= soon")
        .replace("discount: 10 %", "discount: 110 %")
        .replace("after: 1 day", "after: 1 month")
    )

    faults = told(shop, wrong)

    assert [int(fault.split(":")[1]) for fault in faults] == [21, 43, 44, 47, 48, 51]
    assert "Did you mean 'cart 1'" in faults[3]
    assert shop.rows(shop.tables.template) == []


def test_a_mail_that_could_not_be_sent_leaves_nothing_half_done(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    ended = CAMPAIGN.replace("    active: true\n    discount", "    active: no\n    discount")

    [fault] = told(shop, ended)

    assert fault.startswith("f.yaml:48: ")
    assert "is not active" in fault
    assert shop.rows(shop.tables.template) == []
    assert shop.rows(shop.tables.segment) == []


def test_files_may_refer_to_each_other_in_any_order(sales: SalesBuilder, shop: ShopBuilder) -> None:
    at = CAMPAIGN.index("segments:")

    done = apply(shop, CAMPAIGN[at:], CAMPAIGN[:at])

    assert {one.outcome for one in done} == {"created"}
    assert [one.file for one in done if one.kind == "segment"] == ["f.yaml"]


def test_texts_stand_in_files_beside(
    sales: SalesBuilder, shop: ShopBuilder, tmp_path: Path
) -> None:
    (tmp_path / "one.html").write_bytes(b"<p>1</p>\r\n")
    file = CAMPAIGN.replace("html: |\n      <p>{{var customer_firstname}}</p>", "html: one.html")

    apply(shop, file, folder=tmp_path)
    missing = told(shop, file)

    assert shop.rows(shop.tables.template)[0]["template_text"] == "<p>1</p>\r\n"
    assert missing[0].startswith("f.yaml:7: 'html': There is no file 'one.html' to read")
    (tmp_path / "one.html").write_bytes(b"<p>1</p>\n")
    assert {one.outcome for one in apply(shop, file, folder=tmp_path)} == {"unchanged"}


def test_an_imported_list_is_not_touched(sales: SalesBuilder, shop: ShopBuilder) -> None:
    file = """\
segments:
  - name: Tickets
    websites: [base]
    conditions: {all: [{list: customer id is one of 1}]}
"""
    apply(shop, file)
    stored = shop.row(shop.tables.segment)["conditions_serialized"]
    shop.change(shop.tables.segment, {}, conditions_serialized=stored.replace('"1"', '"7,8"', 1))
    before = shop.row(shop.tables.segment)["conditions_serialized"]

    done = apply(shop, file)

    assert outcomes(done) == [("segment", "unchanged")]
    assert shop.row(shop.tables.segment)["conditions_serialized"] == before


_STEP = st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(0, 3))


@settings(
    max_examples=by_far(6, 12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_STEP, max_size=4), st.lists(_STEP, max_size=4))
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "layout", [Layout.SHIPPED, pytest.param(Layout.SPEC, marks=pytest.mark.thorough)]
)
def test_whatever_the_steps_were_they_are_as_the_file_says(
    sales: SalesBuilder,
    shop: ShopBuilder,
    before: list[tuple[str, int]],
    after: list[tuple[str, int]],
) -> None:
    sender = "sender: {name: S, email: s@example.com}"
    templates = "".join(
        f"  - {{name: {name}, subject: S, html: <p>x</p>, {sender}}}\n" for name in "ABC"
    )

    def file(wanted: list[tuple[str, int]]) -> str:
        listed = "".join(f"\n      - {{after: {d}, template: {t}}}" for t, d in wanted)
        segment = (
            f"  - name: X\n    websites: [base]\n    conditions: {{all: []}}\n    steps:{listed}"
        )
        return f"templates:\n{templates}segments:\n{segment}\n"

    apply(shop, file(before), prune=True)
    for row in shop.rows(shop.tables.sequence)[:1]:
        shop.due(row["sequence_id"], shop.customer())
    apply(shop, file(after), prune=True)
    rows = [row for row in shop.rows(shop.tables.sequence) if row["is_active"]]
    codes = {row["template_id"]: row["template_code"] for row in shop.rows(shop.tables.template)}
    found = [
        (codes[row["template_id"]], row["delay_minutes"])
        for row in sorted(rows, key=lambda row: int(row["step_number"]))
    ]
    again = apply(shop, file(after), prune=True)

    assert found == after
    assert {one.outcome for one in again} == {"unchanged"}
    assert {one.outcome for one in apply(shop, export(shop))} == {"unchanged"}


ODD = [
    "VIP", "vip ", " lead/ing", "Cafe\u0301", "Café", "a: b # c", "- dash", "*star", "null", "123",
    "2026-01-01", "it's \"q\"", "back\\slash", "tab\tin/it", "a/b.html", "x.css", "\u202ertl",
    "\u05d0\u200f/", "{{var x}}", "&amp;",
]  # fmt: skip


@pytest.mark.parametrize("layout", list(Layout))
def test_whatever_is_in_a_shop_is_exported_as_it_is(
    sales: SalesBuilder, shop: ShopBuilder, tmp_path: Path
) -> None:
    """Odd names and texts, rules worth nothing, prefixes that Maho's form would refuse."""
    actions = ["by_percent", "cart_fixed", "by_fixed", "buy_x_get_y"]
    for index, name in enumerate(ODD):
        template = shop.template(
            ODD[-index], code=f"T {name}", subject=name, styles=[None, " a/b.css"][index % 2]
        )
        rule = shop.rule(
            name, simple_action=actions[index % 4], discount_amount=["0", "33.3333"][index % 2]
        )
        prefix = [None, "b2", "CART-", "TOOLONGPREFIX"][index // 4 % 4]
        segment = shop.segment(name, automation=False)
        shop.step(segment, template, rule_id=rule, coupon_prefix=prefix, max_sends=index % 3)
    save_export(export_campaigns(shop.shop, [], beside=True), tmp_path)

    [beside] = read_files([str(tmp_path)])
    for file in (export(shop).encode(), beside):
        done = (
            apply(shop, file)
            if isinstance(file, bytes)
            else apply_files(shop.shop, [file], Wish(prune=True, now=shop.now))
        )
        assert [one for one in done if one.outcome != "unchanged"] == []
    assert export(shop).replace("\n", "").isprintable()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_has_the_name_of_another_is_not_exported(shop: ShopBuilder) -> None:
    for name in ("Twin", "twin", "Other"):
        shop.step(shop.segment(name), shop.template(code=name.lower()))

    with pytest.raises(ConfigError) as refused:
        export(shop)

    assert [fault.what for fault in refused.value.faults] == [
        "The shop has several templates 'twin': 1 and 2.",
        "The shop has several segments 'twin': 1 and 2.",
    ]
    assert "name: Other" in export(shop, "Other")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_new_prefix_must_be_one_that_mahos_form_takes(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    [fault] = told(shop, CAMPAIGN.replace("prefix: CART", "prefix: CART-"))

    assert fault.endswith("The prefix 'CART-' must be letters A-Z and digits, at most 10 of them.")
