"""The shop whose pages were recorded, once for each engine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, text

from tests.recorded_content import ContentShop, content_shop


@pytest.fixture(scope="package", params=["mariadb", "sqlite"])
def content(
    request: pytest.FixtureRequest, server_url: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContentShop]:
    """The recorded shop; only for reading."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("content") / "shop.sqlite"
        file.touch()
        with content_shop(URL.create("sqlite", database=str(file))) as shop:
            yield shop
        return
    name = f"segmail_content_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    engine = create_engine(server_url)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb3"))
    with content_shop(server_url.set(database=name)) as shop:
        yield shop
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    engine.dispose()
