"""Input made to keep a run busy, or to kill it, ends at once: rendered, or with a reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segmail.errors import TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.skin import skin_path
from segmail.templates import Kind, compile_template, inline_styles
from segmail.templates.modifiers import escape_once
from segmail.templates.styles import are_too_much_work
from tests.thorough import by_far
from tests.unit.templates.recorded import RecordedSite

LONGEST = 30  # seconds of CPU; all of these take under one, what they guard against takes hours
MB = 1_000_000
DEEP = by_far(10_000, 50_000)


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < LONGEST


@pytest.mark.parametrize(
    "source",
    [
        "x" * MB,
        "{" * MB,
        "}" * MB,
        "{{" * 500_000,
        "{{x" * 500_000,
        "{{if a" * 500_000,
        "{{/if" * 500_000,
        "{{/if" + " " * MB,
        ("{{/if" + " " * 20) * 50_000,
        "{{var a" + "|" * 500_000 + "}}",
        "{{var a|escape" + ":" * MB + "}}",
        "{{var a" + "." * MB + "}}",
        "{{var a" + "(" * MB + "}}",
        "{{var a." + "b" * MB + "}}",
        "{{var customer.getData('" + "a/" * 500_000 + "')}}",
        "{{store a" + "=" * MB + "}}",
        "{{store a='" + "\\" * 500_000 + "}}",
        "{{unknown " + "x" * MB + "}}",
        "{{IF " * 9_000 + "}}",
        "{{if a}}" * 50 + "{{else}}" * 9_000 + "{{/if}}" * 50,
    ],
    ids=lambda source: f"{source[:12]}… {len(source):,}",
)
def test_a_megabyte_of_one_sign_is_read_in_time(render: Callable[..., str], source: str) -> None:
    assert len(render(source)) <= len(source) + 100


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{if a}}" * 10_000 + "{{/if}}" * 10_000, "nested more than 50 deep"),
        ("{{var a.b(" + "1," * MB + ")}}", "more than 100 arguments"),
        ("{{store " + " ".join(f"a{n}=1" for n in range(400_000)) + "}}", "than 200 parameters"),
        ("{{var a" + "|nl2br" * 21 + "}}", "more than 20 modifiers"),
        ("{{if a}}x{{else}}y{{/if}}" * 10_001, "more than 10,000 directives"),
    ],
)
def test_more_than_anybody_means_is_refused(source: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        compile_template(source, kind=Kind.HTML)


def test_a_thousand_blocks_beside_each_other_render(render: Callable[..., str]) -> None:
    many = by_far(1_000, 3_000)

    assert render("{{if one}}x{{else}}y{{/if}}" * many) == "x" * many


def test_a_directive_broken_by_blocks_is_not_copied_without_end(
    render: Callable[..., str],
) -> None:
    source = "{{var one" + ("{{if zero}}" + "a" * 90 + "{{else}}b") * 45 + "}}" + "{{/if}}}}" * 45

    assert len(render(source)) < 10 * len(source)


@pytest.mark.parametrize("directive", ["{{var big}}", "{{var big|escape|nl2br}}"])
def test_a_value_of_ten_megabytes_is_refused(render: Callable[..., str], directive: str) -> None:
    with pytest.raises(TemplateError, match="longer than 5,000,000"):
        render(directive, big="<\n" * 5 * MB)


def test_slashes_as_allowed_tags_do_not_multiply() -> None:
    text = "<" + "/" * MB

    assert escape_once(text, ("/", "//", "/ /")) == "&lt;" + "/" * MB


def test_thousands_of_allowed_tags_are_refused(render: Callable[..., str]) -> None:
    tags = ",".join(f"t{n}" for n in range(101))

    with pytest.raises(TemplateError, match="allows more than 100 tags"):
        render(f"{{{{htmlescape var=$one allowed_tags='{tags}'}}}}")


def test_a_chain_of_thousands_of_includes_can_be_looked_through() -> None:
    chain = {f"t{n}": f"{{{{include template='t{n + 1}'}}}}" for n in range(3_000)}
    template = compile_template("{{include template='t0'}}", kind=Kind.HTML)

    needs = template.all_needs(RecordedSite(templates=chain))

    assert needs.everything


def test_a_broken_include_hides_no_needs_of_the_rest() -> None:
    site = RecordedSite(templates={"broken": "{{x}}" * 10_001})
    source = "{{if a.b}}{{include template='broken'}}{{/if}}{{var a.c}}"
    template = compile_template(source, kind=Kind.HTML)

    assert template.all_needs(site).members == {"a": {"b", "c"}}


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<svg>", "<template>", "<table><tr><td>"])
@pytest.mark.parametrize("start", ["", "<html><body>"])
def test_tags_without_end_do_not_kill_the_process(tag: str, start: str) -> None:
    with pytest.raises(TemplateError, match="more than 3,000 tags"):
        inline_styles(start + tag * 15_000, "p{color:red}")


def test_as_many_open_tags_as_are_allowed_can_be_styled() -> None:
    assert "color: red" in inline_styles("<table><td>" * 1_499 + "<p>x", "p{color:red}")


def test_formatting_left_open_does_not_fill_the_memory() -> None:
    bomb = "".join(f"<b a{n}>" for n in range(1_000)) + "</p>" + "<p>x" * 1_000

    with pytest.raises(TemplateError, match="so many formatting tags"):
        inline_styles("<p>" + bomb, "p{color:red}")


def test_html_beyond_any_mail_is_not_styled() -> None:
    with pytest.raises(TemplateError, match="longer than 500,000"):
        inline_styles("<p " + "a " * 300_000 + ">", "p{color:red}")


def test_half_a_character_is_left_to_the_message_which_names_it() -> None:
    assert inline_styles("<p>\ud800", "p{top:0}") == '<p style="top: 0;">\ud800'


@pytest.mark.parametrize(
    "css",
    [
        ":is(" * DEEP + "p" + ")" * DEEP + "{x:y}",
        "@media x{" * DEEP,
        "p{" * DEEP,
        "p{" + "a:b;" * DEEP,
        "*" * 2 * DEEP,
    ],
    ids=lambda css: css[:8],
)
def test_styles_cannot_nest_too_deeply(css: str) -> None:
    assert inline_styles("<p>x", css).startswith(("<p", "<style"))


def _declarations(number: int, value: str = "b") -> str:
    return "".join(f"a{n}:{value};" for n in range(number))


_SAME = "<p>x</p>" * 1_500
_EACH_ITS_OWN = "".join(f"<p style='x:{n}'>x</p>" for n in range(1_500))


@pytest.mark.parametrize(
    ("html", "css"),
    [
        (_EACH_ITS_OWN, f"p{{{_declarations(4_700)}}}"),
        (_EACH_ITS_OWN, f"p{{{'color:red;' * 4_700}}}"),
        (_EACH_ITS_OWN, "p{color:red}" * 3_000),
        (_EACH_ITS_OWN, f"p{{{_declarations(40)}}}@media x{{p{{{_declarations(2_000)}}}}}"),
        (_EACH_ITS_OWN, "p:hover{top:0}" * 3_000 + "p{top:1px}"),
        (f"<style>p{{{_declarations(4_700)}}}</style>{_SAME}", f"p{{{_declarations(4_700, 'c')}}}"),
        (_SAME, f"p{{a:{'x ' * 30_000}}}"),
    ],
    ids=["names", "one name", "rules", "media", "states", "own style", "long value"],
)
def test_styles_that_are_too_much_work_stay_in_the_head(html: str, css: str) -> None:
    styled = inline_styles(html, css)

    assert are_too_much_work(html, css)
    assert styled.startswith("<style") or f"</style>\n{html}" in styled
    assert styled.endswith(html)


def test_what_many_elements_say_alike_is_little_work() -> None:
    css = f"p{{{_declarations(4)}}}@media x{{p{{{_declarations(2_000)}}}}}"

    assert not are_too_much_work(_SAME, css)
    assert inline_styles("<p>x</p>" * 40, css).count("style=") == 40


def test_comments_before_a_doctype_are_read_once() -> None:
    assert "<style" in inline_styles("<!-- a -->" * 5_000 + "<p>x</p>", "p:hover{top:0}")


def test_a_pasted_number_that_python_may_not_read_is_none() -> None:
    pasted = f"<p style='top:{'1' * 5_000}'>x</p>"

    assert "left: 0" in inline_styles(pasted, "p{left:0}")


@pytest.mark.parametrize("file", ["x" * 300, "a/" * 3_000, "a\0b", "\ud800"])
def test_a_name_that_no_file_has_is_no_fault_of_the_run(tmp_path: Path, file: str) -> None:
    (tmp_path / "public/skin/frontend/base/default").mkdir(parents=True)

    path = skin_path(file, {}, StoreConfig.from_rows([]), 1, tmp_path)

    assert path == f"frontend/base/default/{file}"


def test_a_message_shows_little_of_a_value(render: Callable[..., str]) -> None:
    with pytest.raises(TemplateError) as caught:
        render("{{include template=$bio}}", bio="x\n2026-03-10: forged line of a log" * 1_000)

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
