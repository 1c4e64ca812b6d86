"""More of Magento's template advisories: no file is read, no markup smuggled in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from segmail.errors import TemplateError
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.storefront.skin import skin_path
from segmail.templates import DataObject, Kind, compile_template
from tests.each_case import for_each
from tests.unit.templates.fuzz.world import SECRET, World, variables
from tests.unit.templates.recorded import RecordedSite


@pytest.mark.parametrize(
    "source",
    [
        '{{media url="../../app/etc/local.xml"}}',
        '{{skin url="../../../../../app/etc/local.xml"}}',
        '{{skin url="local.xml" _theme="../../../../../app/etc"}}',
        '{{skin url="local.xml" _package="../../../../app" _theme="etc"}}',
        '{{inlinecss file="../../../../../app/etc/local.xml"}}',
        '{{template config_path="../../app/etc/local.xml"}}',
        '{{include template="../../app/etc/local.xml"}}',
        '{{block id="../../app/etc/local.xml"}}',
        '{{store direct_url="file:///etc/passwd"}}',
    ],
)
def test_no_path_reads_a_file(tmp_path: Path, source: str) -> None:
    for folder in ("", "public/skin/frontend/base/default/", "public/skin/frontend/"):
        (tmp_path / folder / "app/etc").mkdir(parents=True)
        (tmp_path / folder / "app/etc/local.xml").write_text(SECRET)
    world = World({}, {}, tmp_path)

    try:
        rendered = compile_template(source, kind=Kind.HTML).render(variables(world), world)
    except TemplateError as error:
        rendered = str(error)

    assert SECRET not in rendered


@pytest.mark.parametrize("params", [{"_area": "/etc"}, {"_area": "/", "_package": "etc"}])
def test_no_url_tells_whether_a_file_exists_outside(tmp_path: Path, params: dict[str, str]) -> None:
    (tmp_path / "public/skin").mkdir(parents=True)

    path = skin_path("passwd", {**params, "_theme": "."}, StoreConfig.from_rows([]), 1, tmp_path)

    assert path.endswith("/base/default/passwd")


@for_each("value", ["<script>x</script>", '"><img src=x onerror=x>', "</td><!--", "<STYLE>*{}"])
def test_cve_2016_10704_with_autoescape_a_value_is_no_markup(value: str) -> None:
    source = "{{var v}}{{if v}}{{var v|nl2br}}{{/if}}{{var v|escape:bogus}}{{var o.getV()}}"
    given = {"v": value, "o": DataObject({"v": value})}

    escaped, raw = (
        compile_template(source, kind=Kind.HTML, autoescape=on).render(given, RecordedSite())
        for on in (True, False)
    )

    assert not set("<>\"'") & set(escaped.replace("<br />", ""))
    assert raw == value * 4


@for_each(
    "value",
    [["{{config path='x'}}"], {"a": SECRET}, ("a",), {1}, b"bytes", object(), print, int, Path()],
)
def test_cve_2026_75650_structured_values_never_reach_the_text(value: object) -> None:
    for source in ("{{var v}}", "{{htmlescape var=$v}}", "{{store url=$v}}", "{{media url=$v}}",
                   "{{include template=$v}}", "{{block id=$v}}", "{{config path=$v}}"):  # fmt: skip
        with pytest.raises(TemplateError, match="single values"):
            compile_template(source, kind=Kind.HTML).render({"v": value}, RecordedSite())


def test_cve_2026_75650_a_stored_style_is_no_template(render: Callable[..., str]) -> None:
    styles = '<style type="text/css">\n{{config path="system/smtp/password"}}\n</style>'

    assert render("{{var non_inline_styles}}", non_inline_styles=styles) == styles
