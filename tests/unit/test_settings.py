"""Settings: option over environment over segmail.toml over Maho's file, every fault at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmail.errors import ConfigError
from segmail.settings import DeliverySettings, load_settings
from tests.each_case import for_each

LOCAL_XML = """<?xml version="1.0"?>
<config><global>
  <crypt><key><![CDATA[{key}]]></key></crypt>
  <resources>
    <db><table_prefix><![CDATA[mho_]]></table_prefix></db>
    <default_setup><connection>
      <host><![CDATA[db.example.test:3307]]></host><username><![CDATA[shop]]></username>
      <password><![CDATA[s3cret]]></password><dbname><![CDATA[maho]]></dbname>
      <model><![CDATA[mysql4]]></model><active>1</active>
    </connection></default_setup>
  </resources>
</global></config>
"""


@pytest.fixture
def maho(tmp_path: Path) -> Path:
    """A Maho root with a local.xml."""
    etc = tmp_path / "shop" / "app" / "etc"
    etc.mkdir(parents=True)
    (etc / "local.xml").write_text(LOCAL_XML.format(key="0f" * 32))
    return tmp_path / "shop"


def load(environ: dict[str, str] | None = None, **given: Any) -> Any:
    return load_settings(given, {"HOME": "/nowhere", **(environ or {})})


def test_a_maho_root_is_enough(maho: Path) -> None:
    settings = load(maho_root=str(maho))

    url = settings.database_url
    assert (url.host, url.port, url.username, url.password, url.database) == (
        "db.example.test", 3307, "shop", "s3cret", "maho",
    )  # fmt: skip
    assert (settings.table_prefix, settings.crypt_key) == ("mho_", "0f" * 32)
    assert settings.log_file == maho / "var/log/customer_segmentation.log"
    assert settings.state_dir == maho / "var/segmail"


def test_options_win_over_the_file_and_the_file_over_maho(maho: Path) -> None:
    toml = maho / "app/etc/segmail.toml"
    toml.write_text('table_prefix = "toml_"\nstate_dir = "/toml"\nlog_file = "/toml.log"\n')

    settings = load(maho_root=str(maho), state_dir="/option")

    assert settings.table_prefix == "toml_"
    assert str(settings.state_dir) == "/option"
    assert str(settings.log_file) == "/toml.log"


def test_the_mail_url_comes_from_the_environment_before_the_file(tmp_path: Path) -> None:
    toml = tmp_path / "segmail.toml"
    toml.write_text('smtp_url = "smtp://from-file"\n[delivery]\nconnections = 8\n')

    from_file = load(config=str(toml))
    from_environment = load({"SEGMAIL_SMTP_URL": "smtp://from-env"}, config=str(toml))

    assert from_file.smtp_url == "smtp://from-file"
    assert from_environment.smtp_url == "smtp://from-env"
    assert from_file.delivery == DeliverySettings(connections=8)


@for_each(
    ("given", "driver"),
    [
        ("mysql://u@h/d", "mysql+pymysql"),
        ("mariadb://u@h/d", "mariadb+pymysql"),
        ("mysql+pymysql://u@h/d", "mysql+pymysql"),
        ("mariadb+pymysql://u@h/d", "mariadb+pymysql"),
        ("sqlite:////tmp/shop.db", "sqlite"),
        ("sqlite+pysqlite:////tmp/shop.db", "sqlite+pysqlite"),
        ("postgresql://u@h/d", "postgresql"),
    ],
)
def test_a_database_url_needs_no_driver(given: str, driver: str) -> None:
    assert load(database_url=given).database_url.drivername == driver


@for_each(
    ("given", "advice"),
    [
        ("mysql+mysqlconnector://u:s3cret@h/d", "MySQL through PyMySQL only: write mysql://…"),
        ("mysql+mysqldb://u:s3cret@h/d", "MySQL through PyMySQL only: write mysql://…"),
        ("mysql+nosuch://u:s3cret@h/d", "MySQL through PyMySQL only: write mysql://…"),
        ("mariadb+mariadbconnector://u:s3cret@h/d", "PyMySQL only: write mariadb://…"),
        ("sqlite+aiosqlite:////tmp/s3cret.db", "Python's own module only: write sqlite:///…"),
    ],
)
def test_any_other_driver_is_refused_with_the_url_to_write(given: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(database_url=given)

    assert str(caught.value).startswith("--database-url: segmail ")
    assert advice in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_every_fault_is_reported_at_once_and_no_password_with_it(tmp_path: Path) -> None:
    toml = tmp_path / "segmail.toml"
    toml.write_text(
        'tabel_prefix = "x"\nenabled = "yes"\n[delivery]\nbatch = 0\nconections = 3\n'
        'database_url = "mysql://u:s3cret@h/d"\n'
    )

    with pytest.raises(ConfigError) as caught:
        load(config=str(toml), maho_root=str(tmp_path / "nowhere"), database_url="no url")

    text = str(caught.value)
    for part in (
        "tabel_prefix",
        "`enabled` must be",
        "delivery.batch",
        "delivery.conections",
        "nowhere: there is no such directory",
        "--database-url: not a database URL",
    ):
        assert part in text
    assert "s3cret" not in text


def test_every_key_of_a_table_has_its_type(tmp_path: Path) -> None:
    toml = tmp_path / "segmail.toml"
    toml.write_text(
        '[message]\ntext_part = 1\nutm = "yes"\nutm_source = ""\nutm_medium = 5\n'
        'utm_hosts = "blog.example"\nutm_term = "x"\n'
    )

    with pytest.raises(ConfigError) as caught:
        load(config=str(toml))

    told = [fault.what.partition("`")[2] for fault in caught.value.faults]
    assert told == [
        "message.text_part` must be true or false.",
        "message.utm` must be true or false.",
        "message.utm_source` must be a text in quotation marks.",
        "message.utm_medium` must be a text in quotation marks.",
        "message.utm_hosts` must be a list of texts in quotation marks.",
        "message.utm_term`; known are text_part, utm, utm_hosts, utm_medium, utm_source.",
    ]


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("a = ")

    for file in (broken, tmp_path / "missing.toml"):
        with pytest.raises(ConfigError, match=file.name):
            load(config=str(file))


def test_without_a_shop_the_error_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match="--maho-root DIR"):
        load().require_database()


def test_secrets_are_not_in_the_settings_repr(maho: Path) -> None:
    text = repr(load({"SEGMAIL_SMTP_URL": "smtp://u:hidden@h"}, maho_root=str(maho)))

    assert "hidden" not in text
    assert "0f0f" not in text
    assert "s3cret" not in text


def test_the_switches_of_templates_are_read(tmp_path: Path) -> None:
    file = tmp_path / "segmail.toml"
    file.write_text("[templates]\nautoescape = true\n")

    assert load(config=str(file)).templates.autoescape is True
    assert load().templates.autoescape is False


def test_a_switch_is_true_or_false(tmp_path: Path) -> None:
    file = tmp_path / "segmail.toml"
    file.write_text("[templates]\nautoescape = 1\nnosuch = true\n")

    with pytest.raises(ConfigError) as raised:
        load(config=str(file))

    assert set(map(str, raised.value.faults)) == {
        f"{file}: unknown key `templates.nosuch`; known are autoescape.",
        f"{file}: `templates.autoescape` must be true or false.",
    }
