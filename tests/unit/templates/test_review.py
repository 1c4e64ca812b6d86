"""What a check is told of a template."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segmail.templates import NoteKind, notes, reads, used_directives
from tests.each_case import for_each


@for_each(
    ("source", "line", "column", "kind", "text"),
    [
        ("a\n {{trans 'x'}}", 2, 2, NoteKind.UNKNOWN_DIRECTIVE, "{{trans 'x'}}"),
        ("{{ var one}}", 1, 1, NoteKind.UNKNOWN_DIRECTIVE, "{{ var one}}"),
        ("{{if x}}{{elseif y}}{{/if}}", 1, 9, NoteKind.UNKNOWN_DIRECTIVE, "{{elseif y}}"),
        ("a\r\n{{if x}}b", 2, 1, NoteKind.UNCLOSED_BLOCK, "{{if x}}"),
        ("{{depend x}}b{{/if}}", 1, 1, NoteKind.UNCLOSED_BLOCK, "{{depend x}}"),
        ("b{{/IF }}", 1, 2, NoteKind.STRAY_TAG, "{{/IF }}"),
        ("b{{else}}", 1, 2, NoteKind.STRAY_TAG, "{{else}}"),
        ("b\nc {{var one} d", 2, 3, NoteKind.UNFINISHED, "{{var one} d"),
        ("{{var a|escape|upper}}", 1, 1, NoteKind.UNKNOWN_MODIFIER, "upper"),
        ("{{var a | escape}}", 1, 1, NoteKind.UNKNOWN_MODIFIER, " escape"),
        ("{{if n == 2}}a{{/if}}", 1, 1, NoteKind.COMPARISON, "n == 2"),
        ("{{if a}}\n{{depend !n}}a{{/depend}}{{/if}}", 2, 1, NoteKind.COMPARISON, "!n"),
    ],
)
def test_a_note_has_its_place_its_kind_and_its_text(
    source: str, line: int, column: int, kind: NoteKind, text: str
) -> None:
    note = notes(source)[0]

    assert (note.line, note.column, note.kind, note.text) == (line, column, kind, text)


def test_a_sound_template_has_no_notes() -> None:
    source = "{{if a}}{{var b|escape:url|nl2br}}{{else}}{ {{store url='x'}} }{{/if}} }}"

    assert notes(source) == []


def test_notes_come_in_the_order_of_the_text() -> None:
    found = notes("{{x}}\n{{if a == 1}}{{y}}{{else}}{{z}}{{/if}}{{else}}{{w")

    assert [(note.line, note.column) for note in found] == [
        (1, 1), (2, 1), (2, 14), (2, 27), (2, 39), (2, 47),
    ]  # fmt: skip


@for_each(
    ("source", "variable", "member"),
    [
        ("{{var coupon_code}}", "coupon_code", ""),
        ("{{var customer.firstName|escape}}", "customer", "firstname"),
        ("{{var customer.getFirstName()}}", "customer", "first_name"),
        ("{{var customer.getData('a/b')}}", "customer", "a"),
        ("{{var customer.delete()}}", "customer", "delete"),
        ("{{depend customer.dob}}x{{/depend}}", "customer", "dob"),
        ("{{store url=$customer.url_key}}", "customer", "url_key"),
    ],
)
def test_a_read_names_variable_and_member(source: str, variable: str, member: str) -> None:
    [read] = reads(f"\n  {source}")

    assert (read.line, read.column, read.variable, read.member) == (2, 3, variable, member)
    assert source.startswith(read.source)


def test_a_directive_that_is_used_tells_its_parameters() -> None:
    [include] = used_directives("a {{include template='footer' x=$one}} {{var b}}")

    assert (include.name, *include.place) == ("include", 1, 3)
    assert [(given.name, given.literal) for given in include.parameters] == [
        ("template", "footer"), ("x", None),
    ]  # fmt: skip


@given(st.text(alphabet="{}/abif vrelsdpn|=\n", max_size=60))
def test_a_note_stands_where_it_says(source: str) -> None:
    lines = source.split("\n")

    for note in notes(source):
        if note.kind in (NoteKind.UNKNOWN_DIRECTIVE, NoteKind.STRAY_TAG, NoteKind.UNCLOSED_BLOCK):
            assert "\n".join(lines[note.line - 1 :])[note.column - 1 :].startswith("{{")
