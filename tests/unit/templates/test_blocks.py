"""{{if}} and {{depend}}: nesting, what is left open, and what counts as true."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segmail.errors import TemplateError
from segmail.templates import Kind, compile_template
from segmail.templates.blocks import MAX_DEPTH
from tests.each_case import for_each


@for_each(
    ("source", "expected"),
    [
        ("{{if one}}a{{if empty}}b{{else}}c{{/if}}d{{else}}e{{/if}}", "acd"),
        ("{{if empty}}a{{else}}b{{if one}}c{{else}}d{{/if}}e{{/if}}", "bce"),
        ("{{depend one}}x{{depend empty}}y{{/depend}}z{{/depend}}", "xz"),
        ("{{if one}}a{{depend empty}}b{{/depend}}c{{else}}d{{/if}}", "ac"),
        ("{{depend one}}{{if empty}}a{{else}}b{{/if}}{{/depend}}", "b"),
        ("{{if one}}{{if one}}{{if one}}deep{{/if}}{{/if}}{{/if}}", "deep"),
    ],
)
def test_blocks_nest(render: Callable[..., str], source: str, expected: str) -> None:
    assert render(source) == expected


@for_each(
    ("source", "expected"),
    [
        ("{{if one}}Y", "Y"),
        ("{{if one}}Y{{else}}N", "Y{{else}}N"),
        ("Y{{/if}}", "Y{{/if}}"),
        ("{{depend one}}Y", "Y"),
        ("{{depend one}}Y{{/if}}", "Y{{/if}}"),
        ("{{if one", "{{if one"),
        ("{{ifx one}}Y", "{{ifx one}}Y"),
        ("{{if empty}}{{else}}a{{else}}b{{/if}}", "a{{else}}b"),
        ("{{if one}}a{{else }}b{{/if}}", "a{{else }}b"),
        ("{{depend one}}a{{else}}b{{/depend}}", "a{{else}}b"),
        ("{{if one}}{{depend one}}a{{/if}}b", "ab"),
        ("{{if empty}}a{{elseif one}}b{{/if}}", ""),
    ],
)
def test_a_tag_without_its_other_half_stays_as_in_maho(
    render: Callable[..., str], source: str, expected: str
) -> None:
    assert render(source) == expected


@for_each(
    ("source", "expected"),
    [
        ("{{IF one}}a{{ELSE}}b{{/If}}", "a"),
        ("{{ifone}}a{{/if}}", "a"),
        ("{{if\n one }}a{{/if \n}}", "a"),
        ("{{Depend one}}a{{/DEPEND}}", "a"),
    ],
)
def test_tags_are_read_as_loosely_as_in_maho(
    render: Callable[..., str], source: str, expected: str
) -> None:
    assert render(source) == expected


@for_each(
    ("name", "shown"),
    [
        ("zero", True),
        ("zero_int", True),
        ("space", True),
        ("yes", True),
        ("customer", True),
        ("array", True),
        ("no", False),
        ("null", False),
        ("empty", False),
        ("nosuch", False),
        ("step_number == 2", False),
        ("customer.getGroupId() == 2", True),
        ("customer.password_hash", False),
    ],
)
def test_only_nothing_false_and_the_empty_text_are_untrue(
    render: Callable[..., str], name: str, shown: bool
) -> None:
    assert render(f"{{{{if {name}}}}}Y{{{{else}}}}N{{{{/if}}}}") == ("Y" if shown else "N")
    assert render(f"{{{{depend {name}}}}}Y{{{{/depend}}}}") == ("Y" if shown else "")


@for_each(
    ("source", "expected"),
    [
        ("{{var {{if one}}int{{else}}float{{/if}}}}", "42"),
        ("{{var {{if empty}}int{{else}}float{{/if}}}}", "1.5"),
        ('{{store url="{{if one}}a{{else}}b{{/if}}/c"}}!', "http://shop.example.test/a/c/!"),
        ("{{var customer.{{if one}}{{if empty}}x{{else}}email{{/if}}{{/if}}}}",
         "model3@example.test"),
        ("{{ {{if one}}x{{/if}} }}", "{{ x }}"),
        ("{{ {{if one}}x{{/if}} }", "{{ x }"),
    ],
)  # fmt: skip
def test_a_block_inside_a_directive_chooses_its_text(
    render: Callable[..., str], source: str, expected: str
) -> None:
    assert render(source) == expected


def test_blocks_may_nest_as_deep_as_the_limit(render: Callable[..., str]) -> None:
    source = "{{if one}}" * MAX_DEPTH + "x" + "{{/if}}" * MAX_DEPTH

    assert render(source) == "x"


def test_blocks_beyond_the_limit_are_refused_with_a_reason() -> None:
    source = "{{if one}}" * (MAX_DEPTH + 1) + "{{/if}}" * (MAX_DEPTH + 1)

    with pytest.raises(TemplateError, match="nested more than 50 deep"):
        compile_template(source, kind=Kind.HTML)


def test_the_branch_not_taken_is_not_rendered(render: Callable[..., str]) -> None:
    assert render("{{if empty}}{{var customer}}{{include}}{{else}}fine{{/if}}") == "fine"
