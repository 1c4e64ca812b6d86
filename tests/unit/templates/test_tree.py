"""The tree of a template: every part with its place."""

from __future__ import annotations

import pytest

from segmail.templates import Kind, compile_template
from segmail.templates.nodes import Block, Directive, Node, Text, Unclosed, Unknown, Var


def test_every_part_has_its_line_and_column() -> None:
    source = "a\n{{var x}}{{trans}}\n {{if y}}\n{{store}}{{/if}}{{depend z}}"

    tree = compile_template(source, kind=Kind.HTML).tree

    assert [(type(node), *node.place) for node in _all(tree)] == [
        (Text, 1, 1),
        (Var, 2, 1),
        (Unknown, 2, 10),
        (Text, 2, 19),
        (Block, 3, 2),
        (Text, 3, 10),
        (Directive, 4, 1),
        (Unclosed, 4, 17),
    ]


def test_a_directive_that_a_block_interrupts_stands_where_it_begins() -> None:
    source = "x\n {{var a.{{if y}}b{{/if}}}}"

    tree = compile_template(source, kind=Kind.HTML).tree

    [var] = [node for node in _all(tree) if isinstance(node, Var) and node.source == "{{var a.b}}"]
    assert var.place == (2, 2)


def test_the_same_source_is_compiled_once() -> None:
    first, second = (compile_template("{{var x}} once", kind=Kind.HTML) for _ in range(2))

    assert first.tree is second.tree


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_count_as_an_editor_counts_them(newline: str) -> None:
    tree = compile_template(newline.join(["a", "b", "{{x}}"]), kind=Kind.HTML).tree

    assert tree[-1].place == (3, 1)


def _all(nodes: tuple[Node, ...]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        found.append(node)
        if isinstance(node, Block):
            found += _all(node.then) + _all(node.otherwise)
    return found
