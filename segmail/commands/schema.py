"""`segmail schema`: check or create the tables and columns that segmail needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from segmail.app import App
from segmail.commands.options import AS_JSON
from segmail.errors import Fault, InputError, SchemaError
from segmail.maho.config.tuned import remember_tuned
from segmail.maho.db.database import Database
from segmail.maho.schema.changes import apply_changes, plan_changes
from segmail.maho.schema.check import SchemaReport, check_schema
from segmail.maho.schema.rights import SETTINGS, check_rights
from segmail.maho.schema.tables import build_tables
from segmail.maho.schema.transaction import Transaction
from segmail.maho.schema.tune import plan_tuning, run_tuning
from segmail.output import print_json, print_table


@click.group()
def schema() -> None:
    """Check or create the tables, columns and indexes that segmail needs."""


@schema.command()
@AS_JSON
@click.pass_obj
def check(app: App, *, as_json: bool) -> None:
    """Show the state of the shop's database, and what it lacks.

    Exits with 78 if something is missing.

    \b
    Example:
        segmail --maho-root /var/www/shop schema check
    """
    report = check_schema(_database(app), app.settings.table_prefix)
    if as_json:
        print_json(_as_json(report))
    else:
        _print_report(report)
    if not report.complete:
        raise SchemaError(_verdict(report))


@schema.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Print the statements and run none.")
@AS_JSON
@click.pass_obj
def apply(app: App, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Create the specification's tables and columns that are missing.

    Prints the statements, asks, and runs them. Existing tables and columns are never touched, so
    it is safe to repeat.

    \b
    Example:
        segmail --maho-root /var/www/shop schema apply --dry-run
    """
    database, prefix = _database(app), app.settings.table_prefix
    statements = plan_changes(database, prefix)
    if not as_json:
        _print_statements(statements, none="There is nothing to create.")
    if not dry_run:
        if statements and not yes:
            _confirm(len(statements))
        apply_changes(database, prefix, statements)
    if as_json:
        print_json({"statements": statements, "dry_run": dry_run})


@schema.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Print the statements and run none.")
@AS_JSON
@click.pass_obj
def tune(app: App, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Create the indexes that find due and sent steps, and who unsubscribed, quickly.

    Maho's own index has its columns in the other order: each run walks over every step that was
    ever sent. And none of Maho's indexes tells when steps were sent: `report` reads each step, and
    for each order all mails of its customer. With some hundred thousand steps these three indexes
    are worth their space (80 MB for each million steps); they make each change of a step a little
    slower. One more finds unsubscribed addresses, which `process-emails` reads every few
    seconds: with some hundred thousand subscribers that takes a quarter of the time. The shop keeps
    working while they are created.

    An index that an earlier version made with fewer columns is made anew under the same name.

    `./maho migrate` drops them, like every index that no module declares: run this again after an
    upgrade of Maho, or declare the indexes in a module of yours. `doctor` reports if one is gone.

    \b
    Example:
        segmail --maho-root /var/www/shop schema tune --dry-run
    """
    database = _database(app)
    statements = plan_tuning(database, app.settings.table_prefix)
    if not as_json:
        _print_statements(statements, none="The indexes are there already.")
    if statements and not dry_run:
        if not yes:
            _confirm(len(statements))
        tables = build_tables(app.settings.table_prefix)
        with database.read() as connection:
            check_rights(Transaction(connection, tables), SETTINGS)
        run_tuning(database, statements)
        database.transact(lambda connection: remember_tuned(Transaction(connection, tables)))
    if as_json:
        print_json({"statements": statements, "dry_run": dry_run})


def _print_statements(statements: Sequence[str], *, none: str) -> None:
    click.echo(";\n\n".join(statements) + ";" if statements else none)


def _database(app: App) -> Database:
    """Return the database without `app.shop`, which needs tables that may be missing."""
    return Database(app.settings.require_database())


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        raise InputError("Nothing was changed: without a terminal to ask on, give --yes.")
    click.confirm(f"Run {count} statement{'s' if count > 1 else ''}?", abort=True)


def _as_json(report: SchemaReport) -> dict[str, object]:
    faults, notes = map(str, report.faults), map(str, report.notes)
    return {**vars(report), "faults": list(faults), "notes": list(notes)}


def _print_report(report: SchemaReport) -> None:
    rows = [
        ("Server", f"{report.engine} {report.version}"),
        ("Layout", report.layout.value if report.layout else "no automation tables"),
        ("Table prefix", report.table_prefix or "none"),
        ("Times", _times(report)),
        *(("Missing", str(item)) for item in report.missing),
        *(("Fault", fault) for fault in report.faults),
        *(("Note", note) for note in report.notes),
    ]
    print_table("The shop's database", ("Part", "Found"), rows)


def _times(report: SchemaReport) -> str:
    """Return the type in which most tables store times, and each table that differs."""
    types = report.time_types
    if not types:
        return "unknown"
    usual = max(sorted(set(types.values())), key=list(types.values()).count)
    others = [f"{table}: {type_}" for table, type_ in types.items() if type_ != usual]
    return "; ".join([usual, *others])


def _verdict(report: SchemaReport) -> list[Fault]:
    if not report.missing:
        return list(report.faults)
    missing = Fault(
        f"{len(report.missing)} missing.",
        "`segmail schema apply` creates what the specification adds; the rest is Maho's own.",
    )
    return [missing, *report.faults]
