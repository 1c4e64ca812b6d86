"""The escapes of Jinja2's published advisories, each tried as a template and as a value.

What a merchant writes is never Jinja2 source, so each payload goes out as the text it is; the same
payload does something in Jinja2 itself, which shows that it is a payload.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from segmail.templates import Kind, compile_template
from segmail.templates.compiler import _ENVIRONMENT
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite

PAYLOADS = {
    "CVE-2016-10745: str.format": '{{ "{0.__class__.__mro__}".format(1) }}',
    "CVE-2019-8341: classes from a literal": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "CVE-2019-10906: str.format_map": '{{ "{x.__class__.__mro__}".format_map({"x": 1}) }}',
    "CVE-2020-28493: urlize": '{{ "www.a.test"|urlize }}',
    "CVE-2024-22195: xmlattr with a blank": '{{ {"a onload=alert(1) b": "c"}|xmlattr }}',
    "CVE-2024-34064: xmlattr with other signs": '{{ {"a/onload=alert(1)>": "c"}|xmlattr }}',
    "CVE-2024-56326: str.format, kept": (
        '{% set f = "{0.__class__.__mro__}".format %}{{ [1]|map("string")|list }}{{ f(1) }}'
    ),
    "CVE-2025-27516: the attr filter": '{{ ("{0.__class__.__mro__}"|attr("format"))(1) }}',
    "globals of a function": "{{ cycler.__init__.__globals__ }}",
    "a template's own context": "{{ self.__init__.__globals__ }}",
    "a statement": "{% for x in range(3) %}{{ x }}{% endfor %}",
    "a comment": "a{# b #}c",
    "raw": "{% raw %}{{ x }}{% endraw %}",
    "blanks taken away": "a {{- 1 -}} b",
    "a loop of a billion": "{{ 'x' * 10 ** 3 }}",
}


@for_each("payload", PAYLOADS.values(), ids=PAYLOADS)
@for_each("kind", Kind)
def test_a_payload_in_a_template_goes_out_as_text(payload: str, kind: Kind) -> None:
    assert compile_template(payload, kind=kind).render({"x": 1}, RecordedSite()) == payload


@for_each("payload", PAYLOADS.values(), ids=PAYLOADS)
@for_each("source", ["{{var value}}", "{{if value}}{{var value}}{{/if}}"])
def test_a_payload_in_a_value_goes_out_as_text(
    render: Callable[..., str], payload: str, source: str
) -> None:
    assert render(source, value=payload) == payload


@for_each("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_in_a_parameter_reaches_no_engine(
    render: Callable[..., str], payload: str
) -> None:
    site = RecordedSite(templates={"inc": "[{{var extra}}]"})

    assert render("{{include template=inc extra=$value}}", site=site, value=payload) == (
        f"[{payload}]"
    )


@for_each("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_the_payload_does_something_in_jinja2_itself(payload: str) -> None:
    plain = jinja2.Environment()  # noqa: S701 (the point of the control)

    try:
        assert plain.from_string(payload).render(x=1) != payload
    except ValueError as error:
        assert "attribute name" in str(error)  # how xmlattr is closed  # noqa: PT017


@for_each(
    "path",
    [
        'customer.format("{0.__class__}")',
        "one.format(1)",
        "one.format_map(x)",
        "customer_name.__class__.__mro__",
        "customer_name.__mod__(1)",
        "one|attr('__class__')",
        'customer_name|attr("__class__")|attr("__mro__")',
        "customer['__class__']",
        "customer.getData('__class__')",
        "customer.get__class__()",
        "customer.getName.__func__.__globals__",
        "customer.getName.__closure__",
        "customer.__getitem__('password_hash')",
        "customer.__reduce_ex__(2)",
        "customer._data.password_hash",
        "customer._methods.getname",
        "customer.member('getdata', 'password_hash')",
    ],
)
def test_the_payloads_as_paths_lead_nowhere(render: Callable[..., str], path: str) -> None:
    rendered = render(f"{{{{var {path}}}}}{{{{if {path}}}}}{{{{/if}}}}")

    # A single value ends its path; what stands behind it does not count.
    assert rendered in ("", "1", "Zoë O'Neil <b>& Søn</b>")


def test_cve_2020_28493_a_modifier_that_is_no_filter_costs_no_time(
    render: Callable[..., str],
) -> None:
    value = "a@" + "a" * 1_000_000 + "."
    started = time.monotonic()

    assert render("{{var value|urlize}}", value=value) == value
    assert time.monotonic() - started < 30


@for_each(
    "code", ['x"\nimport os#', "{{''.__class__}}", "'''", '"""', "\\", "%s{0}", "a\0b", "../x"]
)
def test_cve_2024_56201_a_template_s_name_is_never_code(
    render: Callable[..., str], code: str
) -> None:
    site = RecordedSite(templates={code: "[{{var this.template_code}}]"})

    assert render("{{include template=$code}}", site=site, code=code) == f"[{code}]"


def test_cve_2014_1402_no_compiled_code_is_kept_in_files() -> None:
    assert _ENVIRONMENT.bytecode_cache is None
    assert _ENVIRONMENT.loader is None


def test_the_sandbox_has_nothing_in_it_but_the_directives() -> None:
    ours = {function.__module__ for function in _ENVIRONMENT.filters.values()}

    assert isinstance(_ENVIRONMENT, SandboxedEnvironment)
    assert not _ENVIRONMENT.globals
    assert not _ENVIRONMENT.tests
    assert not _ENVIRONMENT.extensions
    assert all(module.startswith("segmail.templates") for module in ours)
