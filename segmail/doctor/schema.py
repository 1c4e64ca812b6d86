"""Whether the shop's tables are as segmail needs them."""

from __future__ import annotations

from sqlalchemy import Connection

from segmail.doctor.findings import Area, AreaFinding, of_faults, ok
from segmail.findings import Finding, Severity
from segmail.maho.schema.check import SchemaReport
from segmail.maho.schema.rights import (
    COUPONS,
    REFRESHING,
    SENDING,
    missing_rights,
    right_faults,
)

_APPLY = (
    "segmail schema apply --yes  (creates what the specification adds; the rest is Maho's own: "
    "./maho migrate)"
)


def schema_findings(report: SchemaReport) -> list[AreaFinding]:
    """Return what `schema check` finds, including its notes."""
    found = [
        *(
            Finding(Severity.ERROR, Area.SCHEMA, f"Missing: {missing}.", _APPLY)
            for missing in report.missing
        ),
        *of_faults(Area.SCHEMA, report.faults),
        *of_faults(Area.SCHEMA, report.notes, Severity.NOTE),
    ]
    if report.complete:
        found.append(ok(Area.SCHEMA, f"{report.engine} {report.version}, nothing is missing."))
    return found


def right_findings(connection: Connection, prefix: str) -> list[AreaFinding]:
    """Return the rights that the jobs need to write, and the database user lacks.

    Those to read are told with the tables.
    """
    writing = [one for one in (*SENDING, *COUPONS, *REFRESHING) if one.verb != "SELECT"]
    missing = list(missing_rights(connection, prefix, writing))
    faults = of_faults(Area.RIGHTS, right_faults(connection, missing, prefix))
    return faults or [ok(Area.RIGHTS, "The jobs may write what they have to.")]
