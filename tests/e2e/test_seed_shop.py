"""The documented script seeds an empty shop, as a CI job runs it."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from segmail.maho.schema.tables import Layout
from tests.program import ROOT
from tests.shop_builder import ShopBuilder

PAGE = (ROOT / "docs" / "campaigns.md").read_text("utf-8")
[FILE] = re.findall(r"```yaml\n(templates:\n.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    """A folder with the documented campaign."""
    folder = tmp_path / "campaigns"
    folder.mkdir()
    (folder / "cart.yaml").write_text(FILE)
    (folder / "cart-1.html").write_text("<p>{{var customer_firstname}}</p>")
    (folder / "shop.css").write_text("p { color: red }")
    return folder


def seed(shop: ShopBuilder, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script beside the campaigns."""
    return subprocess.run(
        [str(ROOT / "docs" / "samples" / "seed-shop.sh"), folder.name],
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "SEGMAIL_DATABASE_URL": shop.url.render_as_string(hide_password=False),
        },
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=600,  # a busy machine is no fault
        check=False,
    )


def seconds_of_children() -> float:
    """Return what the programs that this process has run took of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "layout", [Layout.SHIPPED, pytest.param(Layout.SPEC, marks=pytest.mark.thorough)]
)
def test_an_empty_shop_is_seeded_in_ten_seconds_and_once(
    mariadb_shop: ShopBuilder, campaigns: Path
) -> None:
    """Seconds of the processor count: how long others keep it busy is not the script's affair."""
    before = seconds_of_children()
    first = seed(mariadb_shop, campaigns)
    seconds = seconds_of_children() - before
    again = seed(mariadb_shop, campaigns)

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "Applied: 6 created." in first.stdout
    assert "Applied: 6 unchanged." in again.stdout
    assert seconds < 10
    assert len(mariadb_shop.rows(mariadb_shop.tables.sequence)) == 2


def test_a_wrong_file_stops_it_before_the_shop_is_asked(
    mariadb_shop: ShopBuilder, campaigns: Path
) -> None:
    (campaigns / "cart.yaml").write_text(FILE.replace("discount: 10 %", "discount: much"))

    done = seed(mariadb_shop, campaigns)

    assert done.returncode == 78
    assert "campaigns/cart.yaml:15: 'discount' must be a discount" in done.stderr
    assert not mariadb_shop.rows(mariadb_shop.tables.template)
