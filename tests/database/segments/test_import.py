"""Lists of customers, imported from files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from segmail.errors import ConditionError, InputError
from segmail.maho.policies import RefreshedBy, load_policies
from segmail.segments.conditions.families.customer_list import LONGEST
from segmail.segments.conditions.read import read_conditions
from segmail.segments.conditions.tree import Leaf, leaves
from segmail.segments.customer_match import matching_ids
from segmail.segments.import_list import Import, Imported, import_list
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.both_engines

NAME = "Tickets"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def run(shop: ShopBuilder, *mentions: object, add: bool = False, dry_run: bool = False) -> Imported:
    data = "\n".join(map(str, mentions)).encode()
    return import_list(
        shop.shop, NAME, Import(data, "file", add=add), dry_run=dry_run, now=shop.now
    )


def stored(*children: dict[str, Any]) -> str:
    prefix = "customersegmentation/segment_condition_"
    root = {"type": f"{prefix}combine", "aggregator": "all", "value": "1"}
    typed = [{**child, "type": prefix + child["type"]} for child in children]
    return json.dumps({**root, "conditions": typed})


def listed(*ids: int, operator: str = "()") -> dict[str, Any]:
    value = ",".join(map(str, ids))
    return {"type": "list", "attribute": "customer_id", "operator": operator, "value": value}


SUBSCRIBED = {
    "type": "customer_newsletter",
    "attribute": "subscriber_status",
    "operator": "==",
    "value": "1",
}


def segment(shop: ShopBuilder, conditions: str | None = None, **columns: Any) -> dict[str, Any]:
    shop.segment(NAME, **{"website_ids": "1", **columns}, conditions_serialized=conditions)
    return shop.row(shop.tables.segment)


def conditions(shop: ShopBuilder) -> list[Leaf]:
    row = shop.row(shop.tables.segment)
    return list(leaves(read_conditions(row["conditions_serialized"])))


def test_a_segment_without_conditions_gets_a_list(shop: ShopBuilder, sales: SalesBuilder) -> None:
    ada, bob, _ = shop.customer("Ada@x.test"), shop.customer("bob@x.test"), shop.customer()
    segment(shop, refresh_mode="auto", refresh_status="completed", last_refresh_at=shop.now)

    done = run(shop, "aDA@X.test", bob)

    assert (done.outcome, done.listed, done.added, done.removed) == ("changed", 2, 2, 0)
    assert matching_ids(shop.shop, NAME, now=shop.now) == [ada, bob]
    row = shop.row(shop.tables.segment)
    assert (row["refresh_mode"], row["refresh_status"]) == ("manual", "pending")
    assert row["last_refresh_at"] is None
    with shop.read() as tx:
        [policy] = load_policies(tx).values()
    assert policy.refreshed_by is RefreshedBy.SEGMAIL


def test_the_rest_of_the_conditions_stays(shop: ShopBuilder) -> None:
    one, two = shop.customer(), shop.customer()
    segment(shop, stored(SUBSCRIBED, listed(one, operator="!()")))

    done = run(shop, two)

    assert (done.listed, done.added, done.removed) == (1, 1, 1)
    first, second = conditions(shop)
    assert (first.family, first.value) == ("customer_newsletter", "1")
    assert (second.operator, second.value) == ("!()", str(two))


def test_who_is_listed_can_be_kept(shop: ShopBuilder) -> None:
    one, two = shop.customer(), shop.customer()
    segment(shop, stored(listed(99, one)))

    done = run(shop, two, one, add=True)

    assert (done.listed, done.added, done.removed) == (3, 1, 0)
    assert {*str(conditions(shop)[0].value).split(",")} == {str(one), str(two), "99"}


def test_an_import_again_writes_nothing(shop: ShopBuilder) -> None:
    one, two = shop.customer(), shop.customer()
    segment(shop)
    run(shop, one, two)
    shop.change(shop.tables.segment, {}, refresh_status="completed", updated_at=LONG_AGO)
    before = shop.row(shop.tables.segment)

    again = [run(shop, two, one), run(shop, one, add=True)]

    assert {done.outcome for done in again} == {"unchanged"}
    assert shop.row(shop.tables.segment) == before


def test_a_dry_run_writes_nothing(shop: ShopBuilder) -> None:
    before = segment(shop)

    done = run(shop, shop.customer(), dry_run=True)

    assert (done.outcome, done.added) == ("changed", 1)
    assert shop.row(shop.tables.segment) == before


def test_an_address_counts_on_the_websites_of_the_segment(shop: ShopBuilder) -> None:
    for website in (2, 3):
        shop.insert(shop.tables.website, website_id=website, code=f"w{website}", name="")
    both = {shop.customer("a@x.test", website_id=website) for website in (1, 2)}
    other = shop.customer("a@x.test", website_id=3)
    segment(shop, website_ids="1,2")

    done = run(shop, "a@x.test", other)

    assert done.unknown == [str(other)]
    assert str(conditions(shop)[0].value) == ",".join(map(str, sorted(both)))


@pytest.mark.parametrize(
    ("stored_email", "written", "is_same"),
    [
        ("Ädä@x.test", "äDÄ@X.test", True),
        ("éïÇ@x.test", "ÉÏç@x.test", True),
        ("ÀŸŽ@x.test", "àÿž@x.test", True),
        ("ΟΔΟΣ@x.test", "οδοσ@x.test", True),
        ("Борис@x.test", "бОРИС@x.test", True),
        ("İda@x.test", "İDA@x.test", True),
        ("İda@x.test", "ida@x.test", False),
        ("ıda@x.test", "ida@x.test", False),
        ("straße@x.test", "strasse@x.test", False),
        ("ẞ@x.test", "ẞ@X.test", True),
        ("ẞ@x.test", "ß@x.test", False),
        ("Ⴀ@x.test", "Ⴀ@X.test", True),
        ("Ⴀ@x.test", "ⴀ@x.test", False),
        ("Adä@x.test", "ada@x.test", False),
    ],
)
def test_an_address_is_the_same_in_upper_and_lower_case(
    shop: ShopBuilder, stored_email: str, written: str, is_same: bool
) -> None:
    anchor, customer = shop.customer("anchor@x.test"), shop.customer(stored_email)
    segment(shop)

    run(shop, anchor, written)

    ids = set(str(conditions(shop)[0].value).split(","))
    assert ids == {str(anchor), *([str(customer)] if is_same else [])}


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_as_many_addresses_as_a_list_holds_are_looked_up(shop: ShopBuilder) -> None:
    shop.customer("a7@x.test")
    segment(shop)

    done = run(shop, *(f"A{number}@x.test" for number in range(LONGEST)))

    assert (done.listed, len(done.unknown)) == (1, LONGEST - 1)


def test_unknown_customers_are_told_and_left_out(shop: ShopBuilder) -> None:
    known = shop.customer("jose@x.test")
    segment(shop)

    done = run(shop, "josé@x.test", "4294967296", "😀@x.test", "%", "jose@x.test")

    assert done.unknown == ["josé@x.test", "4294967296", "😀@x.test", "%"]
    assert conditions(shop)[0].value == str(known)


def test_a_file_of_strangers_is_refused(shop: ShopBuilder) -> None:
    one = shop.customer()
    before = segment(shop, stored(listed(one)))

    with pytest.raises(InputError, match=r"'nobody@x\.test', '98'"):
        run(shop, "nobody@x.test", 98, add=True)

    assert shop.row(shop.tables.segment) == before


@pytest.mark.parametrize(
    ("children", "fault"),
    [
        ([SUBSCRIBED], "has conditions, but no list; add '- list: "),
        ([listed(1), listed(2)], "has several lists: conditions 1 and 2"),
    ],
)
def test_other_conditions_are_left_alone(
    shop: ShopBuilder, children: list[dict[str, Any]], fault: str
) -> None:
    segment(shop, stored(*children))

    with pytest.raises(InputError, match=fault):
        run(shop, shop.customer())


def test_unreadable_conditions_are_left_alone(shop: ShopBuilder) -> None:
    segment(shop, "{")

    with pytest.raises(ConditionError, match="cannot be read"):
        run(shop, shop.customer())


def test_a_list_does_not_grow_too_long(shop: ShopBuilder) -> None:
    first = shop.customer()
    segment(shop, stored(listed(*range(first + 1, first + 1 + LONGEST))))

    with pytest.raises(InputError, match="would list 20,001 customers"):
        run(shop, first, add=True)


def test_the_longest_list_takes_one_query(shop: ShopBuilder) -> None:
    first = shop.customer("c0@x.test")
    same = {"website_id": 1, "store_id": 1, "created_at": shop.now, "updated_at": shop.now}
    rows = [{"email": f"C{n}@x.test", "group_id": 1, **same} for n in range(1, LONGEST)]
    shop.insert_all(shop.tables.customer, rows)
    segment(shop)
    statements: list[str] = []
    event.listen(
        shop.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )

    done = run(shop, *(f"c{n}@x.test" for n in range(LONGEST)))

    assert (done.listed, done.unknown) == (LONGEST, [])
    assert len([one for one in statements if "customer_entity" in one]) == 1
    assert str(conditions(shop)[0].value).startswith(f"{first},")


def test_a_list_may_be_empty_and_is_not_everybody(shop: ShopBuilder, sales: SalesBuilder) -> None:
    shop.customer()
    segment(shop)

    emptied = import_list(shop.shop, NAME, Import(b"", "file"), dry_run=False, now=shop.now)

    assert (emptied.outcome, emptied.listed) == ("changed", 0)
    assert matching_ids(shop.shop, NAME, now=shop.now) == []


def test_customers_expire_each_for_themselves(shop: ShopBuilder, sales: SalesBuilder) -> None:
    one, two = shop.customer(), shop.customer()
    segment(shop)
    days = f"{shop.now - timedelta(days=6):%Y-%m-%d %H:%M:%S}"
    file = f"customer_id,date\n{one},\n{two},{days}\n".encode()
    what = Import(file, "file", expire=timedelta(days=7))

    import_list(shop.shop, NAME, what, dry_run=False, now=shop.now)
    later = [matching_ids(shop.shop, NAME, now=shop.now + timedelta(days=day)) for day in (0, 2, 8)]
    again = import_list(
        shop.shop, NAME, Import(b"", "f", add=True), dry_run=False, now=shop.now + timedelta(days=2)
    )

    assert later == [[one, two], [one], []]
    assert (again.listed, again.removed) == (1, 1)


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-03-11", "2026-03-12T04:00:00"),
        ("2026-03-11 18:00", "2026-03-11T22:00:00"),
        ("2026-03-11T18:00:30.5+00:00", "2026-03-11T18:00:30"),
        ("0001-01-02", "0001-01-03T04:56:02"),
        ("9999-12-31", None),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_days_are_those_of_the_customers_website(
    shop: ShopBuilder, told: str, moment: str | None
) -> None:
    """Also those that a help desk writes for never, and for what it does not know."""
    shop.config("general/locale/timezone", "America/New_York", scope="websites", id=1)
    segment(shop)
    customer = shop.customer()
    file = f"customer_id,expires\n{customer},{told}\n".encode()

    for _ in range(2):
        import_list(shop.shop, NAME, Import(file, "file"), dry_run=False, now=shop.now)

    assert [leaf.value for leaf in conditions(shop)] == [
        f"{customer}@{moment}" if moment else str(customer)
    ]
