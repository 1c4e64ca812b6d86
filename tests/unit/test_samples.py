"""The samples for systemd start jobs that exist, from the crontab's paths, and are hardened."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from segmail.jobs.record import JobName
from tests.program import ROOT

SAMPLES = ROOT / "docs/samples"
UNIT = SAMPLES / "segmail@.service"
CRONTAB = (ROOT / "crontab.example").read_text("utf-8")


def section(file: Path, name: str) -> dict[str, str]:
    lines = file.read_text("utf-8").splitlines()
    found = [line.partition("=") for line in lines[lines.index(f"[{name}]") + 1 :] if "=" in line]
    return {key: value for key, _, value in found if not key.startswith("#")}


@pytest.mark.parametrize("name", ["segmail@.service", "segmail-report.service"])
def test_a_unit_runs_what_the_crontab_runs(name: str) -> None:
    service = section(SAMPLES / name, "Service")
    program, *_ = service["ExecStart"].split()

    assert f" {program} " in CRONTAB
    assert service["Environment"].split("=")[0] in ("SEGMAIL_MAHO_ROOT", "PYTHONDONTWRITEBYTECODE")
    assert "Environment=SEGMAIL_MAHO_ROOT=/var/www/maho" in (SAMPLES / name).read_text()
    assert "SEGMAIL_MAHO_ROOT=/var/www/maho" in CRONTAB


def test_the_timer_names_jobs_by_the_unit_and_the_crontabs_times() -> None:
    text = (SAMPLES / "segmail-process-emails.timer").read_text()
    times = dict(re.findall(r"segmail@([a-z-]+)\.service +OnCalendar=(\S+)", text))
    timer = section(SAMPLES / "segmail-process-emails.timer", "Timer")

    assert timer["Unit"] == "segmail@process-emails.service"
    times["process-emails"] = timer["OnCalendar"]
    assert {*times, "report"} == {job.value for job in JobName}
    for job, time in times.items():
        [minute, hour] = re.findall(rf"^(\S+) (\S+) \* \* \* .* {job}$", CRONTAB, re.MULTILINE)[0]
        cron = (
            f"*:0/{minute[2:]}" if minute.startswith("*/") else f"{int(hour):02}:{int(minute):02}"
        )
        assert time == cron


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_rates_the_unit_as_documented(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unrecognized option" in ran.stderr:
        pytest.skip("systemd is older than 250")

    [rated] = re.findall(r"exposure level for \S+: ([0-9.]+)", ran.stdout)

    assert float(rated) <= 1.5
    assert f"rates the first {rated}," in (ROOT / "docs/operations.md").read_text()
