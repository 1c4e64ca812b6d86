"""`--metrics-file`: what node_exporter's textfile collector reads."""

from __future__ import annotations

import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from segmail.maho.progress import ProgressStatus
from tests.program import run
from tests.shop_builder import ShopBuilder

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

# The text format: a name, labels in braces, a value.
SAMPLE = re.compile(r'([a-z_]+)((?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) ([0-9.e+-]+)')


def _samples(file: Path) -> dict[str, float]:
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    found = [SAMPLE.fullmatch(line) for line in lines]
    assert all(found)
    return {match[1] + match[2]: float(match[3]) for match in found if match}


def test_a_job_tells_what_it_did_and_what_waits(shop: ShopBuilder, tmp_path: Path) -> None:
    step = shop.step(shop.segment())
    shop.due(step, shop.customer())
    shop.due(step, shop.customer(), scheduled_at=shop.now - timedelta(hours=1))
    shop.due(step, shop.customer(), status=ProgressStatus.SENT.value)
    file = tmp_path / "segmail.prom"
    moment = ("--now", "2026-03-10 12:00")

    done = run(shop.url, tmp_path, *moment, "process-emails", "--limit", "1",
               "--metrics-file", str(file))  # fmt: skip

    found = _samples(file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert found['segmail_job_last_exit_code{job="process-emails"}'] == 0
    assert found['segmail_job_last_outcomes{job="process-emails",outcome="sent"}'] == 1
    assert (found["segmail_due_rows"], found["segmail_held_rows"]) == (1, 0)
    assert found["segmail_oldest_due_timestamp_seconds"] == shop.now.timestamp() - 60
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_the_last_success_is_kept_while_the_database_is_away(
    shop: ShopBuilder, tmp_path: Path
) -> None:
    file, job = tmp_path / "segmail.prom", "cleanup-coupons"
    run(shop.url, tmp_path, job, "--metrics-file", str(file))
    before = _samples(file)

    away = shop.url.set(database=str(tmp_path / "away.sqlite"))
    failed = run(away, tmp_path, job, "--metrics-file", str(file))

    success = f'segmail_job_last_success_timestamp_seconds{{job="{job}"}}'
    after = _samples(file)
    assert after[f'segmail_job_last_exit_code{{job="{job}"}}'] == failed.returncode == 78
    assert after[success] == pytest.approx(before[success], abs=0.001)


def test_a_file_that_cannot_be_written_is_named(shop: ShopBuilder, tmp_path: Path) -> None:
    done = run(shop.url, tmp_path, "cleanup-coupons", "--metrics-file", "/nowhere/x.prom")

    assert done.returncode == 78
    assert "--metrics-file /nowhere/x.prom: cannot be written" in done.stderr
