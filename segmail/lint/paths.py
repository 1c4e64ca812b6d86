"""Findings about what a template reads: variables, attributes, methods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.naming import closest, shown
from segmail.lint.reading import Passage
from segmail.lint.shop_facts import Facts
from segmail.lint.variables import ACCOUNT_KEYS, ANY_OBJECT, TemplateObject
from segmail.templates import is_secret
from segmail.templates.nodes import Block, Directive, Place, Var, paths_of
from segmail.templates.paths import Path, PathStep

_COMPARISON = re.compile(r"[=<>!&|]")

Reader: TypeAlias = Var | Directive | Block


def path_findings(passage: Passage, facts: Facts | None) -> Iterator[LintFinding]:
    """Yield reads that lead nowhere, to a secret, or to a whole object where a value is printed."""
    for node, sure in passage.nodes():
        if not isinstance(node, Reader):
            continue
        for path in paths_of(node):
            if not (isinstance(node, Block) and _compares(path)):  # that has a finding of its own
                yield from _Use(passage, node, path, facts, is_sure=path in sure).findings()


@dataclass(frozen=True, slots=True)
class _Use:
    """A path that a directive reads; `is_sure` if a condition around it checks the same path."""

    passage: Passage
    node: Reader
    path: Path
    facts: Facts | None
    is_sure: bool

    def findings(self) -> Iterator[LintFinding]:
        if self.path.name not in self.passage.known:
            yield self._unknown_variable()
            return
        owner = self.passage.known[self.path.name]
        for step in self.path.steps:
            if owner is None:
                yield self._ignored()
                return
            if step.method in owner.methods:
                owner = owner.methods[step.method]
            elif step.key != "":
                yield from self._of_key(step, owner)
                owner = ANY_OBJECT if owner.is_open else None
        if owner is not None and owner is not ANY_OBJECT and self._prints():
            yield self._whole_object(owner)

    def _of_key(self, step: PathStep, owner: TemplateObject) -> Iterator[LintFinding]:
        if step.key is None:
            yield self._unknown_method(step, owner)
        elif is_secret(step.key):
            what = f"{owner.name}.{shown(step.key)} is a secret, so it is never shown."
            yield self.passage.error(LintRule.SECRET, self._place, what, "Take it out.")
        elif step.key.split("/")[0] in owner.keys:
            if owner.name == "customer" and self._prints_nothing(step.key):
                yield self._without_values(step.key)
        elif not owner.is_open:
            yield self._unknown_key(step.key, owner)

    def _prints(self) -> bool:
        return isinstance(self.node, Var) or (
            isinstance(self.node, Directive) and self.node.name != "include"
        )

    def _prints_nothing(self, key: str) -> bool:
        """Return whether no customer has a value, and no condition around it checks that."""
        return (
            self.facts is not None
            and isinstance(self.node, Var)
            and not self.is_sure
            and key not in ACCOUNT_KEYS
            and not self.facts.has_values(key)
        )

    def _unknown_variable(self) -> LintFinding:
        name, known = self.path.name, self.passage.known
        what = f"There is no variable '{shown(name)}', so {self._shown} {self._does_nothing}."
        customer = known.get("customer")
        if customer is not None and name in customer.keys:
            advice = f"Write customer.{name}."
        elif close := closest(name, known):
            advice = f"Did you mean {close}?"
        else:
            advice = "docs/templates.md lists the variables of a mail."
        return self.passage.error(LintRule.UNKNOWN_VARIABLE, self._place, what, advice)

    def _unknown_key(self, key: str, owner: TemplateObject) -> LintFinding:
        who = "Customers have no attribute" if owner.name == "customer" else f"{owner.name} has no"
        what = f"{who} '{shown(key)}', so {self._shown} {self._does_nothing}."
        members = {*owner.keys, *(method.removeprefix("get") for method in owner.methods)}
        if owner.name == "store" and f"store_{key}" in self.passage.known:
            advice = f"Write {{{{var store_{key}}}}}."
        elif close := closest(key, members):
            advice = f"Did you mean {owner.name}.{close}?"
        elif owner.name == "customer":
            advice = "Name an attribute that Maho lists for customers, or take it out."
        else:
            has = sorted(owner.keys) or [f"{method}()" for method in sorted(owner.methods)]
            advice = f"It has {', '.join(has)}."
        return self.passage.error(LintRule.UNKNOWN_MEMBER, self._place, what, advice)

    def _unknown_method(self, step: PathStep, owner: TemplateObject) -> LintFinding:
        method = f"{owner.name}.{shown(step.method)}()"
        what = f"{method} cannot be called; {self._shown} {self._does_nothing}."
        advice = "Templates only read values, as {{var customer.firstname}} does."
        return self.passage.error(LintRule.UNKNOWN_MEMBER, self._place, what, advice)

    def _ignored(self) -> LintFinding:
        what = f"What follows the value '{self.path.name}' in {self._shown} has no effect."
        advice = f"Write only {self.path.name}, or name an object such as customer or store."
        return self.passage.warning(LintRule.IGNORED_MEMBER, self._place, what, advice)

    def _whole_object(self, owner: TemplateObject) -> LintFinding:
        what = f"{self._shown} prints a whole object, so no such mail can be sent."
        member = "getName()" if owner.name == "customer" else "getId()"
        advice = f"Name one of its values, such as {owner.name}.{member}."
        return self.passage.error(LintRule.WHOLE_OBJECT, self._place, what, advice)

    def _without_values(self, key: str) -> LintFinding:
        what = f"No customer has a value of the attribute '{key}', so {self._shown} prints nothing."
        advice = f"Take it out, or put it into {{{{depend customer.{key}}}}}…{{{{/depend}}}}."
        return self.passage.warning(LintRule.UNUSED_ATTRIBUTE, self._place, what, advice)

    @property
    def _place(self) -> Place:
        return self.node.place

    @property
    def _shown(self) -> str:
        return shown(self.node.source)

    @property
    def _does_nothing(self) -> str:
        if isinstance(self.node, Block):
            return "never shows its text"
        return "prints nothing" if isinstance(self.node, Var) else "lacks a value"


def _compares(path: Path) -> bool:
    words = [path.name, *(step.key or step.method for step in path.steps)]
    return any(_COMPARISON.search(word) for word in words)
