"""While Maho is in maintenance the jobs do nothing, unless somebody wants otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmail.maho.progress import ProgressStatus
from tests.program import run
from tests.shop_builder import ShopBuilder
from tests.unit.test_settings import LOCAL_XML


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Maho root in maintenance; the database is named by its URL."""
    etc = tmp_path / "shop" / "app" / "etc"
    etc.mkdir(parents=True)
    (etc / "local.xml").write_text(LOCAL_XML.format(key="0f" * 32), "utf-8")
    (tmp_path / "shop" / "maintenance.flag").touch()
    return tmp_path / "shop"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_jobs_wait_for_the_end_of_maintenance(
    shop: ShopBuilder, tmp_path: Path, root: Path
) -> None:
    due = shop.due(shop.step(shop.segment()), shop.customer())
    moment = ("--maho-root", str(root), "--table-prefix", "", "--now", "2026-03-10 12:00")

    held = run(shop.url, tmp_path, *moment, "process-emails")
    waits = shop.status(due)
    (root / "maintenance.flag").unlink()
    done = run(shop.url, tmp_path, *moment, "process-emails")

    assert (held.returncode, held.stdout, held.stderr) == (0, "", "")
    assert waits == ProgressStatus.SCHEDULED.value
    assert "Maho is in maintenance (maintenance.flag); nothing was sent" in (
        tmp_path / "segmail.log"
    ).read_text("utf-8")
    assert (done.returncode, shop.status(due)) == (0, ProgressStatus.SENT.value)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_flag_can_be_ignored(shop: ShopBuilder, tmp_path: Path, root: Path) -> None:
    due = shop.due(shop.step(shop.segment()), shop.customer())
    (root / "app/etc/segmail.toml").write_text("heed_maintenance = false\n", "utf-8")

    moment = ("--maho-root", str(root), "--table-prefix", "", "--now", "2026-03-10 12:00")
    done = run(shop.url, tmp_path, *moment, "process-emails")

    assert (done.returncode, shop.status(due)) == (0, ProgressStatus.SENT.value)
