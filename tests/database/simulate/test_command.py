"""`segmail simulate`: what it says, and that nothing else comes of it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, text

from segmail.cli import program
from segmail.commands.simulate import _FORMATS
from segmail.maho.schema.tables import Layout
from tests.database.simulate.played_shop import fill
from tests.program import start
from tests.shop_builder import ShopBuilder

READER = "segmail_reader"


def simulate(shop: ShopBuilder, *arguments: str, url: URL | None = None) -> Result:
    told = (url or shop.url).render_as_string(hide_password=False)
    return CliRunner().invoke(
        program,
        ["--database-url", told, "--table-prefix", shop.tables.prefix, "--now", "2026-03-10 12:00",
         "simulate", *arguments],
    )  # fmt: skip


@pytest.fixture
def reader(mariadb_shop: ShopBuilder) -> Iterator[URL]:
    """The shop's URL for a user who may only read; all statements of the server are logged."""
    database = mariadb_shop.database
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE USER '{READER}'@'%' IDENTIFIED BY 'reads'"))
        name = mariadb_shop.url.database
        connection.execute(text(f"GRANT SELECT ON {name}.* TO '{READER}'@'%'"))
    yield mariadb_shop.url.set(username=READER, password="reads")
    with database.engine.begin() as connection:
        connection.execute(text(f"DROP USER '{READER}'@'%'"))


@pytest.mark.parametrize("layout", [Layout.SPEC])
@pytest.mark.parametrize("prefix", ["shop_"])
def test_the_shop_is_only_read(
    mariadb_shop: ShopBuilder, reader: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMAIL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SEGMAIL_SMTP_URL", f"file://{tmp_path}/mails")
    fill(mariadb_shop, seed=1)
    mariadb_shop.config("system/smtp/enabled", "smtp")
    with mariadb_shop.database.engine.begin() as connection:
        before = connection.scalar(text("SELECT @@general_log, @@log_output"))
        connection.execute(text("TRUNCATE mysql.general_log"))
        connection.execute(text("SET GLOBAL log_output = 'TABLE'"))
        connection.execute(text("SET GLOBAL general_log = 1"))
    told = simulate(mariadb_shop, "--recipe", "welcome", "--days", "3", "--json", url=reader)
    with mariadb_shop.database.engine.begin() as connection:
        connection.execute(text(f"SET GLOBAL general_log = {before or 0}"))
        rows = connection.execute(
            text(
                "SELECT argument FROM mysql.general_log WHERE user_host LIKE :user "
                "AND command_type IN ('Query', 'Prepare', 'Execute')"
            ),
            {"user": f"{READER}%"},
        )
        statements = [
            str(row.argument, "utf-8") if isinstance(row.argument, bytes) else row.argument
            for row in rows
        ]

    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["sent"] > 3
    verbs = {one.split()[0].upper() for one in statements}
    assert "SELECT" in verbs
    assert verbs <= {"SELECT", "SET", "ROLLBACK", "COMMIT", "SHOW"}
    assert not [one for one in statements if "INTO OUTFILE" in one or "FOR UPDATE" in one]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_tells_the_same_as_text_json_and_page(shop: ShopBuilder, tmp_path: Path) -> None:
    fill(shop, seed=1)
    shop.change(shop.tables.customer, {"entity_id": 1}, email="<b>@example.test")
    arguments = ("--recipe", "abandoned-cart", "--recipe", "welcome", "--days", "3")
    page = tmp_path / "simulation.html"

    as_text = simulate(shop, *arguments, "--customer", "1", "--customer", "2")
    told = json.loads(simulate(shop, *arguments, "--json").stdout)
    written = simulate(shop, *arguments, "--format", "html", "--output", str(page))

    assert (as_text.exit_code, written.exit_code) == (0, 0), as_text.output + written.output
    assert "2 of 30 customers" in as_text.stdout
    sent = [one for one in told["mails"] if one["outcome"] == "sent"]
    assert len(sent) == told["sent"] == sum(day["sent"] for day in told["days"])
    steps = [step for segment in told["segments"] for step in segment["steps"]]
    assert sum(step["sent"] for step in steps) == told["sent"] > 10
    assert sum(one["made"] for one in told["coupons"]) == sum(step["coupons"] for step in steps)
    html = page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    assert "<b>" not in html
    assert html.count("<circle") == len(told["mails"])
    for outside in ("http://", "https://", "<script", "<link", "url("):
        assert outside not in html


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--event", "1 jumps on day 2"), "it must be like"),
        (("--event", "99 orders on day 2"), "There is no customer '99'"),
        (("--event", "99 orders as guest with coupon for 9 on day 2"), "There is no customer '99'"),
        (("--event", "1 orders on day 1 at 9:00"), "before the simulation begins"),
        (("--event", "1 orders on day 9"), "after the simulation ends"),
        (("--event", "1 unsubscribes with coupon on day 2"), "only orders"),
        (("--customer", "nobody@example.test"), "There is no customer"),
        (("--recipe", "welcom"), "Did you mean 'welcome'?"),
        (("/nope.yaml",), "cannot be read"),
    ],
)
def test_what_means_nothing_is_told(
    shop: ShopBuilder, arguments: tuple[str, ...], said: str
) -> None:
    fill(shop, seed=1)
    told = simulate(shop, "--days", "3", *arguments)

    assert told.exit_code == 2
    assert said in told.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)]
)
def test_a_signal_leaves_nothing_behind(
    shop: ShopBuilder, tmp_path: Path, number: signal.Signals
) -> None:
    fill(shop, seed=1)
    place = tmp_path / "temporary"
    place.mkdir()
    options = ("simulate", "--recipe", "welcome", "--days", "300")
    with start(shop.url, tmp_path, *options, env={"TMPDIR": str(place)}) as run:
        while not any(place.glob("segmail-copy-*/shop.sqlite")):
            assert run.poll() is None
            time.sleep(0.01)
        time.sleep(0.5)
        run.send_signal(number)
        _out, err = run.communicate(timeout=300)

    assert (run.returncode, err) == (130, "Interrupted.\n")
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_bar_is_gone_before_anything_is_printed(
    shop: ShopBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []

    @contextmanager
    def bar(_label: str, _total: int) -> Iterator[Callable[[int], None]]:
        yield lambda _days: happened.append("a day")
        happened.append("the bar is gone")

    monkeypatch.setattr("segmail.commands.simulate.progress_bar", bar)

    def shown(_simulation: object) -> Iterator[str]:
        happened.append("shown")
        yield ""

    monkeypatch.setitem(_FORMATS, "text", shown)

    assert simulate(shop, "--days", "1").exit_code == 0
    assert happened[-2:] == ["the bar is gone", "shown"]
