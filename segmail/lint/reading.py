"""A template as the checks read it.

It has passages, including those of the templates and blocks that it includes. For each node it is
known which values the {{if}} and {{depend}} around it have checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from segmail.errors import TemplateError
from segmail.findings import Finding, Severity
from segmail.lint.findings import LintFinding, LintRule, TemplatePlace
from segmail.lint.naming import printable, shown
from segmail.lint.shop_facts import Facts
from segmail.lint.variables import ANY_OBJECT, THIS_INCLUDED, Known, TemplateObject, mail_objects
from segmail.maho.newsletters import NewsletterTemplate
from segmail.templates import Kind, compile_template
from segmail.templates.frame import MAX_INCLUDE_DEPTH, MAX_INCLUDES
from segmail.templates.nodes import Block, Directive, Node, Place
from segmail.templates.paths import Parameter, Path

_START = Place(1, 1)


@dataclass(frozen=True)
class Letter:
    """A template to be checked: code or file, subject and sender (None in a file), text, styles."""

    name: str
    subject: str | None
    text: str
    is_html: bool = True
    template_id: int | None = None
    styles: str = ""
    sender_name: str | None = None
    sender_email: str | None = None

    @classmethod
    def of(cls, template: NewsletterTemplate) -> Letter:
        """Return a template of the shop as the checks read it."""
        return cls(
            template.code or f"template {template.template_id}",
            template.subject,
            template.text,
            is_html=template.is_html,
            template_id=template.template_id,
            styles=template.styles or "",
            sender_name=template.sender_name,
            sender_email=template.sender_email,
        )


@dataclass(frozen=True)
class Passage:
    """One text of a letter, or one that it includes; `sure` are the paths known to have a value."""

    name: str
    part: str
    source: str
    is_html: bool
    tree: tuple[Node, ...]
    known: Known
    sure: frozenset[Path] = frozenset()
    trail: tuple[tuple[str, str], ...] = ()

    def in_part(self, part: str) -> Passage:
        """Return the passage as another part of its letter, for findings there."""
        return replace(self, part=part)

    def nodes(self) -> Iterator[tuple[Node, frozenset[Path]]]:
        """Yield every node with the conditions that hold where it is printed."""
        return _guarded(self.tree, self.sure)

    def error(self, rule: LintRule, place: Place, what: str, advice: str) -> LintFinding:
        """Return an error in this passage."""
        return self.finding(rule, Severity.ERROR, place, what, advice)

    def warning(self, rule: LintRule, place: Place, what: str, advice: str) -> LintFinding:
        """Return a warning about this passage."""
        return self.finding(rule, Severity.WARNING, place, what, advice)

    def finding(
        self, rule: LintRule, severity: Severity, place: Place, what: str, advice: str
    ) -> LintFinding:
        """Return a finding; characters that a terminal or JSON cannot show are replaced."""
        name, what, advice = map(printable, (self.name, what, advice))
        return Finding(severity, TemplatePlace(name, self.part, *place), what, advice, rule)


@dataclass
class Reading:
    """All passages of a letter, and the reasons why others could not be read.

    `complete` is False if something is included that is known only when a mail is rendered.
    """

    passages: list[Passage] = field(default_factory=list)
    findings: list[LintFinding] = field(default_factory=list)
    complete: bool = True


def read_letter(letter: Letter, facts: Facts | None) -> Reading:
    """Read a letter; without `facts`, what it includes is unknown."""
    reader = _PassageReader(facts)
    known = mail_objects(facts.attributes.by_code if facts else None)
    if letter.subject is not None:
        reader.read(Passage(letter.name, "subject", letter.subject, False, (), known))
    reader.read(Passage(letter.name, "text", letter.text, letter.is_html, (), known))
    return reader.reading


class _PassageReader:
    def __init__(self, facts: Facts | None) -> None:
        self.reading = Reading()
        self._facts = facts
        self._seen: set[tuple[str, frozenset[str], frozenset[Path]]] = set()

    def read(self, passage: Passage) -> None:
        try:
            tree = compile_template(passage.source, kind=Kind.HTML).tree
        except TemplateError as error:
            advice = "Make it smaller or simpler."
            limit = passage.error(LintRule.LIMIT, _START, str(error), advice)
            self.reading.findings.append(limit)
            self.reading.complete = False
            return
        passage = replace(passage, tree=tree)
        self.reading.passages.append(passage)
        for node, sure in passage.nodes():
            if isinstance(node, Directive) and node.name == "template":
                self.reading.complete = False  # its header or footer may be Maho's own
            elif isinstance(node, Directive) and node.name in ("include", "block"):
                self._include(node, sure, passage)

    def _include(self, node: Directive, sure: frozenset[Path], outer: Passage) -> None:
        given = {parameter.name: parameter for parameter in node.parameters}
        code = given.get(_naming(node, given))
        if code is None or not self._runs(given):
            return
        if code.literal is None or self._facts is None or self._is_full():
            self.reading.complete = False
            return
        source = self._facts.source(node.name, code.literal)
        if source is None:
            self.reading.findings.append(_missing(node, code.literal, outer))
            return
        inner = _inside(outer, node, code.literal, source, sure, given)
        if inner.trail[-1] in outer.trail or len(inner.trail) > MAX_INCLUDE_DEPTH:
            self.reading.findings.append(_endless(node, inner, outer))
        elif (key := (inner.name, frozenset(inner.known), sure)) not in self._seen:
            self._seen.add(key)
            self.read(inner)

    def _runs(self, given: Mapping[str, Parameter]) -> bool:
        """Return whether a block of a PHP type is one that mails may show."""
        type_ = given["type"].literal if "type" in given else None
        return type_ is None or self._facts is None or self._facts.allows_block(type_)

    def _is_full(self) -> bool:
        return len(self.reading.passages) >= MAX_INCLUDES


def _guarded(
    nodes: Iterable[Node], sure: frozenset[Path]
) -> Iterator[tuple[Node, frozenset[Path]]]:
    for node in nodes:
        yield node, sure
        if isinstance(node, Block):
            met = sure | {node.condition} if node.condition else sure
            yield from _guarded(node.then, met)
            yield from _guarded(node.otherwise, sure)


def _naming(node: Directive, given: Mapping[str, Parameter]) -> str:
    """Return the parameter that names what is included."""
    if node.name == "include":
        return "template"
    return "block_id" if "type" in given else "id"


def _inside(
    outer: Passage,
    node: Directive,
    code: str,
    source: str,
    sure: frozenset[Path],
    given: Mapping[str, Parameter],
) -> Passage:
    """Return what is included, with the variables that the directive gives it."""
    known = dict(outer.known)
    if node.name == "include":
        known |= {
            name: _object_of(given[name], outer.known) for name in given if name != "template"
        }
        known["this"] = THIS_INCLUDED
    name = code if node.name == "include" else f"block {code}"
    trail = (*outer.trail, (node.name, code))
    return Passage(name, "text", source, outer.is_html, (), known, sure, trail)


def _object_of(parameter: Parameter, known: Known) -> TemplateObject | None:
    if parameter.path is None:
        return None
    if parameter.path.steps:
        return ANY_OBJECT
    return known.get(parameter.path.name, ANY_OBJECT)


def _missing(node: Directive, code: str, outer: Passage) -> LintFinding:
    if node.name == "include":
        what = f"There is no newsletter template '{shown(code)}', so no mail can be sent."
        advice = "Name an existing template, or take the {{include}} out."
        return outer.error(LintRule.MISSING_TEMPLATE, node.place, what, advice)
    what = f"There is no active static block '{shown(code)}', so nothing is printed here."
    advice = "Name or activate a block of the store, or take the {{block}} out."
    return outer.warning(LintRule.MISSING_BLOCK, node.place, what, advice)


def _endless(node: Directive, inner: Passage, outer: Passage) -> LintFinding:
    codes = " > ".join(shown(code) for _, code in inner.trail)
    what = f"The text includes itself or too many others: {codes}."
    advice = "Take one of these out of the other."
    return outer.error(LintRule.RECURSION, node.place, what, advice)
