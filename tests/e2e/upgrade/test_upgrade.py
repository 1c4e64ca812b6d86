"""`git pull` under a crontab: each run is wholly of the old version or wholly of the new one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.upgrade.checkout import Checkout, new_checkout

_NOBODY = 65534


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    with new_checkout() as made:
        yield made


@pytest.fixture(scope="module")
def _built_once() -> Iterator[Checkout]:
    with new_checkout() as made:
        yield made


@pytest.fixture
def installed(_built_once: Checkout) -> Checkout:
    """A checkout at its first version, which runs: it is built once, and kept beside a newer."""
    _built_once.to_first()
    assert _built_once.run().stdout == "1 1 1 \n"
    return _built_once


def _answer(process: subprocess.Popen[str]) -> list[str]:
    """Return the versions of code, late import and package; the run has succeeded in silence."""
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    return out.split()[:3]


def _runs_until(checkout: Checkout, version: str) -> list[list[str]]:
    """Start runs that overlap, until one is of `version`; return what each was of."""
    running: list[subprocess.Popen[str]] = []
    answers: list[list[str]] = []
    while [version] * 3 not in answers:
        running.append(checkout.start("2"))
        if len(running) == 3:
            answers.append(_answer(running.pop(0)))
    return answers + [_answer(process) for process in running]


def test_runs_during_an_upgrade_are_wholly_old_or_wholly_new(installed: Checkout) -> None:
    checkout = installed
    checkout.commit("2")
    checkout.registry_goes_away()

    away = checkout.run()
    still_away = checkout.run()
    checkout.registry_is_back()
    _a_quarter_of_an_hour_passes(checkout)
    answers = _runs_until(checkout, "2")

    for told in (away, still_away):
        assert told.stdout.split()[:3] == ["1", "1", "1"]
        assert "No matching distribution found for part==2" in told.stdout
        assert (told.returncode, told.stderr) == (0, "")
    assert all(answer in (["1", "1", "1"], ["2", "2", "2"]) for answer in answers)
    assert ["1", "1", "1"] in answers
    assert checkout.run().stdout == "2 2 2 \n"


def _a_quarter_of_an_hour_passes(checkout: Checkout) -> None:
    (failure,) = checkout.environments.glob("*.failed")
    os.utime(failure, (0, 0))


def test_an_edited_file_is_no_new_version(installed: Checkout) -> None:
    (installed.root / "segmail" / "late.py").write_text("VERSION = 'edited'\n")

    assert installed.run().stdout == "1 1 1 \n"


def test_who_may_not_build_runs_the_old_version_and_is_told_who_may(installed: Checkout) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    installed.commit("2")

    told = installed.run(user=_NOBODY)

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("1 1 1 nobody may not write to")
    assert f"Run {installed.root}/bin/segmail --version once as root." in told.stdout


@pytest.mark.thorough
def test_without_any_environment_it_ends_with_78_and_says_why(checkout: Checkout) -> None:
    checkout.registry_goes_away()

    told = checkout.run()

    assert told.returncode == 78
    assert "No matching distribution found for part==1" in told.stderr
    assert checkout.built() == []
