"""Configuration values as Maho 26.7.4 read them from the same rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segmail.errors import ConfigError
from segmail.maho.config.store_config import ConfigRow, ConfigStore, StoreConfig
from tests.each_case import for_each

RECORDED = json.loads(Path(__file__).parents[2].joinpath("golden/config_scopes.json").read_text())
STORES = [ConfigStore(*store) for store in RECORDED["stores"]]

DIFFERENT = {
    ("path with two parts, path with four parts", path): (
        "Maho reads a path with others below it as a list of them; segmail asks for single values."
    )
    for path in ("zz_test", "zz_test/a", "zz_test/a/b")
}


def config_of(rows: list[list[Any]], **environ: str) -> StoreConfig:
    return StoreConfig.from_rows(
        [ConfigRow(*row) for row in [*RECORDED["shop"], *rows]], STORES, environ
    )


@for_each("case", RECORDED["cases"], ids=lambda case: case["case"])
def test_every_value_and_flag_is_mahos(case: dict[str, Any]) -> None:
    config = config_of(case["rows"])

    for path, by_store in case["read"].items():
        for store_id, [value, flag] in by_store.items():
            if (case["case"], path) in DIFFERENT:
                assert config.value(path, int(store_id)) is None
            else:
                assert config.value(path, int(store_id)) == value
                assert config.flag(path, int(store_id)) is flag


def test_no_recorded_difference_is_out_of_date() -> None:
    read = {(case["case"], path) for case in RECORDED["cases"] for path in case["read"]}

    assert set(DIFFERENT) <= read


def test_a_row_of_the_default_scope_counts_whatever_its_scope_id() -> None:
    config = config_of([["default", 7, "a/b/c", "x"]])

    assert config.value("a/b/c", 3) == "x"


def test_empty_parts_of_a_stored_path_do_not_count() -> None:
    config = config_of([["default", 0, "/a//b/c/", "x"]])

    assert config.value("a/b/c") == "x"


def test_an_unknown_store_has_the_default_scope() -> None:
    config = config_of([["default", 0, "a/b/c", "x"], ["stores", 1, "a/b/c", "y"]])

    assert config.value("a/b/c", 99) == "x"


@for_each(
    ("unsecure", "secure", "expected"),
    [
        ("http://a.test/", "{{unsecure_base_url}}", "http://a.test/"),
        ("{{secure_base_url}}", "https://a.test/", "https://a.test/"),
        ("{{secure_base_url}}x", "{{unsecure_base_url}}y", "{{secure_base_url}}xy"),
        ("{{unsecure_base_url}}", "{{secure_base_url}}", "{{secure_base_url}}"),
        ("http://a.test/", "{{base_url}}s/", "http://localhost/s/"),
    ],
)
def test_base_urls_may_name_each_other_but_not_for_ever(
    unsecure: str, secure: str, expected: str
) -> None:
    config = config_of(
        [
            ["default", 0, "web/unsecure/base_url", unsecure],
            ["default", 0, "web/secure/base_url", secure],
        ]
    )

    assert config.value("web/secure/base_url") == expected


@for_each(("stored", "number"), [("90", 90), (" 12 ", 12), ("-1", -1), ("007", 7), ("", None)])
def test_a_number_is_whole(stored: str, number: int | None) -> None:
    config = config_of([["default", 0, "a/b/c", stored]])

    assert config.number("a/b/c") == number
    assert config.number("a/b/nothing") is None


@for_each("stored", ["1.9", "ninety", "1 2", "0x10", "٣", "--1"])
def test_anything_else_is_a_fault_that_names_path_and_value(stored: str) -> None:
    config = config_of([["default", 0, "a/b/c", stored]])

    with pytest.raises(ConfigError, match=f"a/b/c: '{stored}' is not a whole number"):
        config.number("a/b/c")


def test_an_environment_override_wins_over_the_stores_rows() -> None:
    config = config_of(
        [["stores", 2, "general/store_information/name", "Row"]],
        MAHO_CONFIG__STORES__IT__GENERAL__STORE_INFORMATION__NAME="Override",
        MAHO_CONFIG__STORES__ADMIN__SYSTEM__SMTP__HOST="mail.test",
    )

    assert config.value("general/store_information/name", 2) == "Override"
    assert config.value("general/store_information/name", 1) is None
    assert config.value("system/smtp/host") == "mail.test"


@for_each(
    "name",
    [
        "MAHO_CONFIG__DEFAULT__A__B__C",
        "MAHO_CONFIG__WEBSITES__BASE__A__B__C",
        "MAHO_CONFIG__STORES__NOSUCH__A__B__C",
        "MAHO_CONFIG__STORES__IT__A__B",
        "MAHO_CONFIG__STORES__IT__A__B__C2",
        "MAHO_CONFIG__STORES__it__a__b__c",
    ],
)
def test_overrides_that_reach_no_store_in_maho_reach_none_here(name: str) -> None:
    config = config_of([], **{name: "x"})

    assert [config.value("a/b/c", store_id) for store_id in range(5)] == [None] * 5


def test_a_secret_is_decrypted_with_the_shops_key() -> None:
    [case] = [c for c in RECORDED["cases"] if c["case"] == "encrypted at default scope"]
    config = config_of(case["rows"])

    secret = config.secret("system/smtp/password", RECORDED["crypt_key"])

    assert secret == "s3cret &<>\"' pass"
    assert config.secret("system/smtp/nothing", RECORDED["crypt_key"]) == ""


def test_a_secret_that_cannot_be_read_names_its_path_and_not_its_value() -> None:
    config = config_of([["default", 0, "system/smtp/password", "open sesame"]])

    with pytest.raises(ConfigError, match=r"^system/smtp/password is not an encr") as caught:
        config.secret("system/smtp/password", RECORDED["crypt_key"])
    assert "sesame" not in str(caught.value)
