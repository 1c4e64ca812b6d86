"""Each concept has one home: read from the syntax trees of the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from segmail.maho.progress import ProgressStatus
from tests.program import ROOT

_HOME = ROOT / "segmail/maho/progress.py"
_MODULES = sorted((ROOT / "segmail").rglob("*.py"))
_STATUSES = {status.value for status in ProgressStatus}

# The same words for something else: keys of JSON and words of messages, the outcome of a refresh,
# the demo's colours.
_OTHER_MEANING = {
    "segmail/commands/segment/automation.py",
    "segmail/commands/sequence/printing.py",
    "segmail/commands/due_preview.py",
    "segmail/commands/retry.py",
    "segmail/demo/show.py",
    "segmail/report/formats.py",
    "segmail/segments/refresh/outcome.py",
    "segmail/status/collect.py",
    "segmail/status/formats.py",
    "segmail/maho/schema/tables.py",  # the column's default, as Maho declares it
}


def _name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def _writes(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of statements that change the progress table."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name in ("insert", "update", "delete", "insert_rows") and any(
            ast.unparse(argument).endswith("progress") for argument in node.args
        ):
            yield node.lineno


def _bare_statuses(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in _STATUSES:
            yield node.lineno


def _trees(*mentioning: str) -> Iterator[tuple[Path, ast.AST]]:
    """Parse the modules in whose text each of the patterns is found."""
    for module in _MODULES:
        text = module.read_text()
        if all(re.search(pattern, text) for pattern in mentioning):
            yield module, ast.parse(text)


def test_only_the_progress_rows_home_writes_them() -> None:
    mentioning = r"\b(insert|update|delete|insert_rows)\(", r"progress\b"
    written = {
        _name(module): lines
        for module, tree in _trees(*mentioning)
        if (lines := list(_writes(tree)))
    }

    assert list(written) == [_name(_HOME)], written


def test_statuses_are_named_and_not_written_out() -> None:
    bare = {
        _name(module): lines
        for module, tree in _trees("|".join(_STATUSES))
        if module != _HOME and _name(module) not in _OTHER_MEANING
        if (lines := list(_bare_statuses(tree)))
    }

    assert not bare
