"""The environments that bin/segmail keeps: the way back, and a checkout without its history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.upgrade.checkout import Checkout, new_checkout
from tests.waiting import until


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    with new_checkout() as made:
        yield made


def test_one_old_environment_stays_for_the_way_back(checkout: Checkout) -> None:
    checkout.run()
    with checkout.start("600") as in_use:  # longer than any build takes
        command_line = Path(f"/proc/{in_use.pid}/cmdline")
        try:
            until(lambda: b".environments" in command_line.read_bytes())
            for version in ("2", "3"):
                checkout.commit(version)
                assert checkout.run().stdout == f"{version} {version} {version} \n"
            three = checkout.built()
        finally:
            in_use.kill()
    checkout.registry_goes_away()
    checkout.back()

    assert len(three) == 3, "the first one was in use"
    assert checkout.run().stdout == "2 2 2 \n", "built before, it needs no registry"


def test_a_copy_without_history_runs_and_is_renewed_with_its_files(checkout: Checkout) -> None:
    (checkout.root / ".git").rename(checkout.root / "no-git")
    (checkout.root / "sql").mkdir()
    for name in ("README.md", "LICENSE", "crontab.example"):
        (checkout.root / name).write_text("")
    first = checkout.run()
    (checkout.root / "segmail" / "late.py").write_text("VERSION = '1.1'\n")

    assert first.stdout == "1 1 1 \n"
    assert checkout.run().stdout == "1 1.1 1 \n"
