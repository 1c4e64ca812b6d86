"""`segmail doctor`: what is wrong, and what to do."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.doctor.examine import examine
from segmail.doctor.findings import AreaFinding
from segmail.errors import ConfigError
from segmail.findings import errors
from segmail.maho.db.database import Database
from segmail.output import print_json, print_table


@click.command()
@AS_JSON
@click.pass_obj
def doctor(app: App, *, as_json: bool) -> None:
    """Say what is wrong with the shop's automation, and what to do.

    Looks at the schema, switches, mail transport, time zones, base URLs, steps and segments;
    changes nothing and connects to no mail server. Exits with 78 when there are errors.

    \b
    Example:
        segmail --maho-root /var/www/shop doctor
    """
    database = Database(app.settings.require_database())
    findings = examine(database, app.settings, lambda: (app.shop, app.config), clock=app.clock)
    if as_json:
        print_json([_as_json(one) for one in findings])
    else:
        columns = ("Severity", "Area", "What", "What to do")
        rows = [(one.severity, one.where, one.what, one.advice) for one in findings]
        print_table("What was found", columns, rows)
    if wrong := len(errors(findings)):
        raise ConfigError(f"{wrong} error{'' if wrong == 1 else 's'}; the list says what to do.")


def _as_json(finding: AreaFinding) -> dict[str, str]:
    return {
        "severity": finding.severity,
        "area": finding.where,
        "what": finding.what,
        "advice": finding.advice,
    }
