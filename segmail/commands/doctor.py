"""`segmail doctor`: what is wrong, and how to fix it."""

from __future__ import annotations

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.doctor.examine import Beyond, examine
from segmail.doctor.findings import AreaFinding
from segmail.errors import ConfigError
from segmail.findings import errors
from segmail.maho.db.database import Database
from segmail.output import print_json, print_table


@click.command()
@click.option(
    "--connect",
    "mail_server",
    is_flag=True,
    help="Ask the mail server, too: greeting, encryption, login, sizes. No mail is sent.",
)
@click.option(
    "--dns",
    is_flag=True,
    help="Ask the DNS about the senders' domains, too: SPF, DKIM, DMARC, and where bounces go.",
)
@AS_JSON
@click.pass_obj
def doctor(app: App, *, mail_server: bool, dns: bool, as_json: bool) -> None:
    """Say what is wrong with the shop's automation, and what to do.

    Checks the schema, switches, mail transport, time zones, base URLs, steps and segments; changes
    nothing. The mail server and the DNS are asked only with --connect and --dns. Exits with 78 if
    there are errors.

    \b
    Examples:
        segmail --maho-root /var/www/shop doctor
        segmail doctor --connect --dns
    """
    database = Database(app.settings.require_database())
    findings = examine(
        database,
        app.settings,
        lambda: app.shop,
        clock=app.clock,
        beyond=Beyond(mail_server=mail_server, dns=dns),
    )
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
