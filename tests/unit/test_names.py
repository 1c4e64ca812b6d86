"""The names of classes: each says what it is by itself, so no two are alike."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.program import ROOT


def test_no_two_public_classes_have_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "segmail").rglob("*.py")):
        path = file.relative_to(ROOT / "segmail")
        for name in public_classes(file):
            places[name].append(str(path))

    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def public_classes(file: Path) -> Iterator[str]:
    """Yield the classes of a file, and its other names of types."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                pass
            case _:
                continue
        if not name.startswith("_"):
            yield name
