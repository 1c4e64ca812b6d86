"""Remarks about what a template reads: variables, attributes, methods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from segmail.lint.naming import closest, shown
from segmail.lint.reading import Passage
from segmail.lint.remarks import Remark, Rule
from segmail.lint.shop_facts import Facts
from segmail.lint.variables import ACCOUNT_KEYS, ANYTHING, Thing
from segmail.templates import is_secret
from segmail.templates.nodes import Block, Directive, Place, Var, paths_of
from segmail.templates.paths import Path, Step

_COMPARISON = re.compile(r"[=<>!&|]")

Reader: TypeAlias = Var | Directive | Block


def path_remarks(passage: Passage, facts: Facts | None) -> Iterator[Remark]:
    """Yield what leads nowhere, to a secret, or to a whole object where a value is printed."""
    for node, sure in passage.nodes():
        if not isinstance(node, Reader):
            continue
        for path in paths_of(node):
            if not (isinstance(node, Block) and _compares(path)):  # that has a remark of its own
                yield from _Use(passage, node, path, facts, is_sure=path in sure).remarks()


@dataclass(frozen=True, slots=True)
class _Use:
    """A path that a directive reads; `is_sure` where a condition around it asks for the same."""

    passage: Passage
    node: Reader
    path: Path
    facts: Facts | None
    is_sure: bool

    def remarks(self) -> Iterator[Remark]:
        if self.path.name not in self.passage.known:
            yield self._unknown_variable()
            return
        thing = self.passage.known[self.path.name]
        for step in self.path.steps:
            if thing is None:
                yield self._ignored()
                return
            if step.method in thing.methods:
                thing = thing.methods[step.method]
            elif step.key != "":
                yield from self._of_key(step, thing)
                thing = ANYTHING if thing.is_open else None
        if thing is not None and thing is not ANYTHING and self._prints():
            yield self._whole_object(thing)

    def _of_key(self, step: Step, thing: Thing) -> Iterator[Remark]:
        if step.key is None:
            yield self._unknown_method(step, thing)
        elif is_secret(step.key):
            text = f"{thing.name}.{shown(step.key)} is a secret, so it is never shown."
            yield self.passage.remark(Rule.SECRET, self._place, text, "Take it out.")
        elif step.key.split("/")[0] in thing.keys:
            if thing.name == "customer" and self._prints_nothing(step.key):
                yield self._without_values(step.key)
        elif not thing.is_open:
            yield self._unknown_key(step.key, thing)

    def _prints(self) -> bool:
        return isinstance(self.node, Var) or (
            isinstance(self.node, Directive) and self.node.name != "include"
        )

    def _prints_nothing(self, key: str) -> bool:
        """Tell whether no customer has a value, and nothing around the directive asks for one."""
        return (
            self.facts is not None
            and isinstance(self.node, Var)
            and not self.is_sure
            and key not in ACCOUNT_KEYS
            and not self.facts.has_values(key)
        )

    def _unknown_variable(self) -> Remark:
        name, known = self.path.name, self.passage.known
        text = f"There is no variable '{shown(name)}', so {self._shown} {self._does_nothing}."
        customer = known.get("customer")
        if customer is not None and name in customer.keys:
            fix = f"Write customer.{name}."
        elif close := closest(name, known):
            fix = f"Did you mean {close}?"
        else:
            fix = "docs/templates.md lists the variables of a mail."
        return self.passage.remark(Rule.UNKNOWN_VARIABLE, self._place, text, fix)

    def _unknown_key(self, key: str, thing: Thing) -> Remark:
        who = "Customers have no attribute" if thing.name == "customer" else f"{thing.name} has no"
        text = f"{who} '{shown(key)}', so {self._shown} {self._does_nothing}."
        members = {*thing.keys, *(method.removeprefix("get") for method in thing.methods)}
        if thing.name == "store" and f"store_{key}" in self.passage.known:
            fix = f"Write {{{{var store_{key}}}}}."
        elif close := closest(key, members):
            fix = f"Did you mean {thing.name}.{close}?"
        elif thing.name == "customer":
            fix = "Name an attribute that Maho lists for customers, or take it out."
        else:
            fix = f"It has {', '.join(sorted(thing.keys))}."
        return self.passage.remark(Rule.UNKNOWN_MEMBER, self._place, text, fix)

    def _unknown_method(self, step: Step, thing: Thing) -> Remark:
        method = f"{thing.name}.{shown(step.method)}()"
        text = f"{method} cannot be called; {self._shown} {self._does_nothing}."
        fix = "Templates only read values, as {{var customer.firstname}} does."
        return self.passage.remark(Rule.UNKNOWN_MEMBER, self._place, text, fix)

    def _ignored(self) -> Remark:
        text = f"What follows the value '{self.path.name}' in {self._shown} has no effect."
        fix = f"Write only {self.path.name}, or name an object such as customer or store."
        return self.passage.warning(Rule.IGNORED_MEMBER, self._place, text, fix)

    def _whole_object(self, thing: Thing) -> Remark:
        text = f"{self._shown} prints a whole object, so no such mail can be sent."
        member = "getName()" if thing.name == "customer" else "getId()"
        fix = f"Name one of its values, such as {thing.name}.{member}."
        return self.passage.remark(Rule.WHOLE_OBJECT, self._place, text, fix, stops=True)

    def _without_values(self, key: str) -> Remark:
        text = f"No customer has a value of the attribute '{key}', so {self._shown} prints nothing."
        fix = f"Take it out, or put it into {{{{depend customer.{key}}}}}…{{{{/depend}}}}."
        return self.passage.warning(Rule.UNUSED_ATTRIBUTE, self._place, text, fix)

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
