"""Nothing a merchant or a customer writes reaches Python, or keeps a run busy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmail.errors import TemplateError
from segmail.templates import MAX_OUTPUT, Kind, compile_template
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite, recorded_variables

NAMES = ["var", "if", "depend", "else", "/if", "/depend", "include", "block", "store", "media",
         "skin", "config", "customvar", "htmlescape", "protocol", "inlinecss", "template",
         "widget", "layout", "trans", "", "VAR"]  # fmt: skip
WORDS = ["customer", "one", "this", "obj", "firstname", ".", "(", ")", "getData", "__class__",
         "'", '"', "\\", "=", "$", "|", "escape", ":", "url", "template", "id", "bench-inc",
         "bench_block", "loop", " ", "\n", "\0", "{", "}", "{{", "}}", "{%", "%}", "{#", "#}",
         "5", "é", "\ud800"]  # fmt: skip
SOUP = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(WORDS), max_size=8)).map(
            lambda parts: "{{" + parts[0] + " " * bool(parts[1]) + "".join(parts[1]) + "}}"
        ),
        st.sampled_from(WORDS),
        st.text(max_size=8),
    ),
    max_size=30,
).map("".join)


@settings(deadline=None)  # a busy machine is no fault
@given(source=SOUP, kind=st.sampled_from(Kind), autoescape=st.booleans())
def test_directive_soup_raises_nothing_but_the_template_error(
    source: str, kind: Kind, autoescape: bool
) -> None:
    site = RecordedSite(templates={"bench-inc": source, "loop": "{{include template=loop}}"})

    try:
        template = compile_template(source, kind=kind, autoescape=autoescape)
        rendered = template.render(recorded_variables(), site)
        template.all_needs(site)
    except TemplateError as error:
        rendered = str(error)

    assert "function" not in rendered
    assert "class '" not in rendered


@given(text=st.text().filter(lambda text: "{{" not in text))
def test_text_without_directives_goes_out_as_it_is(text: str) -> None:
    assert compile_template(text, kind=Kind.TEXT).render({}, RecordedSite()) == text


@settings(deadline=None)
@given(value=SOUP)
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    source = "[{{var value}}]{{var value.x}}{{htmlescape var=$one}}"
    template = compile_template(source, kind=Kind.TEXT)

    assert template.render({"value": value}, RecordedSite()) == f"[{value}]{value}"


@for_each(
    "path",
    [
        "customer.__class__",
        "customer.__class__.__mro__",
        "customer.__init__.__globals__",
        "customer.getData.__globals__",
        "customer.getName.__globals__",
        "customer.getName().__class__",
        "customer.getData('__class__')",
        "customer.member('getname', 'x')",
        "customer.__getattribute__('_data')",
        "''.__class__",
        "frame",
        "frame.variables",
        "self",
        "self._TemplateReference__context",
        "cycler.__init__.__globals__",
        "lipsum.__globals__",
        "range(3)",
        "config",
        "store.getConfig.__self__",
    ],
)
def test_no_path_leads_into_python(render: Callable[..., str], path: str) -> None:
    rendered = render(f"[{{{{var {path}}}}}]")

    # A single value ends its path: what stands behind getName() is the name.
    assert rendered in ("[]", "[Zoë O'Neil <b>& Søn</b>]")


@pytest.mark.parametrize("path", ["customer._data", "customer.getData()", "obj.list.append"])
def test_a_path_to_a_whole_mapping_or_list_fails(render: Callable[..., str], path: str) -> None:
    with pytest.raises(TemplateError, match="prints a"):
        render(f"{{{{var {path}}}}}")


@for_each(
    "source",
    [
        "{{ 7*7 }}",
        "{% if 1 %}x{% endif %}",
        "{{ ''.__class__.__mro__ }}",
        "{# comment #}",
        "{%- set x = 1 -%}{{ x }}",
        "# for x in y:\n## line",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% raw %}{{{% endraw %}",
        "'\"\\n\\N{DIGIT ONE}\\x41",
        "{{ frame|var }}",
        "<?php echo 1; ?>",
    ],
)
def test_the_syntax_of_other_engines_is_text(render: Callable[..., str], source: str) -> None:
    assert render(source) == source


@for_each(
    "source",
    [
        '{{var x"]) or exit("y}}',
        "{{var a\\'\\\"}}",
        "{{var l_0_frame}}",
        "{{var environment.filters}}",
        "{{if x') }}a{{/if}}",
        "{{htmlescape var=$t_1}}",
        "{{var x\n}}{{var resolve('frame')}}",
    ],
)
def test_names_are_constants_and_never_code(render: Callable[..., str], source: str) -> None:
    assert render(source) == ""


def test_a_template_that_includes_itself_fails(render: Callable[..., str]) -> None:
    site = RecordedSite(
        templates={"a": "{{block id='b'}}"}, blocks={"b": "{{include template='a'}}"}
    )

    with pytest.raises(TemplateError, match="The newsletter template 'a' includes itself"):
        render("{{include template='a'}}", site=site)


def test_a_long_chain_of_includes_fails(render: Callable[..., str]) -> None:
    chain = {f"t{n}": f"{{{{include template='t{n + 1}'}}}}" for n in range(20)}

    with pytest.raises(TemplateError, match="more than 10 deep"):
        render("{{include template='t0'}}", site=RecordedSite(templates=chain))


def test_includes_that_multiply_fail(render: Callable[..., str]) -> None:
    fan = {f"t{n}": f"{{{{include template='t{n + 1}'}}}}" * 10 for n in range(9)}

    with pytest.raises(TemplateError, match="includes more than 200 templates"):
        render("{{include template='t0'}}", site=RecordedSite(templates={**fan, "t9": ""}))


def test_a_mail_has_a_limit_on_its_work(render: Callable[..., str]) -> None:
    site = RecordedSite(templates={"t": "{{var one}}" * 900})

    with pytest.raises(TemplateError, match="more than 50,000 directives in all"):
        render("{{include template='t'}}" * 100, site=site)


@pytest.mark.parametrize("directive", ["{{store url=$big}}", "{{htmlescape var=$big}}"])
def test_a_parameter_too_large_fails(render: Callable[..., str], directive: str) -> None:
    with pytest.raises(TemplateError, match="longer than 5,000,000 characters"):
        render(directive, big="<" * (MAX_OUTPUT + 1))


@pytest.mark.parametrize("directive", ["{{var big}}", "{{var big|escape}}", "{{var half}}" * 2])
def test_a_result_too_large_fails(render: Callable[..., str], directive: str) -> None:
    with pytest.raises(TemplateError, match="longer than 5,000,000 characters"):
        render(directive, big="<" * (MAX_OUTPUT + 1), half="x" * (MAX_OUTPUT // 2 + 1))


@for_each(
    ("source", "reason"),
    [
        ("x" * (MAX_OUTPUT + 1), "longer than"),
        ("{{x}}" * 10_001, "more than 10,000 directives"),
        ("{{if a}}x{{/if}}" * 10_001, "more than 10,000 directives"),
        ("{{var " + "a." * 100_000 + "}}", "more than 100 steps"),
    ],
)
def test_a_template_too_large_is_refused(source: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        compile_template(source, kind=Kind.HTML)
