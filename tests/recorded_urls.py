"""The shop of `golden/urls.json`: two websites, four stores, many ways to configure URLs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from segmail.maho.config.store_config import ConfigRow, ConfigStore, StoreConfig
from segmail.maho.storefront.stores import Store, Stores

RECORDED = json.loads(Path(__file__).with_name("golden").joinpath("urls.json").read_text())
CASES: list[dict[str, Any]] = RECORDED["cases"]


def recorded_config(case: dict[str, Any]) -> StoreConfig:
    """The configuration of a case: the shop's, without what it removes, with what it adds."""
    rows = [row for row in RECORDED["base"] if row[:3] not in case["removed"]]
    return StoreConfig.from_rows(
        config_rows(rows + case["added"]),
        [ConfigStore(id, code, website) for id, code, _, website, _ in RECORDED["stores"]],
    )


def recorded_stores(case: dict[str, Any]) -> Stores:
    """The stores that exist in a case, and the admin."""
    stores = {
        id: Store(
            id,
            code,
            name,
            website_id,
            group_id,
            RECORDED["groups"].get(str(group_id), ""),
            RECORDED["websites"].get(str(website_id), ""),
            is_active=True,
        )
        for id, code, name, website_id, group_id in RECORDED["stores"]
        if code == "admin" or code in case["stores"]
    }
    return Stores(stores, {1: 1, 2: 3}, 1)


def config_rows(rows: list[list[Any]]) -> list[ConfigRow]:
    return [ConfigRow(*row) for row in rows]
