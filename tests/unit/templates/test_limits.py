"""The documentation names every limit of a template."""

from __future__ import annotations

from segmail.maho.storefront import skin
from segmail.mail.message import MAX_MESSAGE
from segmail.templates import blocks, frame, modifiers, parser, paths, style_work, styles
from tests.each_case import for_each
from tests.program import ROOT

DOCUMENTED = (ROOT / "docs" / "templates.md").read_text("utf-8")
SECTION = " ".join(DOCUMENTED.partition("## Limits")[2].partition("\n## ")[0].split())


@for_each(
    "limit",
    [
        f"at most {parser.MAX_DIRECTIVES:,} directives",
        f"a directive {paths.MAX_PARAMETERS} parameters",
        f"a path {paths.MAX_STEPS} steps",
        f"a method {paths.MAX_ARGUMENTS} arguments",
        f"a `{{{{var}}}}` {modifiers.MAX_MODIFIERS} modifiers",
        f"at most {blocks.MAX_DEPTH} deep",
        f"at most {frame.MAX_OUTPUT:,} characters and {frame.MAX_WORK:,} directives",
        f"at most {frame.MAX_INCLUDES} templates and blocks, {frame.MAX_INCLUDE_DEPTH} deep",
        f"at most {styles.MAX_HTML:,} characters and {styles.MAX_TAGS:,} tags",
        f"a style sheet {skin.MAX_SHEET:,} bytes",
        f"at most {style_work.MAX_WORK:,} [steps]",
        f"a message has at most {MAX_MESSAGE:,} bytes",
    ],
)
def test_the_documentation_names_the_limit(limit: str) -> None:
    assert limit in SECTION
