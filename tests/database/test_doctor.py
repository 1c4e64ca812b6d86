"""What the doctor finds in a shop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segmail.clock import Clock
from segmail.doctor import examine as examination
from segmail.doctor.delivery import state_findings
from segmail.doctor.examine import examine
from segmail.doctor.findings import Area, AreaFinding
from segmail.errors import DatabaseRefuses
from segmail.findings import Severity
from segmail.maho.config.switch import FLAG, MAHOS_JOB, OWN
from segmail.maho.schema.tables import Layout
from segmail.settings import Settings
from tests.sales_builder import SalesBuilder
from tests.shop_builder import ShopBuilder

PREFIX = "customersegmentation/segment_condition_"
UNKNOWN = ("customer_star", "sign", "leo")
ONLY_SEGMAILS = ("cart_attributes", "hours_since_updated", "3")


def stored(family: str, attribute: str, value: str) -> str:
    told = {"attribute": attribute, "operator": ">=", "value": value}
    children = [{"type": PREFIX + family, **told}]
    root = {"type": PREFIX + "combine", "aggregator": "all", "value": "1"}
    return json.dumps({**root, "conditions": children})


def found(shop: ShopBuilder, area: Area, folder: Path = Path("/tmp")) -> list[AreaFinding]:  # noqa: S108
    return [one for one in every_finding(shop, folder) if one.where is area]


def every_finding(shop: ShopBuilder, folder: Path = Path("/tmp")) -> list[AreaFinding]:  # noqa: S108
    settings = Settings(folder, table_prefix=shop.tables.prefix, smtp_url="file:///mails")
    return list(examine(shop.database, settings, lambda: shop.shop, clock=Clock(shop.now)))


def severities(findings: list[AreaFinding]) -> list[Severity]:
    return [one.severity for one in findings]


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("prefix", ["", "m_"])
def test_an_empty_shop_has_no_errors(shop: ShopBuilder, tmp_path: Path) -> None:
    errors = [one for one in every_finding(shop, tmp_path) if one.severity == "error"]

    assert errors == []


def test_maho_sending_beside_segmail_is_a_warning(shop: ShopBuilder) -> None:
    shop.config(FLAG, "1")

    [both, on] = found(shop, Area.SWITCHES)

    assert (on.severity, on.what) == ("ok", f"Switched on by {FLAG}.")
    assert (both.severity, "both would send" in both.what) == ("warning", True)


def test_segmails_own_switch_does_not_stop_maho(shop: ShopBuilder) -> None:
    shop.config(FLAG, "1")
    shop.config(OWN, "1")

    assert severities(found(shop, Area.SWITCHES)) == ["warning", "ok"]


@pytest.mark.parametrize("path", [FLAG, MAHOS_JOB])
def test_maho_is_stopped_by_the_flag_or_by_the_switch_of_its_job(
    shop: ShopBuilder, path: str
) -> None:
    shop.config(OWN, "1")
    shop.config(path, "0")

    [on] = found(shop, Area.SWITCHES)

    assert on.what == f"Switched on by {OWN}."


def test_automation_that_is_switched_off_is_a_warning_with_the_setting(shop: ShopBuilder) -> None:
    shop.config(FLAG, "0")

    [off] = found(shop, Area.SWITCHES)

    assert off.severity == "warning"
    assert f"switched off by {FLAG}" in off.what


def test_an_unknown_condition_is_an_error_that_names_segment_and_leaf(shop: ShopBuilder) -> None:
    shop.segment("Leos", conditions_serialized=stored(*UNKNOWN), website_ids="1")

    [fault] = found(shop, Area.SEGMENTS)

    assert fault.severity == "error"
    assert "Segment 1 'Leos': The type of condition 1 (customer_star/sign)" in fault.what


def test_an_unknown_condition_of_an_inactive_segment_is_a_warning(shop: ShopBuilder) -> None:
    shop.segment("Leos", conditions_serialized=stored(*UNKNOWN), is_active=0)

    assert severities(found(shop, Area.SEGMENTS)) == ["warning"]


def test_conditions_that_maho_would_delete_are_a_warning(shop: ShopBuilder) -> None:
    SalesBuilder(shop)  # the carts that they read
    tree = stored(*ONLY_SEGMAILS)
    shop.segment("Carts", conditions_serialized=tree, website_ids="1", refresh_mode="auto")

    [warning] = found(shop, Area.SEGMENTS)

    assert (warning.severity, "Maho deletes" in warning.what) == ("warning", True)
    assert warning.advice == "segmail segment automation 1 on --refresh segmail"


def test_a_fault_of_a_step_is_told_with_the_step(shop: ShopBuilder) -> None:
    shop.segment("Nobody's")

    [fault] = found(shop, Area.STEPS)

    assert fault.severity == "error"
    assert fault.what.startswith("Nobody's: The automation of 'Nobody's' is on")
    assert fault.advice.endswith("step, or run: segmail segment automation 1 off")


def test_what_is_wrong_and_what_to_do_are_apart_wherever_a_sentence_ends(
    shop: ShopBuilder,
) -> None:
    shop.config("general/locale/timezone", "St. Moritz, e.g. noon", scope="stores", id=2)
    shop.config("customer_segmentation/segmail/segment/1/v. 2", "x")

    [zone] = found(shop, Area.TIME_ZONES)
    [policy] = found(shop, Area.SEGMENTS)

    assert "'St. Moritz, e.g. noon' of store 2 is no time zone known here." in zone.what
    assert zone.advice == "Choose one in Maho's configuration, General > Locale Options."
    assert policy.what.endswith("segment/1/v. 2' is no policy of a segment.")
    assert policy.advice == "Delete it."


def test_a_return_path_that_is_no_address_is_an_error(shop: ShopBuilder) -> None:
    shop.config("system/smtp/set_return_path", "1")
    shop.config("system/smtp/return_path_email", "nobody")

    [finding] = found(shop, Area.MAIL)

    assert finding.severity is Severity.ERROR
    assert finding.what.startswith("system/smtp/return_path_email is not an e-mail address")
    assert finding.advice == "Correct or empty it in Maho."


def test_a_state_directory_that_is_still_to_be_made_is_in_order(tmp_path: Path) -> None:
    [finding] = state_findings(tmp_path / "var" / "segmail")

    assert finding.severity == "ok"


def test_a_state_directory_under_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    [finding] = state_findings(tmp_path / "file" / "segmail")

    assert (finding.severity, "is no directory" in finding.what) == ("error", True)


def test_a_store_without_base_url_is_an_error_with_its_name_and_the_setting(
    shop: ShopBuilder,
) -> None:
    shop.config("web/unsecure/base_url", "{{base_url}}", scope="stores", id=2)

    [one] = found(shop, Area.BASE_URLS)

    assert (
        one.severity,
        "no base URL that customers reach (web/unsecure/base_url)" in one.what,
    ) == (
        Severity.ERROR,
        True,
    )
    assert "web/unsecure/base_url" in one.advice


def test_a_server_without_room_is_one_finding(
    shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> None:
        raise DatabaseRefuses("The database cannot do this now: its disk is full.")

    monkeypatch.setattr(examination, "check_schema", refuse)

    findings = every_finding(shop)

    assert [str(one) for one in findings if one.where is Area.SCHEMA] == [
        "The database cannot do this now: its disk is full."
    ]
    assert {one.where for one in findings} >= {Area.PROGRAM, Area.STATE, Area.LOG, Area.DISK}
