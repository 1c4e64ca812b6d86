"""The program's frame: help, versions, exit codes, errors in plain words."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.program import ROOT, run
from tests.shop_builder import ShopBuilder

NOWHERE = make_url("mysql+pymysql://shop:s3cret@127.0.0.1:1/maho")


def segmail(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "segmail", *arguments],
        env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT), "HOME": str(cwd)},
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def test_help_lists_the_commands_by_section(tmp_path: Path) -> None:
    ran = segmail("--help", cwd=tmp_path)

    assert ran.returncode == 0
    assert (
        ran.stdout.index("Jobs:") < ran.stdout.index("Sequences:") < ran.stdout.index("Operations:")
    )
    assert "process-emails" in ran.stdout


def test_help_imports_neither_sqlalchemy_nor_rich_nor_jinja(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['segmail', '--help']\n"
        "from segmail.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'sqlalchemy', 'rich', 'jinja2', 'babel'} & set(sys.modules)))"
    )

    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)

    assert ran.returncode == 0


def test_an_unknown_command_or_option_is_wrong_usage(tmp_path: Path) -> None:
    assert segmail("send-everything", cwd=tmp_path).returncode == 2
    assert segmail("process-emails", "--limit", "-1", cwd=tmp_path).returncode == 2
    assert segmail("--now", "tomorrow", "report", cwd=tmp_path).returncode == 2


def test_without_a_shop_the_program_says_how_to_name_one(tmp_path: Path) -> None:
    ran = segmail("process-emails", cwd=tmp_path)

    assert ran.returncode == 78
    assert "--maho-root DIR" in ran.stderr


def test_a_database_out_of_reach_ends_with_75_and_keeps_the_password(tmp_path: Path) -> None:
    ran = run(NOWHERE, tmp_path, "process-emails")

    assert ran.returncode == 75
    assert "127.0.0.1:1" in ran.stderr
    assert "s3cret" not in ran.stderr


@pytest.mark.parametrize("prefix", ["other_"])
def test_a_shop_without_automation_tables_ends_with_78_and_names_the_remedy(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    ran = run(shop.url, tmp_path, "process-emails")

    assert ran.returncode == 78
    assert "segmail schema apply" in ran.stderr


def test_a_bug_ends_with_70_and_its_traceback_is_kept(tmp_path: Path) -> None:
    code = (
        "import sys, segmail.cli as cli\n"
        "def boom(*_a, **_k): raise RuntimeError('boom')\n"
        "cli.program.main = boom\n"
        "cli.main()"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 70
    assert "a bug in segmail: RuntimeError" in ran.stderr


def test_a_run_with_nothing_due_loads_nothing_that_renders(
    mariadb_shop: ShopBuilder, tmp_path: Path
) -> None:
    step = mariadb_shop.step(mariadb_shop.segment())
    mariadb_shop.due(step, mariadb_shop.customer(), scheduled_at=datetime(2026, 3, 11, tzinfo=UTC))
    program = (
        "import sys\n"
        "from segmail.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "renders = {'jinja2', 'babel', 'css_inline', 'segmail.templates', 'segmail.mail.prepare'}\n"
        "print(sorted(renders & set(sys.modules)))"
    )
    (tmp_path / "loads.py").write_text(program)

    url = mariadb_shop.url.render_as_string(hide_password=False)
    options = ("--database-url", url, "--state-dir", str(tmp_path), "--now", "2026-03-10 12:00")
    command = [sys.executable, "loads.py", *options, "process-emails"]
    env = {"PATH": "/usr/bin", "PYTHONPATH": str(ROOT), "SEGMAIL_SMTP_URL": f"file://{tmp_path}"}
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
