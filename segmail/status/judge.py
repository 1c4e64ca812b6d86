"""What a person must look at in a status, by the thresholds of segmail.toml."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from segmail.findings import Finding, Severity
from segmail.jobs.record import KILLED, JobName, JobRecord
from segmail.maho.config.switch import FLAG, OWN, Switch
from segmail.settings import StatusSettings
from segmail.status.collect import AutomationStatus

StatusFinding = Finding[str]

_BUG, _TRY_AGAIN, _MUST_ACT = 70, 75, 78
_SKEW = timedelta(seconds=60)  # as in the doctor
_IN_USE = timedelta(days=2)  # a host that ran no job for longer may be gone


def judge(status: AutomationStatus, thresholds: StatusSettings) -> list[StatusFinding]:
    """Return what is wrong, errors first; empty if all is well."""
    found = [*_switches(status), *_maintenance(status, thresholds), *_hosts(status)]
    if status.switch.on and status.maintenance is None:
        found += [*_backlog(status, thresholds), *_jobs(status, thresholds)]
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def passing(status: AutomationStatus, found: Collection[StatusFinding]) -> list[StatusFinding]:
    """Return the last failures of the jobs that `judge` finds well: they may pass by themselves."""
    told = {finding.where for finding in found}
    return [
        _failing(record, status.now, Severity.NOTE)
        for record in status.jobs
        if record.failures and record.job not in told
    ]


def age(since: datetime, now: datetime) -> str:
    """Return how long ago a time was, in its two largest units: `2 d 3 h`, `5 min`."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"


def rows_due(number: int) -> str:
    """Return how many rows are due, in words: `1 row is due`."""
    return "1 row is due" if number == 1 else f"{number:,} rows are due"


def switch_on(switch: Switch) -> str:
    """Return how to switch the automation on again, depending on what switched it off."""
    if switch.setting not in (FLAG, OWN):
        return "Write `enabled = true` into segmail.toml, or take the line out."
    return "segmail take-over  (switches segmail on, and Maho's own jobs off)"


def _switches(status: AutomationStatus) -> Iterator[StatusFinding]:
    if not status.switch.on:
        what = f"Switched off by {status.switch.setting}: no job does anything."
        yield Finding(Severity.WARNING, "automation", what, switch_on(status.switch))
    if status.maho_ran is not None:
        what = (
            "Maho's own job sends these mails, too: cron_schedule has a run of it at "
            f"{status.maho_ran:%Y-%m-%d %H:%M} UTC."
        )
        yield Finding(Severity.ERROR, "Maho's jobs", what, "segmail take-over")
    if status.stuck_attempts:
        what = f"Mails under way for longer than any run takes: {status.stuck_attempts:,}."
        advice = "segmail process-emails  (on the host that began them: it ends them)"
        yield Finding(Severity.WARNING, "attempts", what, advice)
    if status.not_upgraded:
        what = f"An old version still runs: {status.not_upgraded}"
        yield Finding(Severity.WARNING, "program", what, "Fix that, then: bin/segmail --version")


def _maintenance(status: AutomationStatus, thresholds: StatusSettings) -> Iterator[StatusFinding]:
    if status.switch.on and status.maintenance is not None:
        flag, since = status.maintenance
        if status.now - since > timedelta(minutes=thresholds.send_minutes):
            what = f"Maho has been in maintenance for {age(since, status.now)}; no job runs."
            advice = f"rm {flag}  (or `heed_maintenance = false` in segmail.toml)"
            yield Finding(Severity.ERROR, "maintenance", what, advice)


def _hosts(status: AutomationStatus) -> Iterator[StatusFinding]:
    """Return what the hosts do not agree on: the time, and the version of segmail."""
    for host in status.hosts:
        ends = [r.last.ended for r in status.jobs if r.host == host and r.last is not None]
        if ends and (ahead := max(ends) - status.now) > _SKEW:
            what = (
                f"By the clock of {host}, its last run ends in the future: it is "
                f"{age(status.now, status.now + ahead)} or more ahead of this machine."
            )
            advice = "timedatectl set-ntp true  (on both; `segmail doctor` compares the database's)"
            yield Finding(Severity.ERROR, "clock", what, advice)
    versions = _versions(status)
    if len(set(versions.values())) > 1:
        told = ", ".join(f"{host} runs {version}" for host, version in sorted(versions.items()))
        advice = "git pull  (where the older one runs; then bin/segmail --version)"
        what = f"The hosts run different versions of segmail: {told}."
        yield Finding(Severity.WARNING, "versions", what, advice)


