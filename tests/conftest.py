"""Shared fixtures: a database server for the run, a fresh shop for each test."""

from __future__ import annotations

import copy
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, make_url, text

from segmail.log import exceptions, logger
from segmail.maho.db.database import Database
from segmail.maho.schema.tables import Layout, Tables, build_tables
from segmail.maho.shop import Shop
from tests.jobs import Runner
from tests.mariadb import memory_folder, private_server
from tests.shop_builder import ShopBuilder, insert_base
from tests.thorough import THOROUGH, by_far

NOW = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)

# The same few examples each time, so that a change is judged by what it changes; bin/fuzz tries
# others, and many.
settings.register_profile("same", max_examples=by_far(25, 50), derandomize=True, deadline=None)
settings.register_profile(
    "fuzz", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("same")

_SERVER = ExitStack()
_ENGINES = ("mariadb", "sqlite")


def pytest_configure(config: pytest.Config) -> None:
    """Start one private server for the run; xdist's workers inherit its address."""
    if "SEGMAIL_TEST_DATABASE_URL" in os.environ or config.option.collectonly:
        return
    os.environ["SEGMAIL_TEST_DATABASE_URL"] = _SERVER.enter_context(private_server())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `bin/test --all` what is marked `thorough`, and most of what runs on SQLite.

    Where a test runs on the server, it does so on SQLite only where it is marked `both_engines`,
    and there not with the spec's layout, which no shop on SQLite has.
    """
    if THOROUGH:
        return
    kinds = [_kind(item) for item in items]
    on_server = {(function, layout) for function, engine, layout in kinds if engine == "mariadb"}
    functions_on_server = {function for function, _ in on_server}
    left = [
        item
        for item, (function, engine, layout) in zip(items, kinds, strict=True)
        if item.get_closest_marker("thorough")
        or (engine == "sqlite" and layout is Layout.SPEC and (function, layout) in on_server)
        or (
            engine == "sqlite"
            and function in functions_on_server
            and not item.get_closest_marker("both_engines")
        )
    ]
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]


def pytest_collection_finish() -> None:
    """Let what was collected not be looked through as garbage again and again: it stays."""
    gc.freeze()


def _kind(item: pytest.Item) -> tuple[str, str | None, object]:
    """Return a test's function, and the engine and layout that it is called with."""
    callspec = getattr(item, "callspec", None)
    given = callspec.params if callspec else {}
    engine = next((one for one in given.values() if isinstance(one, str) and one in _ENGINES), None)
    return item.nodeid.partition("[")[0], engine, given.get("layout")


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
def databases(server_url: URL) -> Iterator[Databases]:
    """Makes each kind of database once a session and empties it for each test."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with tempfile.TemporaryDirectory(prefix="segmail-shops-", dir=memory_folder()) as folder:
        databases = Databases(server_url, f"segmail_test_{worker}", Path(folder))
        yield databases
        databases.drop_all()


@pytest.fixture(params=_ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every test that takes a shop can run on the server and on SQLite; see `both_engines`."""
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
    engine_name: str, layout: Layout, prefix: str, databases: Databases, now: datetime
) -> Iterator[ShopBuilder]:
    """A fresh shop with one website, two stores, the customer attributes and nobody in it."""
    with databases.shop(engine_name, layout, prefix, now) as shop:
        yield shop


@pytest.fixture
def mariadb_shop(
    layout: Layout, prefix: str, databases: Databases, now: datetime
) -> Iterator[ShopBuilder]:
    """A fresh shop on the server only, for what SQLite cannot show: row locks and plans."""
    with databases.shop("mariadb", layout, prefix, now) as shop:
        yield shop


@pytest.fixture
def run_emails(shop: ShopBuilder, tmp_path: Path) -> Runner:
    """Runs `process-emails` on the shop; mails go into a folder."""
    return Runner(shop, tmp_path)


@pytest.fixture
def mariadb_runner(mariadb_shop: ShopBuilder, tmp_path: Path) -> Runner:
    """Runs `process-emails` on the shop that is on the server only."""
    return Runner(mariadb_shop, tmp_path)


