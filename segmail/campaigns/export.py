"""`campaign export`: writes the shop's campaigns as a file that `campaign apply` reads."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segmail.campaigns.entry import CouponEntry, SegmentEntry, StepEntry
from segmail.campaigns.names import load_rules, load_templates
from segmail.campaigns.sales_rules import RuleState
from segmail.campaigns.sales_rules import load_states as load_rule_states
from segmail.campaigns.write import Contents, write_campaign, write_entries
from segmail.errors import ConditionError, ConfigError, Fault, InputError
from segmail.maho.lookup import find_segment
from segmail.maho.newsletters import NewsletterTemplate, load_newsletters
from segmail.maho.schema.tables import Layout
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.steps import Segment, Step, load_segments, load_steps
from segmail.segments.naming.shop_names import ShopNames
from segmail.segments.naming.translate import with_names
from segmail.segments.stored.codes import Names, load_groups, load_websites
from segmail.segments.stored.state import Refresh, SegmentState, load_states
from segmail.sending_rules import DEFAULT

FILE = "campaigns.yaml"
_FOLDER = "templates"


@dataclass(frozen=True)
class Exported:
    """The file's text, and the texts beside it by their paths."""

    text: str
    beside: Mapping[str, str]


def export_campaigns(shop: Shop, given: Sequence[str], *, beside: bool) -> Exported:
    """Return the file of the segments that `given` names, by id; without names, of every segment.

    It contains their steps, and the templates and sales rules of the steps. With `beside`, the
    texts of templates are separate files. Raises InputError for a name that does not exist,
    ConditionError listing every segment whose conditions segmail does not know.
    """
    tables = shop.tables
    with shop.read() as tx:
        ids = {find_segment(tx, name).segment_id for name in given}
        states = load_states(tx, ids or None)
        steps = load_steps(tx, segment_ids=list(states))
        used = {step.template_id for step in steps}
        templates = load_newsletters(tx, tables.template.c.template_id.in_(used))
        rules = load_rule_states(tx, {s.rule_id for s in steps if s.rule_id})
        _check_twins(tx, templates, rules, states)
        websites, groups = load_websites(tx), load_groups(tx)
        naming = ShopNames(tx)
        entries = {
            id: replace(entry, tree=entry.tree and with_names(entry.tree, naming))
            for id, entry in _entries(tx, states, (websites, groups)).items()
        }
    named = _Named(templates, rules, tables.layout)
    segments = [named.with_steps(entry, id, steps) for id, entry in entries.items()]
    _check(segments)
    files = _paths(list(templates.values())) if beside else {}
    contents = Contents(
        list(templates.values()),
        list(rules.values()),
        segments,
        {key: path for key, (path, _) in files.items()},
    )
    texts = dict(files.values())
    return Exported(write_campaign(contents, websites, groups), texts)


def save_export(exported: Exported, folder: Path) -> list[Path]:
    """Write an export into a folder, which is created if it is missing; return its files."""
    files = {FILE: exported.text, **exported.beside}
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.") from error
    return [folder / name for name in files]


@dataclass(frozen=True)
class _Named:
    """Replaces the ids in steps by the names for a file."""

    templates: Mapping[int, NewsletterTemplate]
    rules: Mapping[int, RuleState]
    layout: Layout

    def with_steps(self, entry: SegmentEntry, id: int, steps: Sequence[Step]) -> SegmentEntry:
        """Return the entry with its automation and its steps."""
        mine = [step for step in steps if step.segment.segment_id == id]
        triggers = {step.trigger for step in mine}
        trigger = entry.trigger or (next(iter(triggers)) if len(triggers) == 1 else None)
        found = tuple(self._step(step, shared=trigger is not None) for step in mine)
        on = entry.automation or (False if mine else None)
        return replace(entry, steps=found, trigger=trigger, automation=on)

    def _step(self, step: Step, *, shared: bool) -> StepEntry:
        rule = self.rules.get(step.rule_id or 0)
        coupon = None
        if step.generate_coupon and rule is not None:
            coupon = CouponEntry(rule.name, step.coupon_prefix, step.coupon_expires_days)
        return StepEntry(
            template=self.templates[step.template_id].code,
            delay_minutes=step.delay_minutes,
            trigger=None if shared else step.trigger,
            active=None if step.is_active else False,
            max_sends=None if step.max_sends == 1 else step.max_sends,
            repeat=step.policy.repeat,
            expiry=None if step.policy.expiry == DEFAULT else step.policy.expiry,
            coupon=coupon,
        )


def _entries(
    tx: Transaction,
    states: Mapping[int, SegmentState],
    codes: tuple[Names, Names],
) -> dict[int, SegmentEntry]:
    segments = {one.segment_id: one for one in load_segments(tx)}
    return {id: _entry(state, segments[id], *codes) for id, state in states.items()}


def _entry(state: SegmentState, segment: Segment, websites: Names, groups: Names) -> SegmentEntry:
    return SegmentEntry(
        name=state.name,
        description=state.description,
        active=state.active,
        websites=tuple(websites.mention(id) for id in state.website_ids),
        groups=tuple(groups.mention(id) for id in state.group_ids),
        refresh=Refresh.SEGMAIL if state.needs_segmail else state.refresh,
        policies=state.policies,
        automation=True if segment.automation_active else None,
        trigger=segment.trigger,
        tree=state.tree,
    )


def _check_twins(
    tx: Transaction,
    templates: Mapping[int, NewsletterTemplate],
    rules: Mapping[int, RuleState],
    segments: Mapping[int, SegmentState],
) -> None:
    """Raise ConfigError for names that are not unique in the shop: a file has nothing but names."""
    all_segments: dict[str, list[int]] = defaultdict(list)
    for one in load_segments(tx):
        all_segments[one.name.casefold()].append(one.segment_id)
    faults = [
        Fault(
            f"The shop has several {kind}s '{name}': {' and '.join(map(str, ids))}.",
            "Rename all but one: a file knows everything by its name, in any case.",
        )
        for kind, names, known in (
            ("template", [one.code for one in templates.values()], load_templates(tx, set()).ids),
            ("sales rule", [one.name for one in rules.values()], load_rules(tx, set()).ids),
            ("segment", [one.name for one in segments.values()], all_segments),
        )
        for name in {name.casefold(): name for name in names}.values()
        if len(ids := known.get(name.casefold(), ())) > 1
    ]
    if faults:
        raise ConfigError(faults)


def _check(entries: Sequence[SegmentEntry]) -> None:
    faults = []
    for entry in entries:
        try:
            if entry.tree is None:
                raise ConditionError(
                    "The stored conditions cannot be read; `segmail segment explain` tells why."
                )
            write_entries([entry])
        except ConditionError as error:
            faults += [fault.about(f"'{entry.name}': ") for fault in error.faults]
    if faults:
        raise ConditionError(faults)


def _paths(
    templates: Sequence[NewsletterTemplate],
) -> dict[tuple[int, str], tuple[str, str]]:
    """Return the files for the templates' texts: path and text by template and kind."""
    found: dict[tuple[int, str], tuple[str, str]] = {}
    taken: set[str] = set()
    for one in templates:
        name = re.sub(r"[^a-z0-9]+", "-", one.code.lower()).strip("-") or "template"
        if name in taken:
            name = f"{name}-{one.template_id}"
        taken.add(name)
        kind, ending = ("html", "html") if one.is_html else ("text", "txt")
        found[one.template_id, kind] = (f"{_FOLDER}/{name}.{ending}", one.text)
        if one.style_sheet:
            found[one.template_id, "styles"] = (f"{_FOLDER}/{name}.css", one.style_sheet)
    return found
