"""What a template may read, so that the sender loads exactly that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from segmail.templates.frame import MAX_INCLUDE_DEPTH
from segmail.templates.nodes import Block, Directive, Node, paths_of
from segmail.templates.paths import Path

# Maps "include", "template" or "block" and a code to the tree of that text; None if unknown.
Lookup: TypeAlias = Callable[[str, str], Sequence[Node] | None]


@dataclass(frozen=True)
class Needs:
    """The variables of a template, and the members of those that are objects.

    `members` are data keys in lower case: `customer.gender`, `customer.getGender()` and
    `customer.getData('gender')` all need `gender`, and `customer.getName()` needs `name`.
    `unguarded` are the variables that are read outside every {{if}} and {{depend}} that checks
    them: a mail without them has a gap. What it includes are `templates` (by code), `emails` (by
    setting) and `blocks`. `everything` says that the list is incomplete, because a template is
    included whose name is known only when a mail is rendered.
    """

    variables: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    templates: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()
    everything: bool = False
    unguarded: frozenset[str] = field(default=frozenset(), compare=False)


def needs_of(nodes: Sequence[Node], lookup: Lookup = lambda kind, code: None) -> Needs:
    """Return what a tree needs, including what it includes as far as `lookup` finds it."""
    found = _Found(lookup)
    found.add(nodes)
    members = {name: frozenset(keys) for name, keys in found.members.items() if keys}
    return Needs(
        frozenset(found.members),
        members,
        templates=found.codes("include"),
        emails=found.codes("template"),
        blocks=found.codes("block"),
        everything=found.everything,
        unguarded=frozenset(found.unguarded),
    )


class _Found:
    def __init__(self, lookup: Lookup) -> None:
        self.members: dict[str, set[str]] = {}
        self.unguarded: set[str] = set()
        self.included: set[tuple[str, str]] = set()
        self._seen: set[tuple[str, str, frozenset[str]]] = set()
        self.everything = False
        self._lookup = lookup

    def codes(self, kind: str) -> frozenset[str]:
        return frozenset(code for included, code in self.included if included == kind)

    def add(
        self, nodes: Iterable[Node], depth: int = 0, guards: frozenset[str] = frozenset()
    ) -> None:
        """Add what nodes read; `guards` are the variables that the {{if}}s around them check."""
        for node in nodes:
            if isinstance(node, Block):
                asked = node.condition
                if asked:
                    self._add_path(asked)
                inner = guards | {asked.name} if asked else guards
                self.add(node.then, depth, inner)
                self.add(node.otherwise, depth, guards)
                continue
            for path in paths_of(node):
                self._add_path(path)
                if path.name not in guards:
                    self.unguarded.add(path.name)
            if isinstance(node, Directive):
                self._add_included(node, depth, guards)

    def _add_path(self, path: Path) -> None:
        keys = self.members.setdefault(path.name, set())
        if path.member:
            keys.add(path.member)

    def _add_included(self, node: Directive, depth: int, guards: frozenset[str]) -> None:
        given = {parameter.name: parameter for parameter in node.parameters}
        named_by = _code_parameter(node.name, is_typed="type" in given)
        code = given.get(named_by) if named_by else None
        kind = "block" if node.name == "widget" else node.name
        if code is None:
            return
        if code.literal is None or depth == MAX_INCLUDE_DEPTH:
            self.everything = True
        elif (seen := (kind, code.literal, guards)) not in self._seen:
            self._seen.add(seen)
            self.included.add((kind, code.literal))
            self.add(self._lookup(kind, code.literal) or (), depth + 1, guards)
        for parameter in node.parameters:
            if parameter.path:
                self._share(parameter.name, parameter.path)

    def _share(self, name: str, path: Path) -> None:
        """Count what an included template reads of a parameter as read of the value given to it."""
        if not path.steps and name in self.members:
            self.members.setdefault(path.name, set()).update(self.members[name])


def _code_parameter(directive: str, *, is_typed: bool) -> str:
    """Return the parameter that says what a directive includes, '' if it includes nothing."""
    if directive == "widget":
        return "block_id"
    if directive == "block":
        return "block_id" if is_typed else "id"
    return {"include": "template", "template": "config_path"}.get(directive, "")
