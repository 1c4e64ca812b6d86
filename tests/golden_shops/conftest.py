"""Fixtures for the recorded shops; `bin/golden` says where their dumps are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from tests.golden_shops.golden_shop import GoldenShop, loaded_shop
from tests.mariadb import private_server


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    """Where the dumps are."""
    if "SEGMAIL_GOLDEN" not in os.environ:
        pytest.fail("bin/golden runs these tests: it says where the dumps are.", pytrace=False)
    return Path(os.environ["SEGMAIL_GOLDEN"])


@pytest.fixture(scope="session", params=["26.7", "25.11"])
def release(request: pytest.FixtureRequest) -> str:
    """Every test runs on both shops: DATETIME and JSON, or TIMESTAMP and PHP's format."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def golden_server(release: str, server_url: URL) -> Iterator[URL]:
    """The run's server; for TIMESTAMP columns one whose time zone is far from UTC."""
    if release == "26.7":
        yield server_url
        return
    with private_server("--default-time-zone=+05:30") as url:
        yield make_url(url)


@pytest.fixture
def golden(
    release: str, golden_folder: Path, golden_server: URL, tmp_path: Path
) -> Iterator[GoldenShop]:
    """The shop as Maho left it."""
    dump = golden_folder / f"maho-shop-{release}.sql.gz"
    with loaded_shop(release, dump, golden_server, tmp_path) as shop:
        yield shop


@pytest.fixture(scope="module")
def golden_of_module(
    release: str, golden_folder: Path, golden_server: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GoldenShop]:
    """A shop for all tests of a module."""
    dump = golden_folder / f"maho-shop-{release}.sql.gz"
    folder = tmp_path_factory.mktemp(f"shop {release}")
    with loaded_shop(release, dump, golden_server, folder) as shop:
        yield shop
