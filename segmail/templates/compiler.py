"""Compiles a template's tree to a Jinja2 template.

The Jinja2 tree is built node by node: the merchant's text enters it only as constants, so that no
text can become Jinja2 source. The only functions it calls are those of `directives`, as filters.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import count, groupby

import jinja2
from jinja2 import nodes as jinja
from jinja2.sandbox import ImmutableSandboxedEnvironment

from segmail.templates.directives import (
    DIRECTIVES,
    SIMPLE,
    DirectiveCall,
    fixed,
    marked,
    shows,
    var,
    var_escaped,
    var_marked,
    var_modified,
)
from segmail.templates.frame import Frame, PlainPath, bounded
from segmail.templates.modifiers import RAW
from segmail.templates.nodes import (
    Block,
    Directive,
    Node,
    Text,
    Unknown,
    Var,
    described,
    walk,
)
from segmail.templates.parser import parse
from segmail.templates.paths import Parameter, Path

_NUMBERS = count()  # of fixed nodes


class CompiledBody:
    """A template that can be rendered any number of times."""

    __slots__ = ("_directives", "_template", "tree")

    def __init__(self, tree: tuple[Node, ...], template: jinja2.Template) -> None:
        self.tree = tree
        self._directives = sum(not isinstance(node, Text | Unknown) for node in walk(tree))
        self._template = template

    def render(self, frame: Frame) -> str:
        """Return the text; raise TemplateError with the reason if it cannot be rendered."""
        return "".join(self.pieces(frame))

    def pieces(self, frame: Frame) -> tuple[str, ...]:
        """Return the text in pieces; those that no mail changes are the same objects in all."""
        frame.spend(self._directives)
        context = self._template.new_context({"frame": frame})
        return bounded(self._template.root_render_func(context))


@lru_cache(maxsize=256)
def compile_body(source: str, *, autoescape: bool, marked: bool = False) -> CompiledBody:
    """Compile a template; raise TemplateError if it exceeds a limit.

    `marked` prints marks instead of values that may be filled in later (see `styling`).
    """
    tree = parse(source)
    root = jinja.Template(_Compiler(autoescape=autoescape, marked=marked).body(tree))
    root.set_lineno(1)
    root.set_environment(_ENVIRONMENT)
    code = _ENVIRONMENT.compile(root)
    return CompiledBody(tree, jinja2.Template.from_code(_ENVIRONMENT, code, {}))


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=False)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters |= DIRECTIVES
    environment.filters |= {
        "fixed": fixed,
        "marked": marked,
        "shows": shows,
        "var": var,
        "var_escaped": var_escaped,
        "var_marked": var_marked,
        "var_modified": var_modified,
    }
    return environment


_ENVIRONMENT = _environment()


class _Compiler:
    def __init__(self, *, autoescape: bool, marked: bool) -> None:
        self._autoescape = autoescape
        self._marked = marked

    def body(self, nodes: Iterable[Node]) -> list[jinja.Node]:
        """Return Jinja2 statements; nodes that print the same in all mails of a site become one."""
        statements: list[jinja.Node] = []
        for is_fixed, group in groupby(nodes, _is_fixed):
            if is_fixed:
                statements.append(jinja.Output([_fixed(group)]))
                continue
            for node in group:
                if isinstance(node, Block):
                    statements.append(self._if(node))
                elif expression := self._expression(node):
                    statements.append(jinja.Output([expression]))
        return statements

    def _if(self, block: Block) -> jinja.Node:
        condition = _call("shows", _plain_path(block.condition))
        return jinja.If(condition, self.body(block.then), [], self.body(block.otherwise))

    def _expression(self, node: Node) -> jinja.Expr | None:
        """Return the expression that prints a node that is not fixed; None if it prints nothing."""
        match node:
            case Var():
                return self._var(node)
            case Directive(name, parameters):
                plain = tuple(map(_plain_parameter, parameters))
                if self._marked and name in SIMPLE:
                    return _call("marked", name, plain, described(node))
                return _call(name, plain, described(node))
            case _:
                return None

    def _var(self, node: Var) -> jinja.Expr | None:
        path, where = _plain_path(node.path), described(node)
        if path is None:
            return None
        told = any(modifier.startswith(("escape:", RAW)) for modifier in node.modifiers)
        modifiers = tuple(modifier for modifier in node.modifiers if modifier != RAW)
        escapes = self._autoescape and not told
        if self._marked:
            return _call("var_marked", path, modifiers, escapes, where)
        if escapes:
            return _call("var_escaped", path, modifiers, where)
        return (
            _call("var_modified", path, modifiers, where)
            if modifiers
            else _call("var", path, where)
        )


def _is_fixed(node: Node) -> bool:
    """Return whether a node prints the same in every mail of a site."""
    if isinstance(node, Directive):
        is_told = all(parameter.literal is not None for parameter in node.parameters)
        return is_told and node.name in SIMPLE
    return isinstance(node, Text | Unknown)


def _fixed(nodes: Iterable[Node]) -> jinja.Expr:
    parts: list[str | DirectiveCall] = []
    for node in nodes:
        match node:
            case Text(text) | Unknown(text):
                parts.append(text)
            case Directive(name, parameters):
                parts.append((name, tuple(map(_plain_parameter, parameters)), described(node)))
    return _call("fixed", next(_NUMBERS), tuple(parts))


def _call(name: str, *constants: object) -> jinja.Filter:
    arguments: list[jinja.Expr] = [jinja.Const(constant) for constant in constants]
    return jinja.Filter(jinja.Name("frame", "load"), name, arguments, [], None, None)


def _plain_path(path: Path | None) -> PlainPath | None:
    if path is None:
        return None
    return path.name, tuple((step.method, step.key, step.arguments) for step in path.steps)


def _plain_parameter(parameter: Parameter) -> tuple[str, str | None, PlainPath | None]:
    return (parameter.name, parameter.literal, _plain_path(parameter.path))
