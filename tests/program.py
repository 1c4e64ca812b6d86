"""Starts the real program as cron does: a process of its own, its answer on stdout and stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL

ROOT = Path(__file__).parent.parent


def start(
    url: URL, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `segmail` on a shop; its state, log and (unless `env` says where) mails in `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SEGMAIL_DATABASE_URL": url.render_as_string(hide_password=False),
        "SEGMAIL_STATE_DIR": str(folder / "state"),
        "SEGMAIL_LOG_FILE": str(folder / "segmail.log"),
        "SEGMAIL_SMTP_URL": f"file://{folder}/mails",
        **_configuration(folder),
        **(env or {}),
    }
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "segmail", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


def _configuration(folder: Path) -> dict[str, str]:
    """Name the file that a test has put there; where a shop is named, none is looked for."""
    file = folder / "segmail.toml"
    return {"SEGMAIL_CONFIG": str(file)} if file.exists() else {}


def run(
    url: URL, folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `segmail` to its end."""
    with start(url, folder, *arguments, env=env) as process:
        out, err = process.communicate(timeout=600)  # a busy machine is no fault
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)
