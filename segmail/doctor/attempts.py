"""Open attempts: mails under way, or left by a run that died."""

from __future__ import annotations

from datetime import datetime, timedelta

from segmail.doctor.findings import Area, AreaFinding, ok
from segmail.findings import Finding, Severity
from segmail.maho.open_attempts import load_open_attempts
from segmail.maho.schema.transaction import Transaction


def attempt_findings(
    tx: Transaction,
    *,
    now: datetime,
    lease: timedelta,
    grace: timedelta,
) -> list[AreaFinding]:
    """Return how many attempts are open, and whether some have been for too long."""
    found = load_open_attempts(tx)
    late = [one for one in found if one.is_stuck(now - lease - grace)]
    if not late:
        return [ok(Area.ATTEMPTS, f"{len(found):,} open.")]
    what = f"{len(late):,} of {len(found):,} open attempts are past their lease and grace."
    advice = "segmail process-emails  (on the host that began them: it brings them to their end)"
    return [Finding(Severity.WARNING, Area.ATTEMPTS, what, advice)]
