"""A template as checks read it: its passages, with those of the templates and blocks it includes,
and for each node what the {{if}} and {{depend}} around it have made sure of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from segmail.errors import TemplateError
from segmail.lint.naming import printable, shown
from segmail.lint.remarks import Remark, Rule, Severity
from segmail.lint.shop_facts import Facts
from segmail.lint.variables import ANYTHING, THIS_INCLUDED, Known, Thing, mail_things
from segmail.maho.newsletters import NewsletterTemplate
from segmail.templates import Kind, compile_template
from segmail.templates.frame import MAX_INCLUDE_DEPTH, MAX_INCLUDES
from segmail.templates.nodes import Block, Directive, Node, Place
from segmail.templates.paths import Parameter, Path

_START = Place(1, 1)


@dataclass(frozen=True)
class Letter:
    """A template to be checked: its code or file, subject (None: there is none) and text."""

    name: str
    subject: str | None
    text: str
    is_html: bool = True
    template_id: int | None = None

    @classmethod
    def of(cls, template: NewsletterTemplate) -> Letter:
        """Return a template of the shop as checks read it."""
        return cls(
            template.code or f"template {template.template_id}",
            template.subject,
            template.text,
            is_html=template.is_html,
            template_id=template.template_id,
        )


@dataclass(frozen=True)
class Passage:
    """One text of a letter, or one that it includes; `sure` is what is known to have a value."""

    name: str
    part: str
    source: str
    is_html: bool
    tree: tuple[Node, ...]
    known: Known
    sure: frozenset[Path] = frozenset()
    trail: tuple[tuple[str, str], ...] = ()

    def nodes(self) -> Iterator[tuple[Node, frozenset[Path]]]:
        """Yield every node with the conditions that are met where it is printed."""
        return _guarded(self.tree, self.sure)

    def remark(
        self, rule: Rule, place: Place, text: str, fix: str, *, stops: bool = False
    ) -> Remark:
        """Return an error in this passage."""
        return self.said(rule, Severity.ERROR, place, text, fix, stops=stops)

    def warning(self, rule: Rule, place: Place, text: str, fix: str) -> Remark:
        """Return a warning about this passage."""
        return self.said(rule, Severity.WARNING, place, text, fix)

    def said(
        self,
        rule: Rule,
        severity: Severity,
        place: Place,
        text: str,
        fix: str,
        *,
        stops: bool = False,
    ) -> Remark:
        """Return a remark; what a terminal or JSON could not show of the template is replaced."""
        name, text, fix = map(printable, (self.name, text, fix))
        return Remark(rule, severity, name, self.part, *place, text=text, fix=fix, stops=stops)


@dataclass
class Reading:
    """All passages of a letter, and what kept others from being read.

    `complete` is False where something is included that nobody can know before a mail is rendered.
    """

    passages: list[Passage] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    complete: bool = True


def read_letter(letter: Letter, facts: Facts | None) -> Reading:
    """Read a letter; without `facts` nothing that it includes is known."""
    reader = _Reader(facts)
    known = mail_things(facts.attributes.by_code if facts else None)
    if letter.subject is not None:
        reader.read(Passage(letter.name, "subject", letter.subject, False, (), known))
    reader.read(Passage(letter.name, "text", letter.text, letter.is_html, (), known))
    return reader.reading


class _Reader:
    def __init__(self, facts: Facts | None) -> None:
        self.reading = Reading()
        self._facts = facts
        self._seen: set[tuple[str, frozenset[str], frozenset[Path]]] = set()

    def read(self, passage: Passage) -> None:
        try:
            tree = compile_template(passage.source, kind=Kind.HTML).tree
        except TemplateError as error:
            fix = "Make it smaller or simpler."
            limit = passage.remark(Rule.LIMIT, _START, str(error), fix, stops=True)
            self.reading.remarks.append(limit)
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
            self.reading.remarks.append(_missing(node, code.literal, outer))
            return
        inner = _inside(outer, node, code.literal, source, sure, given)
        if inner.trail[-1] in outer.trail or len(inner.trail) > MAX_INCLUDE_DEPTH:
            self.reading.remarks.append(_endless(node, inner, outer))
        elif (key := (inner.name, frozenset(inner.known), sure)) not in self._seen:
            self._seen.add(key)
            self.read(inner)

    def _runs(self, given: Mapping[str, Parameter]) -> bool:
        """Tell whether a block of a PHP type is one that mails may show."""
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
        known |= {name: _thing(given[name], outer.known) for name in given if name != "template"}
        known["this"] = THIS_INCLUDED
    name = code if node.name == "include" else f"block {code}"
    trail = (*outer.trail, (node.name, code))
    return Passage(name, "text", source, outer.is_html, (), known, sure, trail)


def _thing(parameter: Parameter, known: Known) -> Thing | None:
    if parameter.path is None:
        return None
    if parameter.path.steps:
        return ANYTHING
    return known.get(parameter.path.name, ANYTHING)


def _missing(node: Directive, code: str, outer: Passage) -> Remark:
    if node.name == "include":
        text = f"There is no newsletter template '{shown(code)}', so no mail can be sent."
        fix = "Name an existing template, or take the {{include}} out."
        return outer.remark(Rule.MISSING_TEMPLATE, node.place, text, fix, stops=True)
    text = f"There is no active static block '{shown(code)}', so nothing is printed here."
    fix = "Name or activate a block of the store, or take the {{block}} out."
    return outer.warning(Rule.MISSING_BLOCK, node.place, text, fix)


def _endless(node: Directive, inner: Passage, outer: Passage) -> Remark:
    codes = " > ".join(shown(code) for _, code in inner.trail)
    text = f"The text includes itself or too many others: {codes}."
    fix = "Take one of these out of the other."
    return outer.remark(Rule.RECURSION, node.place, text, fix, stops=True)
