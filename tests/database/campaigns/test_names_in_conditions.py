"""Segments, categories, products and choices by name: in files, in the shop, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segmail.errors import ConfigError
from segmail.maho.schema.tables import Layout
from segmail.segments.explain import explain_segment
from segmail.segments.matching_customers import matching_by_conditions
from segmail.segments.refresh.candidates import load_candidates
from tests.campaign_files import apply, export
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder


def file(*conditions: str, name: str = "Some") -> str:
    lines = "".join(f"        - {condition}\n" for condition in conditions)
    return (
        f"segments:\n  - name: {name}\n    active: true\n    websites: [base]\n"
        "    customer groups: all\n    refresh: segmail\n    conditions:\n      all:\n" + lines
    )


def stored(shop: ShopBuilder, name: str = "Some") -> list[tuple[str, Any]]:
    tree = json.loads(shop.row(shop.tables.segment, name=name)["conditions_serialized"])
    return [(leaf["attribute"], leaf["value"]) for leaf in tree["conditions"]]


def faults(shop: ShopBuilder, *files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        apply(shop, *files)
    return [str(fault) for fault in caught.value.faults]


def exported_conditions(shop: ShopBuilder, *names: str) -> list[str]:
    lines = export(shop, *names).splitlines()
    return [line.removeprefix("        - ") for line in lines if line.startswith("        - ")]


@pytest.mark.parametrize("layout", list(Layout))
def test_a_file_that_names_things_is_exported_as_it_was(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    vip = shop.segment("VIP, gold")
    shoes = sales.category("Shoes", f"1/2/{sales.category('Men')}")
    shirt = sales.product("TS-1", name="T-Shirt")
    text = file(
        'segment: member of "VIP, gold"',
        'segment: not member of "VIP, gold"',
        'sequence: finished "VIP, gold" = yes',
        'sequence: days since finished "VIP, gold" >= 7',
        'sequence: running "VIP, gold" = no',
        "order item: category = Shoes",
        "viewed: category is not one of Shoes, Men",
        "order item: product = TS-1",
        "viewed: days since viewed product <= TS-1:30",
        "viewed: days since viewed category <= Shoes:14",
        "review: rating >= 4",
        "today: date between 11-20 and 01-06",
    )

    apply(shop, text)

    assert stored(shop)[:8] == [
        ("member_of", str(vip)),
        ("member_of", str(vip)),
        ("finished", f"{vip}:1"),
        ("days_since_finished", f"{vip}:7"),
        ("running", f"{vip}:0"),
        ("category_id", str(shoes)),
        ("category_id", f"{shoes},{shoes - 1}"),
        ("product_id", str(shirt)),
    ]
    assert export(shop, "Some") == text
    assert {one.outcome for one in apply(shop, text)} == {"unchanged"}
    with shop.read() as tx:
        [candidate] = load_candidates(
            tx, [shop.row(shop.tables.segment, name="Some")["segment_id"]]
        )
        query = matching_by_conditions()(tx, candidate, shop.now)
        assert list(tx.connection.scalars(query)) == []
    told = explain_segment(shop.shop, "Some", now=shop.now)
    assert [line.words for line in told.lines[1:]] == exported_conditions(shop, "Some")


def test_a_renamed_segment_is_told_by_its_new_name(sales: SalesBuilder, shop: ShopBuilder) -> None:
    vip = shop.segment("VIP")
    apply(shop, file('segment: member of "vip"'))
    shop.change(shop.tables.segment, {"segment_id": vip}, name="Gold")

    assert exported_conditions(shop, "Some") == ['segment: member of "Gold"']
    [fault] = faults(shop, file('segment: member of "Golden"'))
    assert "names the segment 'Golden', which is not there; did you mean 'Gold'?" in fault
    assert fault.startswith("f.yaml:9: ")


def test_new_segments_of_a_file_name_each_other(sales: SalesBuilder, shop: ShopBuilder) -> None:
    first = file('segment: member of "B"', 'sequence: finished "A" = no', name="A")
    second = file("customer: first name = Ada", 'sequence: running "A" = yes', name="B")
    both = first + second.removeprefix("segments:\n")

    assert {one.outcome for one in apply(shop, both, dry_run=True)} == {"created"}
    apply(shop, both)

    ids = {row["name"]: row["segment_id"] for row in shop.rows(shop.tables.segment)}
    assert stored(shop, "A") == [("member_of", str(ids["B"])), ("finished", f"{ids['A']}:0")]
    assert stored(shop, "B")[1] == ("running", f"{ids['A']}:1")
    assert export(shop) == both
    assert {one.outcome for one in apply(shop, both)} == {"unchanged"}


def test_a_file_comes_after_the_one_whose_segment_it_names(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    first = file('segment: member of "B"', name="A")

    apply(shop, first, file("customer: first name = Ada", name="B"))

    assert exported_conditions(shop, "A") == ['segment: member of "B"']


def test_a_circle_is_refused_with_its_names(sales: SalesBuilder, shop: ShopBuilder) -> None:
    apply(shop, file("customer: first name = Ada", name="A"))
    apply(shop, file('segment: member of "A"', name="B"))

    [fault] = faults(shop, file('segment: member of "B"', name="A"))

    assert fault == ("f.yaml:8: The conditions go in a circle: 'A' names 'B', 'B' names 'A'.")
    assert stored(shop, "A") == [("firstname", "Ada")]
    assert "'Self' names 'Self'" in faults(shop, file('segment: member of "Self"', name="Self"))[0]


def test_names_that_several_have_are_refused_with_the_choices(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    one, two = shop.segment("Twin"), shop.segment("twin")
    men, women = sales.category("Men"), sales.category("Women")
    boots, others = (sales.category("Boots", f"1/2/{id}") for id in (men, women))
    sales.product("A", name="Shirt")
    sales.product("B", name="Shirt")

    told = faults(
        shop,
        file('segment: member of "Twin"', "cart item: category = Boots", "viewed: product = Shirt"),
    )

    assert (
        f"of which there are 2: 'Twin' (id {one}), 'twin' (id {two}); write 'id {one}'" in told[0]
    )
    assert f"'Men/Boots' (id {boots}), 'Women/Boots' (id {others})" in told[1]
    assert "the product 'Shirt', of which there are 2" in told[2]
    apply(shop, file(f"segment: member of id {two}", "cart item: category = women / boots"))
    apply(shop, file(f"segment: member of {two}", "cart item: category = Women/Boots"))
    assert stored(shop) == [("member_of", str(two)), ("category_id", str(others))]
    assert exported_conditions(shop, "Some") == [
        f'segment: member of "id {two}"',
        "cart item: category = Women/Boots",
    ]
    apply(shop, export(shop, "Some"))
    assert stored(shop)[0] == ("member_of", str(two))


def test_ids_still_work_and_have_names_where_the_shop_knows_them(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    shoes = sales.category("Shoes")

    apply(shop, file(f"viewed: category id is one of {shoes}, 99", "viewed: product id = 7"))

    assert stored(shop) == [("category_id", f"{shoes},99"), ("product_id", "7")]
    assert exported_conditions(shop, "Some")[0] == f"viewed: category id is one of {shoes}, 99"


def test_what_is_not_there_is_refused(sales: SalesBuilder, shop: ShopBuilder) -> None:
    sales.category("Shoes")

    told = faults(
        shop,
        file("cart item: category = Shoe", "order item: product = X", "sequence: running Y = no"),
    )

    assert "names the category 'Shoe', which is not there; did you mean 'Shoes'?" in told[0]
    assert "names the product 'X', which is not there." in told[1]
    assert "names the segment 'Y', which is not there" in told[2]


def test_a_deleted_segment_is_a_fault_at_the_refresh(
    sales: SalesBuilder, shop: ShopBuilder
) -> None:
    vip = shop.segment("VIP")
    apply(shop, file('segment: member of "VIP"'))
    shop.database.transact(
        lambda c: c.execute(
            shop.tables.segment.delete().where(shop.tables.segment.c.segment_id == vip)
        )
    )

    told = explain_segment(shop.shop, "Some", now=shop.now)

    assert told.lines[1].fault == (
        f"condition 1 (segment/member_of) names the segment '{vip}', which is not there."
    )


def test_choices_of_product_attributes_have_labels(sales: SalesBuilder, shop: ShopBuilder) -> None:
    red, blue = sales.choices(107, "Red", "Blue")

    apply(shop, file("order item: product_color is one of red, Blue"))

    assert stored(shop) == [("product_color", f"{red},{blue}")]
    assert exported_conditions(shop, "Some") == ["order item: product_color is one of Red, Blue"]
    [fault] = faults(shop, file("order item: product_color = Pink"))
    assert (
        "names the choice of 'color' 'Pink', which is not there; there are 'Red', 'Blue'." in fault
    )
