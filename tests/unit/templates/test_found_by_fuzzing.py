"""What random templates broke once."""

from __future__ import annotations

import pytest

from segmail.templates import Kind, compile_template, inline_styles
from segmail.templates.styling import MARK
from tests.each_case import for_each
from tests.unit.templates.recorded import RecordedSite

CSS = "p{color:red}"


@pytest.mark.parametrize("source", ['{{store ="x"}}', "{{protocol =$x}}", "{{trans =1}}"])
def test_a_parameter_without_a_name_includes_nothing(source: str) -> None:
    template = compile_template(source, kind=Kind.HTML)

    needs = template.all_needs(RecordedSite())

    assert not needs.templates | needs.blocks | needs.emails


@for_each(
    ("source", "name"),
    [
        (f"<p>{MARK}</p>{{{{var name}}}}", "Ada"),
        ("<p>{{var name}}</p>{{var last}}", MARK),
        (f"<p>{MARK[:1]}{{{{var none}}}}{MARK[1:]}</p>{{{{var name}}}}", "Ada"),
        ("<p>{{include template=inc}}</p>{{var name}}", "Ada"),
    ],
)
def test_a_mark_of_the_inliner_s_own_is_text_like_any_other(source: str, name: str) -> None:
    site = RecordedSite(templates={"inc": MARK})
    given = {"name": name, "last": "Lovelace"}
    plain = compile_template(source, kind=Kind.HTML).render(given, site)

    styled = compile_template(source, kind=Kind.HTML, styles=CSS).render(given, site)

    assert styled == inline_styles(plain, CSS)
    assert name in styled
