"""What a template needs from a shop and from the step that sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from segmail.lint import Facts, Letter
from segmail.templates import Kind, Needs, compile_template, used_directives
from segmail.templates.needs import needs_of
from segmail.templates.nodes import Node

_NAMING = {"config": "path", "customvar": "code", "media": "url", "skin": "url"}


@dataclass(frozen=True)
class LetterNeeds:
    """What subject and text read, including the templates they include; each list is sorted.

    `attributes` are the customer's; `others` are members of other objects, such as `store.name`.
    `includes` and `blocks` are codes, `emails` the settings that name transactional templates.
    `is_complete` is False if the name of an included template is only known when rendering.
    """

    variables: Sequence[str]
    attributes: Sequence[str]
    others: Sequence[str]
    includes: Sequence[str]
    emails: Sequence[str]
    blocks: Sequence[str]
    settings: Sequence[str]
    custom_variables: Sequence[str]
    files: Sequence[str]
    is_complete: bool


def needs_of_letter(letter: Letter, facts: Facts) -> LetterNeeds:
    """Return what a letter needs; raise TemplateError if it exceeds a limit."""
    sources = [letter.text, letter.subject or ""]
    found = [_needs(source, facts) for source in sources]
    includes = sorted({code for needs in found for code in needs.templates})
    blocks = sorted({code for needs in found for code in needs.blocks})
    for kind, codes in (("include", includes), ("block", blocks)):
        sources += [source for code in codes if (source := facts.source(kind, code))]
    named = _named(sources)
    return LetterNeeds(
        variables=sorted({name for needs in found for name in needs.variables}),
        attributes=sorted(_members(found, "customer")),
        others=sorted(
            f"{name}.{member}"
            for name in {name for needs in found for name in needs.members} - {"customer"}
            for member in _members(found, name)
        ),
        includes=includes,
        emails=sorted({path for needs in found for path in needs.emails}),
        blocks=blocks,
        settings=sorted(named["config"]),
        custom_variables=sorted(named["customvar"]),
        files=sorted(named["media"] | named["skin"]),
        is_complete=not any(needs.everything for needs in found),
    )


def _needs(source: str, facts: Facts) -> Needs:
    def included(kind: str, code: str) -> Sequence[Node] | None:
        text = None if kind == "template" else facts.source(kind, code)
        return None if text is None else compile_template(text, kind=Kind.HTML).tree

    return needs_of(compile_template(source, kind=Kind.HTML).tree, included)


def _members(found: Sequence[Needs], name: str) -> set[str]:
    return {member for needs in found for member in needs.members.get(name, ())}


def _named(sources: Sequence[str]) -> dict[str, set[str]]:
    """Return what directives name in their literal parameters, by directive."""
    named: dict[str, set[str]] = {name: set() for name in _NAMING}
    for directive in (one for source in sources for one in used_directives(source)):
        for given in directive.parameters:
            if given.literal and given.name == _NAMING.get(directive.name):
                named[directive.name].add(given.literal)
    return named
