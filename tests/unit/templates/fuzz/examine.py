"""What must hold for every template, whatever it is."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from random import Random

from segmail.errors import TemplateError
from segmail.templates import (
    Kind,
    Template,
    compile_template,
    inline_styles,
    notes,
    reads,
    used_directives,
)
from segmail.templates.compiler import compile_body
from tests.unit.templates.fuzz.grammar import template
from tests.unit.templates.fuzz.world import OTHER, RAN, SECRET, World, variables

_PYTHON = re.compile(r"<(?:function|class|bound|built-in|module)\b|object at 0x|DataObject|jinja2")
_DIRECTIVE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_BLOCK = re.compile(r"\{\{(?:if|depend)", re.IGNORECASE)
_CSS = "p{color:red} b > i{x:y}"


def examine(random: Random, maho_root: Path | None = None) -> str:
    """Render one random template and check what came of it; return how it ended.

    Raises AssertionError, or whatever the template made segmail raise.
    """
    source = template(random)
    world = World(
        {"inc": template(random), "loop": "{{include template=loop}}", "zq": RAN},
        {"block": template(random)},
        maho_root,
    )
    kind, autoescape = random.choice(list(Kind)), random.randrange(2) == 1
    try:
        compiled = compile_template(source, kind=kind, autoescape=autoescape)
        _look_through(source, compiled, world)
        text = compiled.render(variables(world), world)
    except TemplateError as error:
        _leaks_nothing(source, str(error))
        return "refused"
    _leaks_nothing(source, text)
    _is_escaped(source, world, text, autoescape=autoescape and kind is Kind.HTML)
    if kind is Kind.SUBJECT:
        assert len(text.splitlines()) < 2
    else:
        _keeps_text(source, text)
    if random.randrange(10) == 0:
        _renders_the_same(source, kind, world, text, autoescape=autoescape)
    if kind is Kind.HTML and random.randrange(10) == 0:
        _is_styled_as_if_alone(source, world, text, autoescape=autoescape)
    return "rendered"


def _look_through(source: str, compiled: Template, world: World) -> None:
    compiled.all_needs(world)
    notes(source)
    reads(source)
    used_directives(source)


def _leaks_nothing(source: str, text: str) -> None:
    assert SECRET not in text
    assert RAN not in text, "a value was read as a template"
    assert not _PYTHON.search(text)


def _is_escaped(source: str, world: World, text: str, *, autoescape: bool) -> None:
    """With autoescape no {{var}} prints a tag; parameters that are variables go out raw, and what
    the template says itself."""
    sources = (source, *world.templates.values(), *world.blocks.values())
    own = any(part in each for each in sources for part in ("$", "<zq", "tag>", "|raw"))
    if autoescape and not own:
        assert "<zqtag>" not in text


def _keeps_text(source: str, text: str) -> None:
    """What stands before the first directive and behind the last one is there; without blocks,
    everything that stands outside of directives, in its order."""
    assert text.startswith(source.partition("{{")[0])
    behind = source[source.rfind("}}") + 2 :] if "}}" in source else source
    if "{{" not in behind:
        assert text.endswith(behind)
    if not _BLOCK.search(source):
        at = 0
        for piece in _DIRECTIVE.split(source):
            at = text.index(piece, at) + len(piece)


def _renders_the_same(
    source: str, kind: Kind, world: World, text: str, *, autoescape: bool
) -> None:
    compile_body.cache_clear()
    again = compile_template(source, kind=kind, autoescape=autoescape)
    assert again.render(variables(world), world) == text


def _is_styled_as_if_alone(source: str, world: World, text: str, *, autoescape: bool) -> None:
    """Styles are inlined once for many mails; no mail has anything of another one."""
    compiled = compile_template(source, kind=Kind.HTML, autoescape=autoescape, styles=_CSS)
    with suppress(TemplateError):
        compiled.render(variables(world, other=True), world)
    try:
        styled = compiled.render(variables(world), world)
        alone = inline_styles(text, _CSS) if text.strip() else text
    except TemplateError:
        return
    _leaks_nothing(source, styled)
    assert OTHER not in styled
    if "inlinecss" not in f"{source}{world.templates}{world.blocks}".lower():
        assert styled == alone
