"""Shared fixtures: a database server for the run, a fresh shop for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, create_engine, make_url, text

from segmail.log import exceptions, logger
from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, build_tables
from segmail.maho.shop import Shop
from tests.jobs import Runner
from tests.mariadb import private_server
from tests.shop_builder import ShopBuilder

NOW = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)

# The same examples each time, so that a change is judged by what it changes; bin/fuzz tries others.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile(
    "fuzz", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("same")

_SERVER = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start one private server for the run; xdist's workers inherit its address."""
    if "SEGMAIL_TEST_DATABASE_URL" in os.environ or config.option.collectonly:
        return
    os.environ["SEGMAIL_TEST_DATABASE_URL"] = _SERVER.enter_context(private_server())


def pytest_unconfigure() -> None:
    _SERVER.close()


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """Undo what a command did to the loggers, and close its log files."""
    yield
    for target in (logger, exceptions):
        target.propagate = True
        for handler in list(target.handlers):
            target.removeHandler(handler)
            handler.close()


@pytest.fixture
def now() -> datetime:
    """The moment at which every test happens: 2026-03-10 12:00 UTC."""
    return NOW


@pytest.fixture(scope="session")
def server_url() -> URL:
    """The test server, without a database."""
    return make_url(os.environ["SEGMAIL_TEST_DATABASE_URL"])


@pytest.fixture(scope="session")
def shop_urls(server_url: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_ShopUrls]:
    """Makes each kind of database once a session and empties it for each test."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    urls = _ShopUrls(server_url, f"segmail_test_{worker}", tmp_path_factory.mktemp("shops"))
    yield urls
    urls.drop_all()


@pytest.fixture(params=["mariadb", "sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every test that takes a shop runs on the server and on SQLite."""
    name: str = request.param
    return name


@pytest.fixture
def layout() -> Layout:
    """Shipped Maho's layout; override by parametrizing `layout`."""
    return Layout.SHIPPED


@pytest.fixture
def prefix() -> str:
    """No table prefix; override by parametrizing `prefix`."""
    return ""


@pytest.fixture
def shop(
    engine_name: str, layout: Layout, prefix: str, shop_urls: _ShopUrls, now: datetime
) -> Iterator[ShopBuilder]:
    """A fresh shop with one website, two stores, the customer attributes and nobody in it."""
    url = shop_urls.fresh(engine_name, layout, prefix)
    database = Database(url)
    yield ShopBuilder(Shop(database, build_tables(prefix, layout)), url, now=now)
    database.close()


@pytest.fixture
def mariadb_shop(
    layout: Layout, prefix: str, shop_urls: _ShopUrls, now: datetime
) -> Iterator[ShopBuilder]:
    """A fresh shop on the server only, for what SQLite cannot show: row locks and plans."""
    url = shop_urls.fresh("mariadb", layout, prefix)
    database = Database(url)
    yield ShopBuilder(Shop(database, build_tables(prefix, layout)), url, now=now)
    database.close()


@pytest.fixture
def run_emails(shop: ShopBuilder, tmp_path: Path) -> Runner:
    """Runs `process-emails` on the shop; mails go into a folder."""
    return Runner(shop, tmp_path)


@pytest.fixture
def mariadb_runner(mariadb_shop: ShopBuilder, tmp_path: Path) -> Runner:
    """Runs `process-emails` on the shop that is on the server only."""
    return Runner(mariadb_shop, tmp_path)


class _ShopUrls:
    """Databases by engine, layout and prefix."""

    def __init__(self, server: URL, name: str, folder: Path) -> None:
        self._server = server
        self._name = name
        self._folder = folder
        self._made: dict[tuple[Layout, str], URL] = {}
        self._count = 0

    def fresh(self, engine: str, layout: Layout, prefix: str) -> URL:
        if engine == "sqlite":
            self._count += 1
            return self._copy_of_empty_file(layout, prefix)
        if (layout, prefix) not in self._made:
            self._made[layout, prefix] = self._create_on_server(layout, prefix)
        self._empty(self._made[layout, prefix], layout, prefix)
        return self._made[layout, prefix]

    def _copy_of_empty_file(self, layout: Layout, prefix: str) -> URL:
        empty = self._folder / f"empty {layout.value} {prefix}.sqlite"
        if not empty.exists():
            self._create(URL.create("sqlite", database=str(empty)), layout, prefix)
        copy = self._folder / f"{self._count}.sqlite"
        shutil.copyfile(empty, copy)
        return URL.create("sqlite", database=str(copy))

    def drop_all(self) -> None:
        engine = create_engine(self._server)
        with engine.connect() as connection:
            for url in self._made.values():
                connection.execute(text(f"DROP DATABASE {url.database}"))
        engine.dispose()

    def _create_on_server(self, layout: Layout, prefix: str) -> URL:
        name = f"{self._name}_{layout.value}_{prefix}"
        engine = create_engine(self._server)
        with engine.begin() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
            connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb3"))
        engine.dispose()
        url = self._server.set(database=name)
        self._create(url, layout, prefix)
        return url

    @staticmethod
    def _create(url: URL, layout: Layout, prefix: str) -> None:
        engine = create_engine(url)
        build_tables(prefix, layout).metadata.create_all(engine)
        engine.dispose()

    @staticmethod
    def _empty(url: URL, layout: Layout, prefix: str) -> None:
        engine = create_engine(url)
        used = text(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
            "AND (auto_increment IS NULL OR auto_increment > 1)"
        )
        with engine.begin() as connection:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            for table in connection.scalars(used).all():
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"ALTER TABLE {table} AUTO_INCREMENT = 1"))
        engine.dispose()
