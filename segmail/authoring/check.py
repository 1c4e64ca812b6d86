"""Checks templates in the shop and in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segmail.authoring.files import letter_in_file
from segmail.authoring.overview import Use, named_template, uses_of_templates
from segmail.authoring.own_partials import partial_faults
from segmail.errors import InputError
from segmail.findings import Finding, Severity
from segmail.lint import Facts, Letter, LintFinding, LintRule, TemplatePlace, lint
from segmail.maho.newsletters import NewsletterTemplate, load_newsletters, sent_by_steps
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.mail.items.partials import Partials


@dataclass(frozen=True)
class Checked:
    """How many templates were checked, and the findings, each once."""

    templates: int
    findings: Sequence[LintFinding]


def check_letters(
    given: Sequence[str], open_shop: Callable[[], Shop | None], *, maho_root: Path | None
) -> Checked:
    """Check the templates that `given` names; without names, the partials and all that steps send.

    `given` are files, ids or codes. `open_shop` may return None if files are to be checked without
    a shop. Raises InputError listing every name that means nothing.
    """
    files, names = _apart(given)
    shop = open_shop()
    if shop is None:
        if names:
            raise InputError("\n".join(map(_NO_SHOP.format, names)))
        return _checked(lint(letter) for letter in files)
    templates, uses = _templates(shop, names, everything=not given)
    facts = Facts.load(shop, maho_root=maho_root)
    return _checked(
        [
            *(lint(letter, facts) for letter in files),
            *(
                lint(Letter.of(template), facts, couponless=_couponless(template, uses))
                for template in templates
            ),
        ],
        partials=() if given else _partial_findings(maho_root),
    )


_NO_SHOP = (
    "There is no file '{}', and no shop is named that could have such a template: give "
    "--maho-root DIR or --database-url URL."
)


def _checked(
    found: Iterable[list[LintFinding]], *, partials: Iterable[LintFinding] = ()
) -> Checked:
    lists = list(found)
    each = (finding for one in (*lists, partials) for finding in one)
    return Checked(len(lists), list(dict.fromkeys(each)))


def _apart(given: Sequence[str]) -> tuple[list[Letter], list[str]]:
    files, names, faults = [], [], []
    for name in given:
        try:
            letter = letter_in_file(name)
        except InputError as error:
            faults.append(str(error))
            continue
        if letter is None:
            names.append(name)
        else:
            files.append(letter)
    if faults:
        raise InputError("\n".join(faults))
    return files, names


def _templates(
    shop: Shop, names: Sequence[str], *, everything: bool
) -> tuple[list[NewsletterTemplate], Mapping[int, Sequence[Use]]]:
    tables = shop.tables
    with shop.read() as tx:
        uses = uses_of_templates(tx)
        found = load_newsletters(tx, sent_by_steps(tables)) if everything else _named(tx, names)
    return list(found.values()), uses


def _named(tx: Transaction, names: Sequence[str]) -> dict[int, NewsletterTemplate]:
    templates, faults = {}, []
    for name in names:
        try:
            template = named_template(tx, name)
            templates[template.template_id] = template
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))
    return templates


def _partial_findings(maho_root: Path | None) -> list[LintFinding]:
    """Return what is wrong with the shop's own partials of item blocks."""
    return [
        Finding(
            Severity.ERROR if fault.stops else Severity.WARNING,
            TemplatePlace(str(fault.file), "text", fault.line, 1),
            fault.what,
            fault.advice,
            LintRule.PARTIAL,
        )
        for fault in partial_faults(Partials(maho_root))
    ]


def _couponless(template: NewsletterTemplate, uses: Mapping[int, Sequence[Use]]) -> list[str]:
    sending = uses.get(template.template_id, ())
    return [use.step for use in sending if not (use.generate_coupon or use.borrows_coupon)]
