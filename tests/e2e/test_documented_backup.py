"""The lines of "Backup and restore", as they stand in docs/operations.md, on a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from tests.bare_database import run as run_sql
from tests.program import ROOT, run
from tests.shop_builder import ShopBuilder

_PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
_SAYS = r"## Backup and restore\n.*?```sh\n(.*?)```"


@pytest.mark.skipif(shutil.which("mariadb-dump") is None, reason="MariaDB's programs are missing")
def test_what_was_backed_up_comes_back(mariadb_shop: ShopBuilder, tmp_path: Path) -> None:
    shop = mariadb_shop
    shop.due(shop.step(shop.segment()), shop.customer())
    assert (
        run(shop.url, tmp_path, "--now", f"{shop.now:%Y-%m-%d %H:%M}", "process-emails").returncode
        == 0
    )
    (tmp_path / "var").mkdir()
    (tmp_path / "state").rename(tmp_path / "var/segmail")
    found = re.search(_SAYS, _PAGE, re.DOTALL)
    assert found
    lines = found[1].replace("/var/www/maho/var", "var").replace(" maho ", f" {shop.url.database} ")
    _client(shop.url, tmp_path)

    _shell(lines, tmp_path)

    restored = shop.url.set(database="segmail_restored")
    run_sql(shop.url, f"CREATE OR REPLACE DATABASE {restored.database}")
    _shell("gunzip < maho.sql.gz | mariadb segmail_restored; mkdir again", tmp_path)
    _shell("tar -xzf segmail-state.tar.gz -C again", tmp_path)
    with shop.database.engine.connect() as connection:
        there, back = (
            connection.execute(text(f"SELECT * FROM {name}.{shop.tables.progress.name}")).all()
            for name in (shop.url.database, restored.database)
        )
    run_sql(shop.url, f"DROP DATABASE {restored.database}")
    journals = [*(tmp_path / "var/segmail/journal").rglob("*.log")]
    copies = [*(tmp_path / "again/segmail/journal").rglob("*.log")]
    assert [row.status for row in there] == ["sent"]
    assert back == there
    assert [one.read_bytes() for one in copies] == [one.read_bytes() for one in journals] != []


def _client(url: URL, home: Path) -> None:
    """Tell MariaDB's clients of the server, as a shop's administrator has told his."""
    told = {"socket": url.query.get("unix_socket"), "host": url.host, "port": url.port,
            "user": url.username, "password": url.password}  # fmt: skip
    lines = [f"{name}={value}" for name, value in told.items() if value]
    (home / ".my.cnf").write_text("\n".join(["[client]", *lines, ""]))


def _shell(lines: str, folder: Path) -> None:
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines], cwd=folder, capture_output=True, text=True,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
