"""Whose files are obeyed, and what no configuration can be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segmail.errors import ConfigError
from segmail.settings import load_settings
from segmail.trusted_files import check_folder, make_folder, read_trusted, trusted_owners
from tests.each_case import for_each

NOBODY = 65534
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def load(**given: str) -> object:
    return load_settings(given, {"HOME": "/nowhere"})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, where everybody may write as in /tmp."""
    tmp_path.chmod(0o1777)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_current_folder_says_nothing_where_a_shop_is_named(here: Path) -> None:
    (here / "segmail.toml").write_text('smtp_url = "sendmail:///evil"\n')

    assert load_settings({"database_url": "sqlite:////x"}, {}).smtp_url is None
    assert load_settings({}, {"HOME": "/nowhere"}).smtp_url == "sendmail:///evil"


@is_root
def test_a_strangers_file_is_refused(here: Path) -> None:
    (here / "segmail.toml").write_text("enabled = true\n")
    os.chown(here / "segmail.toml", NOBODY, NOBODY)

    with pytest.raises(ConfigError, match=r"segmail\.toml is not obeyed: it belongs to nobody"):
        load()


def test_a_file_that_everybody_may_write_or_replace_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own" / "segmail.toml"
    file.parent.mkdir()
    file.write_text("enabled = true\n")
    file.parent.chmod(0o777)
    with pytest.raises(ConfigError, match=r"of its folder .* everybody may write it"):
        load(config=str(file))

    file.parent.chmod(0o755)
    file.chmod(0o666)
    with pytest.raises(ConfigError, match=r"everybody may write it \(chmod o-w\)"):
        load(config=str(file))


@is_root
def test_the_owner_of_the_shop_is_trusted_with_its_files(tmp_path: Path) -> None:
    file = tmp_path / "app" / "local.xml"
    file.parent.mkdir()
    file.write_text("<config/>")
    for path in (tmp_path, file.parent, file):
        os.chown(path, NOBODY, NOBODY)

    assert read_trusted(file, trusted_owners(tmp_path)) == "<config/>"
    with pytest.raises(ConfigError, match="belongs to nobody"):
        read_trusted(file, trusted_owners())


def test_pipes_devices_and_what_is_far_too_large_are_no_configuration(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 10**10)

    for file, reason in (
        (tmp_path / "pipe", "no plain file"),
        (Path("/dev/zero"), "no plain file"),
        (tmp_path, "no plain file"),
        (tmp_path / "huge", "more than"),
        (tmp_path / "none", "no such file"),
    ):
        with pytest.raises(ConfigError, match=reason):
            load(config=str(file))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a = " + "[" * 900 + "]" * 900, "nested too deeply"),
        ("a = " + "9" * 5_000, "not valid TOML: Exceeds the limit"),
        ("[delivery]\nretry_minutes = 9999999999", "`delivery.retry_minutes` must be .* at most"),
        ("[delivery]\nstale_days = 99999999", "`delivery.stale_days` must be .* at most"),
        ("[delivery]\nlease_minutes = 99999999", "`delivery.lease_minutes` must be .* at most"),
        ('table_prefix = "a b"', "--table-prefix: must be letters"),
        ('state_dir = "a\\u0000b"', "--state-dir: has characters"),
        ('state_dir = " "', "`state_dir` is empty"),
        ('smtp_url = ""', "`smtp_url` is empty"),
    ],
)
def test_what_a_setting_cannot_be_is_told_by_its_name(
    tmp_path: Path, text: str, named: str
) -> None:
    (tmp_path / "segmail.toml").write_text(text)

    with pytest.raises(ConfigError, match=named):
        load(config=str(tmp_path / "segmail.toml"))


@for_each(
    ("url", "named"),
    [
        ("mysql://root:s3@cret@host/d", "must be percent-encoded"),
        ("mysql://u:s3cret@h/d?bogus=1", "unknown option `bogus`"),
        ("mysql://u:s3cret@h/d?ssl_ca=/nope", "the file of `ssl_ca`, /nope, cannot be read"),
        ("mysql://u:s3cret@h/d?charset=a&charset=b", "`charset` is given twice"),
        ("mysql://u:s3cret@h/d?read_timeout=soon", "`read_timeout` must be a number"),
        ("mysql://u:s3cret@h:99999/d", "port is not a number"),
    ],
)
def test_a_database_url_is_faulted_without_its_password(url: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        load(database_url=url)

    assert "cret" not in str(caught.value)


def test_a_password_among_the_options_is_hidden_like_any() -> None:
    settings = load_settings({"database_url": "mysql://h/d?user=shop&password=s3cret"}, {})

    assert settings.database_url is not None
    assert str(settings.database_url) == "mysql+pymysql://shop:***@h/d"
    assert settings.secrets() == ("s3cret",)


@is_root
def test_what_root_makes_belongs_to_the_owner_of_the_shop(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)

    make_folder(tmp_path / "var" / "segmail")

    assert [(tmp_path / name).stat().st_uid for name in ("var", "var/segmail")] == [NOBODY] * 2


def test_a_folder_where_everybody_may_write_keeps_no_journal(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(ConfigError, match="everybody may write it"):
        check_folder(tmp_path, trusted_owners())
