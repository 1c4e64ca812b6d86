"""`segmail refresh-segments`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from segmail.cli import program
from segmail.maho.policies import Goal, OnExit, OnReentry, Policy, RefreshedBy, load_policies
from segmail.maho.shop import Shop
from segmail.segments.refresh import run as refresh_run
from segmail.segments.refresh.segment import refresh_segment
from tests.database.refresh.refreshing import members, scheduled
from tests.sales_tables import create_sales_tables
from tests.shop_builder import ShopBuilder

PREFIX = "customersegmentation/segment_condition_"


@pytest.fixture
def engine_name() -> str:
    """The server alone: it is about what is printed."""
    return "mariadb"


def leaf(family: str, attribute: str, operator: str, value: Any) -> dict[str, Any]:
    told = {"attribute": attribute, "operator": operator, "value": value}
    return {"type": PREFIX + family, **told}


def stored(*conditions: dict[str, Any]) -> str:
    root = {"type": PREFIX + "combine", "aggregator": "all", "value": "1"}
    return json.dumps({**root, "conditions": conditions})


GROUP_1 = leaf("customer_attributes", "group_id", "==", "1")
AT_WORK = leaf("customer_attributes", "email", "{}", "work.test")
DISCOUNT = ("order_attributes", "discount_amount", ">=", "10")
UNKNOWN = leaf("customer_star", "sign", "==", "leo")


@pytest.fixture(autouse=True)
def sales(shop: ShopBuilder) -> None:
    create_sales_tables(shop)
    shop.config("customer_segmentation/email_automation/enabled", "1")


def add_segment(shop: ShopBuilder, name: str, *conditions: dict[str, Any], **columns: Any) -> int:
    tree = stored(*conditions)
    return shop.segment(name, conditions_serialized=tree, website_ids="1", **columns)


def segmail(shop: ShopBuilder, *arguments: str) -> Result:
    url = shop.url.render_as_string(hide_password=False)
    options = ["--database-url", url, "--now", "2026-03-10 12:00"]
    return CliRunner().invoke(program, [*options, *arguments])


def test_a_refresh_is_silent_under_cron_and_enrols(shop: ShopBuilder) -> None:
    vip = add_segment(shop, "VIP", AT_WORK)
    shop.step(vip)
    ada, _bob = shop.customer("ada@work.test"), shop.customer("bob@home.test")

    result = segmail(shop, "refresh-segments")

    assert (result.exit_code, result.stdout) == (0, "")
    assert (members(shop, vip), scheduled(shop)) == ({ada}, [(ada, "enter", 1)])
    assert "Refreshed segment 1 'VIP': 1 member, 1 entered, 0 left, 1 enrolled" in result.stderr


def test_json_tells_every_number(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1)
    shop.customer()

    told = json.loads(segmail(shop, "refresh-segments", "--json").stdout)

    assert told["swept"] == {"unsubscribed": 0, "orphans": 0}
    [one] = told["segments"]
    assert (one["state"], one["members"], one["entered"]) == ("refreshed", 1, 1)


def test_a_dry_run_prints_a_table(shop: ShopBuilder) -> None:
    vip = add_segment(shop, "VIP", GROUP_1)
    shop.customer()

    result = segmail(shop, "refresh-segments", "--dry-run")

    assert "Dry run: nothing was changed" in result.stdout
    assert members(shop, vip) == set()


def test_unusable_conditions_end_with_78_and_leave_everything(shop: ShopBuilder) -> None:
    broken, good = add_segment(shop, "Broken", UNKNOWN), add_segment(shop, "Good", GROUP_1)
    ada = shop.customer()

    result = segmail(shop, "refresh-segments")

    assert result.exit_code == 78
    assert "1 of 2 segments could not be refreshed" in result.stderr
    assert "Could not refresh segment 1 'Broken'" in result.stderr
    assert (members(shop, broken), members(shop, good)) == (set(), {ada})


def test_what_a_person_must_mend_is_one_line_of_the_log_and_no_traceback(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    add_segment(shop, "Broken", UNKNOWN)
    log = tmp_path / "segmail.log"

    for _ in range(2):
        assert segmail(shop, "--log-file", str(log), "refresh-segments").exit_code == 78

    assert log.read_text().count("Could not refresh segment 1 'Broken'") == 2
    assert "Traceback" not in log.read_text()
    assert not log.with_name("exception.log").exists()


def test_an_error_of_the_database_has_a_traceback_for_who_looks_into_it(
    shop: ShopBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_segment(shop, "Good", GROUP_1)
    log = tmp_path / "segmail.log"
    fault = OperationalError("SELECT 1", {}, Exception("disk I/O error"))
    monkeypatch.setattr(refresh_run, "refresh_segment", Mock(side_effect=fault))

    assert segmail(shop, "--log-file", str(log), "refresh-segments").exit_code == 1

    assert "Could not refresh segment 1 'Good': disk I/O error" in log.read_text()
    assert "Traceback" in log.with_name("exception.log").read_text()


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("bug", [TypeError, KeyError, RecursionError, AssertionError])
def test_a_bug_costs_one_segment_and_is_told(
    shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bug: type[Exception]
) -> None:
    first, bad, last = (add_segment(shop, name, GROUP_1) for name in ("First", "Bad", "Last"))
    log = tmp_path / "segmail.log"
    ada = shop.customer()

    def fail(shop: Shop, segment_id: int, *arguments: Any, **options: Any) -> Any:
        if segment_id == bad:
            raise bug("never thought of")
        return refresh_segment(shop, segment_id, *arguments, **options)

    monkeypatch.setattr(refresh_run, "refresh_segment", fail)

    ran = segmail(shop, "--log-file", str(log), "refresh-segments")

    assert (ran.exit_code, members(shop, first), members(shop, last)) == (1, {ada}, {ada})
    assert "1 of 3 segments could not be refreshed; the log says why" in ran.stderr
    assert (
        f"Could not refresh segment {bad} 'Bad': a bug in segmail: {bug.__name__}; "
        "exception.log has its traceback"
    ) in log.read_text()
    assert "never thought of" in log.with_name("exception.log").read_text()
    assert shop.row(shop.tables.segment, segment_id=bad)["refresh_status"] == "error"


def test_failures_of_several_kinds_end_with_1(shop: ShopBuilder) -> None:
    add_segment(shop, "Broken", UNKNOWN)
    shop.step(add_segment(shop, "Large", GROUP_1))
    shop.customer()

    result = segmail(shop, "refresh-segments", "--enrol-limit", "0")

    assert result.exit_code == 1
    assert "1 of 2 segments could not be refreshed" in result.stderr
    assert "In 1 of 2 segments the enrolment waits for a word" in result.stderr
    assert segmail(shop, "refresh-segments", "--no-enrol", "--segment", "Large").exit_code == 0


def test_the_limit_may_stand_in_segmail_toml(shop: ShopBuilder, tmp_path: Any) -> None:
    file = tmp_path / "segmail.toml"
    file.write_text("[segments]\nenrol_limit = 1\n")
    shop.step(add_segment(shop, "Large", GROUP_1))
    for _ in range(2):
        shop.customer()

    result = segmail(shop, "--config", str(file), "refresh-segments")

    assert result.exit_code == 1
    assert "would enrol 2 customers at once, more than the limit of 1" in result.stderr


def test_nothing_is_refreshed_while_the_automation_is_off(shop: ShopBuilder) -> None:
    shop.config("customer_segmentation/email_automation/enabled", "0")
    vip = add_segment(shop, "VIP", GROUP_1)
    shop.customer()

    result = segmail(shop, "refresh-segments")

    assert "no segment was refreshed" in result.stderr
    assert members(shop, vip) == set()


def test_conditions_that_only_segmail_knows_are_warned_about_in_automatic_segments(
    shop: ShopBuilder,
) -> None:
    own = leaf("list", "customer_id", "()", "1")
    add_segment(shop, "Listed", own)
    add_segment(shop, "Kept", own, refresh_mode="manual")
    shop.customer()

    result = segmail(shop, "refresh-segments")

    assert "segmail segment automation 1 on --refresh segmail" in result.stderr
    assert "automation 2" not in result.stderr
    assert "Refreshed segment 2 'Kept': 1 member," in result.stderr


def test_policies_are_set_by_segment_automation(shop: ShopBuilder) -> None:
    shop.step(add_segment(shop, "VIP", GROUP_1))
    policies = ["--on-exit", "stop", "--goal", "order", "--on-reentry", "each entry after 7 days"]
    policies += ["--group", "carts", "--priority", "20"]

    result = segmail(shop, "segment", "automation", "VIP", "on", *policies, "--refresh", "segmail")

    with shop.read() as tx:
        found = load_policies(tx)
    assert result.stdout.splitlines()[-1] == (
        "Its policies are now: on exit stop, goal order, on re-entry each entry after 7 days, "
        "group carts, priority 20, holdout none, refreshed by segmail."
    )
    assert found == {
        1: Policy(
            OnExit.STOP,
            Goal.ORDER,
            OnReentry("each entry after 7 days"),
            RefreshedBy.SEGMAIL,
            "carts",
            20,
        ),
    }
    assert shop.row(shop.tables.segment)["refresh_mode"] == "manual"
    shown = segmail(shop, "segment", "show", "VIP").stdout
    assert "each entry after 7 days" in shown
    assert "carts" in shown
    told = segmail(shop, "segment", "automation", "VIP", "on", "--group", "none").stdout
    assert "group none, priority 20" in told


def test_a_policy_that_is_not_given_stays(shop: ShopBuilder) -> None:
    shop.step(add_segment(shop, "VIP", GROUP_1))
    segmail(shop, "segment", "automation", "VIP", "on", "--goal", "order")

    told = segmail(shop, "segment", "automation", "VIP", "on", "--on-exit", "continue", "--json")

    done = json.loads(told.stdout)
    assert (done["changed"], done["policy_changed"]) == (False, True)
    assert done["policy"]["goal"] == "order"
    assert done["policy"]["on_exit"] == "continue"


def test_match_prints_the_ids(shop: ShopBuilder) -> None:
    vip = add_segment(shop, "VIP", GROUP_1)
    people = [shop.customer(), shop.customer()]

    assert segmail(shop, "segment", "match", "VIP").stdout.split() == [str(id) for id in people]
    assert json.loads(segmail(shop, "segment", "match", "VIP", "--json").stdout) == people
    assert members(shop, vip) == set()


def test_match_says_which_condition_decides(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1, AT_WORK)
    shop.customer("ada@home.test")

    printed = segmail(shop, "segment", "match", "VIP", "--customer", "ADA@home.test")
    told = json.loads(segmail(shop, "segment", "match", "1", "--customer", "1", "--json").stdout)

    assert printed.stdout.startswith("Customer 1 does not match 'VIP', and is no member now.")
    assert [(one["matches"], one["decides"]) for one in told["conditions"]] == [
        (True, False),
        (False, True),
    ]


def test_match_tells_what_no_condition_can_make_up_for(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1, customer_group_ids="2,3")
    shop.customer(is_active=0, website_id=None)

    told = segmail(shop, "segment", "match", "VIP", "--customer", "1").stdout

    assert "the account is inactive" in told
    assert "website None is not the segment's" in told
    assert "customer group 1 is not the segment's" in told


def test_match_of_a_customer_who_is_not_there_is_wrong_usage(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1)

    assert segmail(shop, "segment", "match", "VIP", "--customer", "x@y.test").exit_code == 2


def test_explain_tells_words_numbers_and_sql(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1, AT_WORK)
    shop.customer("ada@work.test")
    shop.customer("bob@home.test")

    shown = segmail(shop, "segment", "explain", "VIP")
    told = json.loads(segmail(shop, "segment", "explain", "VIP", "--json").stdout)

    assert shown.exit_code == 0, shown.stderr
    assert "customer: email contains work.test" in shown.stdout
    assert "1 of 2 active customers of its websites and groups match" in shown.stdout
    assert [line["customers"] for line in told["lines"]] == [None, 2, 1]
    with shop.database.read() as connection:
        assert connection.scalars(text(told["sql"])).all() == [1]


def test_explain_names_every_unusable_condition(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1, UNKNOWN, leaf("customer_clv", "lifetime_sales", ">=", "lots"))

    result = segmail(shop, "segment", "explain", "VIP")

    assert result.exit_code == 78
    assert "(customer_star/sign)" in result.stderr
    assert "lots" in result.stderr


def test_explain_tells_what_differs_from_maho(shop: ShopBuilder) -> None:
    own, discount = leaf("list", "customer_id", "()", "1"), leaf(*DISCOUNT)
    add_segment(shop, "VIP", GROUP_1, own, discount)
    add_segment(shop, "Same", GROUP_1)

    shown = segmail(shop, "segment", "explain", "VIP").stdout
    told = json.loads(segmail(shop, "segment", "explain", "VIP", "--json").stdout)

    assert "Different from Maho" in shown
    assert "Maho compares the discount as a negative amount." in shown
    assert [one["path"] for one in told["differs_from_maho"]] == ["2", "3"]
    assert (
        "It is refreshed by what changed in a large shop; whole by the first refresh of a day."
        in shown
    )
    assert "Different from Maho" not in segmail(shop, "segment", "explain", "Same").stdout


def test_explain_tells_what_maho_makes_of_an_unusable_condition(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", leaf("order_attributes", "nosuch", "==", "1"))

    told = json.loads(segmail(shop, "segment", "explain", "VIP", "--json").stdout)

    [one] = told["differs_from_maho"]
    assert (one["path"], told["sql"]) == ("1", None)
    assert "matches everybody" in one["sentence"]


def test_explain_writes_whole_numbers_as_such(shop: ShopBuilder) -> None:
    add_segment(shop, "VIP", GROUP_1, leaf("customer_clv", "lifetime_sales", ">=", "99.5"))

    shown = segmail(shop, "segment", "explain", "VIP").stdout

    assert "group_id IN (1)" in shown
    assert ">= 99.5" in shown
