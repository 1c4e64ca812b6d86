"""Every command on terminals of every kind: it ends as it should, and steers none of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from tests import each_command
from tests.program import ROOT
from tests.shop_builder import ShopBuilder
from tests.thorough import by_far

COMMANDS = [*each_command.READING, *each_command.WRITING]
_TELLING = ("sequence list", "segment show", "history", "process-emails")
SHOWN = {*COMMANDS[:: by_far(2, 1)], *_TELLING}
SOME = {*COMMANDS[:: by_far(16, 1)], *_TELLING}


@pytest.fixture
def engine_name() -> str:
    """SQLite alone: it is about streams."""
    return "sqlite"


def run_each(
    shop: ShopBuilder, folder: Path, *, names: Collection[str], redirect: str = "", **environ: str
) -> tuple[dict[str, int], str]:
    """Run the commands and return their exit codes, and what was printed."""
    each_command.fill(shop)
    each_command.write_files(folder)
    out = folder / "codes.json"
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-m", "tests.each_command",
         str(out), json.dumps(list(names)), "--now", "2026-03-10 12:00"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SEGMAIL_DATABASE_URL": shop.url.render_as_string(),
            "SEGMAIL_STATE_DIR": str(folder / "state"),
            "SEGMAIL_LOG_FILE": str(folder / "segmail.log"),
            "SEGMAIL_SMTP_URL": f"file://{folder}/mails",
            **environ,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=folder,
        timeout=600,
        check=True,
    )  # fmt: skip
    return json.loads(out.read_text()), (done.stdout + done.stderr).decode("utf-8", "replace")


def test_the_list_of_commands_is_whole() -> None:
    assert each_command.names() <= set(each_command.READING | each_command.WRITING)


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"LC_ALL": "C.UTF-8"}, id="utf-8", marks=pytest.mark.thorough),
        pytest.param({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, id="C"),
        pytest.param(
            {"PYTHONIOENCODING": "iso-8859-1"}, id="latin-1", marks=pytest.mark.thorough
        ),
    ],
)  # fmt: skip
def test_what_a_terminal_cannot_show_is_replaced_and_what_steers_it_is_left_out(
    shop: ShopBuilder, tmp_path: Path, environ: dict[str, str]
) -> None:
    codes, printed = run_each(shop, tmp_path, names=SHOWN, **environ)

    assert set(codes.values()) <= {0, 1, 78}, {k: v for k, v in codes.items() if v not in (0, 1)}
    assert codes["sequence list"] == codes["segment show"] == codes["process-emails"] == 0
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f\u202e]", printed)
    assert "Sale [/b]" in printed
    log = (tmp_path / "segmail.log").read_text()
    assert "Sale [/b]" in log
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", log)


@pytest.mark.parametrize(
    ("redirect", "unwritten"),
    [
        (">/dev/full 2>/dev/full", 75),
        (">&- 2>&-", 0),
        pytest.param(">&-", 0, marks=pytest.mark.thorough),
    ],
)
def test_a_full_or_closed_output_is_no_bug(
    shop: ShopBuilder, tmp_path: Path, redirect: str, unwritten: int
) -> None:
    codes, _printed = run_each(shop, tmp_path, names=SOME, redirect=redirect)

    assert set(codes.values()) <= {0, 1, 75, 78}
    assert {codes[name] for name in ("sequence list", "segment show", "history")} == {unwritten}
    assert codes["process-emails"] == 0  # it has nothing to say under cron
    assert len(list((tmp_path / "mails").iterdir())) == 1
