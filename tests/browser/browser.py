"""Asks a headless Chromium how mails look."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_PAGE = Path(__file__).with_name("compare.html")
_RESULTS = re.compile(r'<script type="application/json" id="results">(.*?)</script>', re.DOTALL)
_PATIENCE = 300  # seconds


@dataclass(frozen=True)
class Pair:
    """Two documents that are to look the same in a window of that width.

    `classes` are given to every element of both.
    """

    before: str
    after: str
    width: int
    classes: Sequence[str] = ()


def differences(pairs: Sequence[Pair], folder: Path) -> list[list[str]]:
    """Return for each pair which computed styles of which elements differ, in words."""
    data = json.dumps([vars(pair) for pair in pairs]).replace("<", "\\u003c")
    page = folder / "compare.html"
    source = _PAGE.read_text("utf-8").replace("PAIRS", data, 1)
    page.write_text(source, "utf-8")
    found = _RESULTS.search(chromium(page, folder, "--dump-dom", "--virtual-time-budget=600000"))
    assert found, "Chromium did not come to the end of the page"
    told: list[list[str]] = json.loads(found[1])
    return told


def chromium(page: Path, folder: Path, *options: str) -> str:
    """Open a page without a network and return what the browser prints."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
        *options, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_PATIENCE, check=True, cwd=folder
    )
    return done.stdout
