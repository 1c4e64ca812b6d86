"""What is installed is what pyproject.toml asks for, and the same for all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).parents[2]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())


def _locked(lock: str) -> dict[str, str]:
    lines = re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (_ROOT / lock).read_text(), re.MULTILINE)
    return dict(lines)


def _group(name: str) -> Iterator[str]:
    entries: list[Any] = _PROJECT["dependency-groups"][name]
    for entry in entries:
        if isinstance(entry, dict):
            yield from _group(entry["include-group"])
        else:
            yield entry


@pytest.mark.parametrize(
    ("lock", "group"), [("requirements.lock", "build"), ("requirements-dev.lock", "dev")]
)
def test_each_requirement_is_locked_in_its_range(lock: str, group: str) -> None:
    locked = _locked(lock)
    wanted = [Requirement(text) for text in (*_PROJECT["project"]["dependencies"], *_group(group))]

    outside = [
        f"{one}: {locked.get(canonicalize_name(one.name))}"
        for one in wanted
        if not one.specifier.contains(locked.get(canonicalize_name(one.name), "0"))
    ]

    assert not outside, "bin/lock writes the lock files anew"


def test_the_tests_run_with_what_customers_get() -> None:
    runtime, dev = _locked("requirements.lock"), _locked("requirements-dev.lock")

    assert runtime.items() <= dev.items()


def test_every_locked_file_has_a_hash() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"^(?=[a-z0-9-]+==)", (_ROOT / lock).read_text(), flags=re.MULTILINE)

        assert all("--hash=sha256:" in entry for entry in entries[1:])