def _versions(status: AutomationStatus) -> dict[str, str]:
    """Return the version of each host that ran a job in the last two days."""
    versions = {}
    for record in sorted(status.jobs, key=lambda one: one.last.ended if one.last else status.now):
        if record.version and record.last and status.now - record.last.ended < _IN_USE:
            versions[record.host] = record.version
    return versions


def _backlog(status: AutomationStatus, thresholds: StatusSettings) -> Iterator[StatusFinding]:
    oldest, limit = status.oldest_due, timedelta(minutes=thresholds.overdue_minutes)
    if oldest is not None and status.now - oldest > limit:
        due = sum(segment.backlog for segment in status.segments)
        yield Finding(
            Severity.ERROR,
            "backlog",
            f"{rows_due(due)}; the oldest has waited {age(oldest, status.now)}.",
            "segmail process-emails --limit 1  (says why they wait, where its last runs do not)",
        )


def _jobs(status: AutomationStatus, thresholds: StatusSettings) -> Iterator[StatusFinding]:
    limits = {
        JobName.PROCESS_EMAILS: thresholds.send_minutes,
        JobName.REFRESH_SEGMENTS: thresholds.refresh_minutes,
        JobName.CLEANUP_PROGRESS: thresholds.daily_minutes,
        JobName.CLEANUP_COUPONS: thresholds.daily_minutes,
        JobName.REPORT: thresholds.daily_minutes,
    }
    for job, minutes in limits.items():
        records = [record for record in status.jobs if record.job is job]
        yield from _job(job, records, timedelta(minutes=minutes), status.now)


def _job(
    job: JobName, records: list[JobRecord], limit: timedelta, now: datetime
) -> Iterator[StatusFinding]:
    """Return a finding unless one host did the job in time: the hosts share the work.

    A failure that a person must fix (78) is reported at once, one that may pass only if it lasts.
    """
    ends = [record.succeeded for record in records if record.succeeded is not None]
    late = not ends or now - max(ends) > limit
    failing = [record for record in records if record.failures]
    if late and failing:
        yield from (_failing(record, now, Severity.ERROR) for record in failing)
    elif late and ends:
        yield _late(job, max(ends), records, now)
    elif late and job in (JobName.PROCESS_EMAILS, JobName.REFRESH_SEGMENTS):
        advice = f"segmail {job}  (crontab.example has its line)"
        yield Finding(Severity.WARNING, job, "No run has ended here yet.", advice)
    else:
        must_act = [r for r in failing if r.failed is not None and r.failed.exit_code == _MUST_ACT]
        yield from (_failing(record, now, Severity.WARNING) for record in must_act)


def _late(
    job: JobName, succeeded: datetime, records: list[JobRecord], now: datetime
) -> StatusFinding:
    what = f"The last run that did its job ended {age(succeeded, now)} ago."
    advice = f"systemctl status cron; crontab -l | grep {job}  (is it running, and in there?)"
    under_way = [
        (r.host, r.running_since)
        for r in records
        if r.running_since is not None and r.running_since > succeeded
    ]
    for host, began in under_way:
        what += f" One that began {age(began, now)} ago on {host} has not ended."
        advice = (
            f"pgrep -af {job}; journalctl -k | grep -i 'out of memory'  "
            "(is it at work, or was it killed?)"
        )
    return Finding(Severity.ERROR, job, what, advice)


def _failing(record: JobRecord, now: datetime, severity: Severity) -> StatusFinding:
    failed = record.failed
    assert failed is not None  # noqa: S101 - a failure is counted with its end
    times = "once" if record.failures == 1 else f"{record.failures:,} times in a row"
    what = (
        f"Ended without doing its job {times} on {record.host}, last {age(failed.ended, now)} ago "
        f"with {failed.exit_code}: {failed.message}"
    )
    return Finding(severity, record.job, what, _looking_closer(failed.exit_code))


def _looking_closer(exit_code: int) -> str:
    """Return the command that tells more about such an end."""
    if exit_code == KILLED:
        return "journalctl -k | grep -i 'out of memory'  (was it killed for want of memory?)"
    if exit_code == _BUG:
        return "tail -n 40 var/log/exception.log  (in the Maho root)"
    return "segmail doctor --connect" if exit_code == _TRY_AGAIN else "segmail doctor"
