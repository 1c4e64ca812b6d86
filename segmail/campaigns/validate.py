"""`campaign validate`: finds what is wrong with campaign files, without a shop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from segmail.campaigns.apply import ReadFile
from segmail.campaigns.check import check_leaves
from segmail.campaigns.entry import FileFaults, SegmentEntry, TemplateEntry
from segmail.campaigns.named import members_of, tell_circles, with_ids
from segmail.campaigns.steps import check_prefix
from segmail.errors import ConfigError, Fault, TemplateError
from segmail.maho.newsletters import NewsletterTemplate, compile_newsletter
from segmail.maho.policies import NO_GROUP, Goal, OnExit
from segmail.maho.schema.sales_tables import build_sales_tables
from segmail.maho.schema.tables import build_tables
from segmail.maho.steps import Trigger
from segmail.segments.conditions.scope import EavAttribute, EavAttributes, KnownSegment, Scope
from segmail.segments.conditions.tree import Leaf, leaves
from segmail.segments.language.labels import BY_TYPE
from segmail.segments.language.line import nearly
from segmail.segments.naming.any_names import AnyNames
from segmail.segments.stay import NO_COUPON, stay_oddities

_TYPES = {"dob": "datetime", "gender": "int"}


class _AnyAttributes(EavAttributes):
    """The attributes of an unknown shop: it may have any code."""

    def find(self, entity: str, code: str) -> EavAttribute | None:
        return EavAttribute(1, code, _TYPES.get(code, "varchar"), "text")


def validate_files(files: Sequence[ReadFile], *, now: datetime) -> list[str]:
    """Check files as far as possible without the shop; return what is odd, with lines.

    Names of templates and sales rules that the files do not describe may be the shop's. Raises
    ConfigError with every fault of every file, each with its line.
    """
    segments = [one for file in files for one in file.campaign.segments]
    naming = AnyNames(one.name for one in segments)
    said = [[with_ids(one, naming, f.faults) for one in f.campaign.segments] for f in files]
    ids = {one.name: naming.segment(one.name) for one in segments}
    members = {ids[one.name]: members_of(one) for entries in said for one in entries}
    scope = _scope(naming, now)
    told: list[Fault] = []
    odd: list[str] = []
    for file, entries in zip(files, said, strict=True):
        faults = file.faults
        for template in file.campaign.templates:
            _check_template(template, faults)
        for segment in entries:
            check_leaves(segment, scope, faults)
            for step in segment.steps or ():
                check_prefix(step, faults)
            odd += _odd(segment, faults)
        tell_circles({ids[one.name]: one for one in entries}, members, naming.names, faults)
        told += faults.told()
    if told:
        raise ConfigError(told)
    return odd


def _scope(naming: AnyNames, now: datetime) -> Scope:
    segments = {id: KnownSegment(name) for id, name in naming.names.items()}
    attributes = _AnyAttributes({})
    tables, sales = build_tables(), build_sales_tables("")
    return Scope(tables, sales, now, "sqlite", attributes, segments=segments)


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
    for key, odd in _odd_automation(segment):
        line = segment.lines.get(key, segment.lines[""])
        yield f"{faults.file}:{line}: '{segment.name}' {odd}"
    for leaf in segment.leaves:
        if told := _perhaps_misspelt(leaf):
            yield f"{faults.file}:{segment.lines[leaf.path]}: {told}"
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


def _odd_automation(segment: SegmentEntry) -> Iterator[tuple[str, str]]:
    """Yield what is odd about a segment's policies, each with the key that it concerns."""
    steps, policies = segment.steps or (), segment.policies
    if segment.automation and segment.steps is not None and not steps:
        yield "automation.active", "has no steps, so its automation is refused."
    if "priority" in policies and policies.get("group") == NO_GROUP:
        yield "automation.priority", "is in no group: its priority does nothing."
    if policies.get("goal") == Goal.COUPON and steps and not any(s.coupon for s in steps):
        yield "automation.goal", f"has a goal without meaning: {NO_COUPON}."
    tree = segment.tree
    if segment.automation and tree is not None and next(leaves(tree), None) is None:
        yield "conditions", "has no conditions: every active customer gets its mails."


def _perhaps_misspelt(leaf: Leaf) -> str | None:
    """Return a hint about a customer attribute that only the shop itself can have added."""
    name, family = BY_TYPE[leaf.family]
    if not family.shops_own or leaf.attribute in family.codes.values():
        return None
    label = family.label(leaf.attribute) or leaf.attribute
    meant = " or ".join(f"'{one}'" for one in nearly(label))
    told = f"'{name}: {label}' must be an attribute that the shop has made; did you mean"
    return f"{told} {meant}?" if meant else None
