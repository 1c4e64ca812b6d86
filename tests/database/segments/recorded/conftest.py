"""The shop on which Maho was recorded, once for each engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, create_engine, text

from tests.recorded_conditions import RecordedShop, recorded_shop


@pytest.fixture(scope="package", params=["mariadb", "sqlite"])
def recorded(
    request: pytest.FixtureRequest, server_url: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecordedShop]:
    """The shop with 240 customers on which Maho evaluated the recorded trees; only for reading."""
    if request.param == "mariadb":
        with _server_database(server_url) as url, recorded_shop(url) as shop:
            yield shop
        return
    file = tmp_path_factory.mktemp("recorded") / "shop.sqlite"
    file.touch()
    with recorded_shop(URL.create("sqlite", database=str(file))) as shop:
        yield shop


@contextmanager
def _server_database(server: URL) -> Iterator[URL]:
    name = f"segmail_recorded_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    engine = create_engine(server)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb3"))
        yield server.set(database=name)
        connection.execute(text(f"DROP DATABASE {name}"))
    engine.dispose()
