"""`segmail config`: what is set, by whom, with every secret masked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from segmail.cli import program
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def file(shop: ShopBuilder, tmp_path: Path) -> Path:
    """A segmail.toml for the shop, in a folder of its own."""
    told = tmp_path / "segmail.toml"
    told.write_text(
        f"""database_url = "{shop.url.render_as_string()}"
state_dir = "state"
smtp_url = "smtp://mailer:p@ss:w@rd@mail.example.test:587?starttls=always"

[delivery]
connections = 7
""",
        "utf-8",
    )
    return told


def segmail(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(program, arguments, env=environment)


def test_each_setting_is_shown_with_who_set_it(file: Path) -> None:
    told = segmail("--config", str(file), "config", "show", "--json", SEGMAIL_TABLE_PREFIX="m_")

    found = {one["name"]: (one["value"], one["source"]) for one in json.loads(told.stdout)}
    assert found["delivery.connections"] == (7, str(file))
    assert found["delivery.batch"] == (300, "default")
    assert found["table_prefix"] == ("m_", "SEGMAIL_TABLE_PREFIX")
    assert found["state_dir"] == (str(file.parent / "state"), str(file))


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_no_secret_is_shown(file: Path, options: list[str]) -> None:
    database = "mysql://shop:s%40cr%3Aet@db.example.test/maho"

    told = segmail("--config", str(file), "--database-url", database, "config", "show", *options)

    assert told.exit_code == 0
    assert "mail.example.test:587" in told.stdout
    assert "db.example.test" in told.stdout
    for secret in ("p@ss", "w@rd", "s@cr", "s%40cr", "cr:et", "cr%3Aet"):
        assert secret not in told.stdout


def test_settings_that_lead_to_no_mail_are_told(file: Path, shop: ShopBuilder) -> None:
    assert segmail("--config", str(file), "config", "check").stdout == "The settings are right.\n"
    file.write_text(file.read_text("utf-8").replace("smtp://", "smpt://"), "utf-8")

    told = segmail("--config", str(file), "config", "check")

    assert told.exit_code == 78
    assert "must begin with smtp://" in told.stderr


def test_the_current_folder_is_the_shop_where_it_is_a_maho_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    etc = tmp_path / "app" / "etc"
    etc.mkdir(parents=True)
    (etc / "local.xml").write_text("<config/>", "utf-8")
    monkeypatch.chdir(tmp_path)

    told = segmail("config", "show")

    assert told.exit_code == 78
    assert "local.xml" in told.stderr  # it was read