class Databases:
    """Databases by engine, layout and prefix.

    Each is made once and emptied for each test: on SQLite by a copy of the file, on a server by
    deleting what the test before has written. Each is opened once, so that a statement is compiled
    once a session and not once a test.
    """

    def __init__(self, server: URL, name: str, folder: Path) -> None:
        self._server = Database(server)
        self._name = name
        self._folder = folder
        self._made: dict[tuple[str, Layout, str], _Made] = {}

    @contextmanager
    def shop(
        self, engine: str, layout: Layout, prefix: str, now: datetime
    ) -> Iterator[ShopBuilder]:
        """Yield a shop with its base only; what listens to its engine does so for this test."""
        key = engine, layout, prefix
        if key not in self._made:
            self._made[key] = self._create(*key)
        else:
            self._empty(self._made[key])
        made = self._made[key]
        database = copy.copy(made.database)
        database.engine = database.engine.execution_options()
        try:
            yield ShopBuilder(
                Shop(database, made.tables), database.url, now=now, building=made.building
            )
        finally:
            database.close()
            made.building.close()

    def drop_all(self) -> None:
        with self._server.engine.begin() as connection:
            for engine, layout, prefix in self._made:
                if engine != "sqlite":
                    connection.execute(text(f"DROP DATABASE {self._on_server(layout, prefix)}"))
        self._server.close()

    def _create(self, engine: str, layout: Layout, prefix: str) -> _Made:
        if engine == "sqlite":
            file = self._folder / f"{layout.value} {prefix}.sqlite"
            file.touch()
            database = Database(URL.create("sqlite", database=str(file)))
        else:
            name = self._on_server(layout, prefix)
            with self._server.engine.begin() as connection:
                connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
                connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb3"))
            database = Database(self._server.url.set(database=name))
        tables = build_tables(prefix, layout)
        tables.metadata.create_all(database.engine)
        with database.engine.begin() as connection:
            insert_base(connection, tables)
        if engine == "sqlite":
            shutil.copyfile(file, f"{file}.empty")
            made = _Made(tables, database, Database(database.url, kept_open=True))
        else:
            made = _Made(tables, database, database, _filled(database))
        database.close()
        return made

    def _on_server(self, layout: Layout, prefix: str) -> str:
        return f"{self._name}_{layout.value}_{prefix}"

    def _empty(self, made: _Made) -> None:
        if made.database.url.get_backend_name() == "sqlite":
            _replace(Path(str(made.database.url.database)))
            return
        now = _filled(made.database)
        written = {table for table, state in now.items() if state != made.base.get(table)}
        with made.database.engine.begin() as connection:
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
            for table in written:
                connection.exec_driver_sql(f"DELETE FROM {table}")
                if now[table].counter:
                    connection.exec_driver_sql(f"ALTER TABLE {table} AUTO_INCREMENT = 1")
            if again := {table for table in made.base if now.get(table) != made.base[table]}:
                insert_base(connection, made.tables, only=again)
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 1")


@dataclass(frozen=True)
class _Content:
    """What tells whether somebody has written into a table: its rows, and the next id."""

    counter: int | None
    checksum: int


@dataclass(frozen=True)
class _Made:
    """A database; `building` is a quicker way to it, `base` what its tables hold at first."""

    tables: Tables
    database: Database
    building: Database
    base: Mapping[str, _Content] = field(default_factory=dict)


def _filled(database: Database) -> dict[str, _Content]:
    """Return the tables of a server that were ever written into since they were emptied."""
    with database.engine.begin() as connection:
        counters = connection.exec_driver_sql(
            "SELECT table_name, auto_increment FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND (auto_increment IS NULL OR auto_increment > 1)"
        )
        found = {str(table): counter for table, counter in counters}
        sums = connection.exec_driver_sql(f"CHECKSUM TABLE {', '.join(found)}")
        checksums = {str(table).rpartition(".")[2]: int(checksum) for table, checksum in sums}
    return {
        table: _Content(counter, checksums[table])
        for table, counter in found.items()
        if counter or checksums[table]
    }


def _replace(file: Path) -> None:
    """Put the empty file in its place: what a killed process left beside it belongs to no other."""
    for beside in ("-journal", "-wal", "-shm"):
        Path(f"{file}{beside}").unlink(missing_ok=True)
    shutil.copyfile(f"{file}.empty", f"{file}.new")
    Path(f"{file}.new").replace(file)
