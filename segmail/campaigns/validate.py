"""`campaign validate`: what is wrong with campaign files, without a shop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from segmail.campaigns.apply import ReadFile
from segmail.campaigns.check import check_leaves
from segmail.campaigns.entry import FileFaults, SegmentEntry, TemplateEntry
from segmail.errors import ConfigError, Fault, TemplateError
from segmail.maho.newsletters import NewsletterTemplate, compile_newsletter
from segmail.maho.policies import NO_GROUP, OnExit
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import build_tables
from segmail.maho.steps import Trigger
from segmail.segments.conditions.scope import EavAttribute, EavAttributes, Scope
from segmail.segments.stay import stay_oddities

_TYPES = {"dob": "datetime", "gender": "int"}


class _AnyAttributes(EavAttributes):
    """Attributes of a shop that is not there: every code may be one."""

    def find(self, entity: str, code: str) -> EavAttribute | None:
        return EavAttribute(1, code, _TYPES.get(code, "varchar"), "text")


def validate_files(files: Sequence[ReadFile], *, now: datetime) -> list[str]:
    """Check files as far as that can be done without the shop; return what is odd, with lines.

    Names of templates and sales rules that the files do not describe may be the shop's. Raises
    ConfigError with every fault of every file, each with its line.
    """
    scope = Scope(build_tables(), build_sales_tables(""), now, "sqlite", _AnyAttributes({}))
    told: list[Fault] = []
    odd: list[str] = []
    for file in files:
        faults = file.faults
        for template in file.campaign.templates:
            _check_template(template, faults)
        for segment in file.campaign.segments:
            check_leaves(segment, scope, faults)
            odd += _odd(segment, faults)
        told += faults.told()
    if told:
        raise ConfigError(told)
    return odd


def _check_template(entry: TemplateEntry, faults: FileFaults) -> None:
    letter = NewsletterTemplate(
        0,
        entry.name,
        entry.subject or "",
        entry.text or "",
        is_html=entry.is_html is not False,
        style_sheet=entry.styles,
    )
    try:
        compile_newsletter(letter)
    except TemplateError as error:
        faults.add(entry.lines[""], f"The template '{entry.name}' cannot be used: {error}")


def _odd(segment: SegmentEntry, faults: FileFaults) -> Iterator[str]:
    steps = segment.steps or ()
    if segment.automation and segment.steps is not None and not steps:
        line = segment.lines.get("automation.active", segment.lines[""])
        yield f"{faults.file}:{line}: '{segment.name}' has no steps, so its automation is refused."
    if "priority" in segment.policies and segment.policies.get("group") == NO_GROUP:
        line = segment.lines["automation.priority"]
        yield f"{faults.file}:{line}: '{segment.name}' is in no group: its priority does nothing."
    if segment.tree is None:
        return
    delays = [
        (f"'{step.template}'", timedelta(minutes=step.delay_minutes or 0))
        for step in steps
        if step.active is not False and (step.trigger or segment.trigger) is not Trigger.EXIT
    ]
    stops = segment.policies.get("on_exit") is not OnExit.CONTINUE
    for odd in stay_oddities(segment.tree, delays, stops_on_exit=stops):
        line = segment.lines.get("conditions", segment.lines[""])
        yield f"{faults.file}:{line}: '{segment.name}': {odd}."
