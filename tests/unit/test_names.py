"""The names of classes: each says what it is by itself, so no two are alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.program import ROOT

_CLASS = re.compile(r"^ *class ([A-Za-z]\w*)[(:]|^([A-Za-z]\w*): TypeAlias\b", re.MULTILINE)


def test_no_two_public_classes_have_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "segmail").rglob("*.py")):
        path = file.relative_to(ROOT / "segmail")
        for name in public_classes(file):
            places[name].append(str(path))

    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def public_classes(file: Path) -> Iterator[str]:
    """Yield the classes of a file, and its other names of types."""
    for name, alias in _CLASS.findall(file.read_text("utf-8")):
        yield name or alias
