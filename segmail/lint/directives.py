"""Findings about directives: what they name must be given, and exist in the shop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from segmail.errors import TemplateError
from segmail.lint.findings import LintFinding, LintRule
from segmail.lint.naming import shown
from segmail.lint.reading import Passage
from segmail.lint.shop_facts import Facts
from segmail.templates.nodes import Block, Directive, Var, paths_of

_BLANK_VALUE = re.compile(r"=\s+['\"$\w]")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")

_ARGUMENT = {
    "block": "id",
    "config": "path",
    "customvar": "code",
    "htmlescape": "var",
    "include": "template",
    "media": "url",
    "skin": "url",
    "template": "config_path",
}
_FAILS = ("include", "template")  # without their argument


def directive_findings(passage: Passage, facts: Facts | None) -> Iterator[LintFinding]:
    """Yield directives that lack a name, or name something that has no effect."""
    for node, _ in passage.nodes():
        if isinstance(node, Directive):
            yield from _argument(passage, node)
            yield from _CHECKS.get(node.name, _nothing)(passage, node, facts)
        elif isinstance(node, Var | Block):
            yield from _condition(passage, node)
            yield from _get_config(passage, node, facts)


def _argument(passage: Passage, node: Directive) -> Iterator[LintFinding]:
    if _BLANK_VALUE.search(_QUOTED.sub('""', node.source)):
        what = f"In {shown(node.source)} a blank follows an equals sign, so the value is empty."
        advice = 'Write name="value" without blanks.'
        yield passage.error(LintRule.BLANK_VALUE, node.place, what, advice)
        return
    wanted = _ARGUMENT.get(node.name)
    if wanted is None or any(given.name in (wanted, "type") for given in node.parameters):
        return
    what = f"{shown(node.source)} does not say which; it needs {wanted}."
    advice = f'Write {{{{{node.name} {wanted}="…"}}}}.'
    if node.name in _FAILS:
        yield passage.error(LintRule.MISSING_ARGUMENT, node.place, what, advice)
    else:
        yield passage.warning(LintRule.MISSING_ARGUMENT, node.place, what, advice)


def _condition(passage: Passage, node: Var | Block) -> Iterator[LintFinding]:
    path = node.path if isinstance(node, Var) else node.condition
    if path is None:
        what = f"{shown(node.source)} names no variable, so it is always empty."
        advice = "Name one, as in {{var customer_firstname}}, or take it out."
        yield passage.warning(LintRule.MISSING_ARGUMENT, node.place, what, advice)


def _get_config(passage: Passage, node: Var | Block, facts: Facts | None) -> Iterator[LintFinding]:
    """Check `store.getConfig('path')`, which may read only what {{config}} may."""
    for path in paths_of(node):
        for step in path.steps:
            if path.name == "store" and step.method == "getconfig":
                wanted = str(step.arguments[0]) if step.arguments else ""
                yield from _setting(passage, node, wanted, facts)


def _config(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    path = _literal(node, "path")
    if path:
        yield from _setting(passage, node, path, facts)


def _setting(
    passage: Passage, node: Directive | Var | Block, path: str, facts: Facts | None
) -> Iterator[LintFinding]:
    if facts is None:
        return
    if not facts.allows_config(path):
        what = (
            f"Templates may not print the setting '{shown(path)}'; {shown(node.source)} is empty."
        )
        advice = (
            "Allow it in Maho under System > Permissions > Variables, or write the text itself."
        )
        yield passage.error(LintRule.CONFIG_NOT_ALLOWED, node.place, what, advice)
    elif not facts.has_config(path):
        what = (
            f"The setting '{shown(path)}' is empty in every store; {shown(node.source)} is empty."
        )
        advice = "Set it in Maho under System > Configuration, or take it out."
        yield passage.warning(LintRule.CONFIG_EMPTY, node.place, what, advice)


def _custom_variable(
    passage: Passage, node: Directive, facts: Facts | None
) -> Iterator[LintFinding]:
    code = _literal(node, "code")
    if code and facts is not None and facts.custom_variable(code) is None:
        what = f"There is no custom variable '{shown(code)}', so nothing is printed here."
        advice = "Create it in Maho under System > Custom Variables, or take it out."
        yield passage.error(LintRule.UNKNOWN_CUSTOM_VARIABLE, node.place, what, advice)


def _skin(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    if ".." in (_literal(node, "url") or ""):
        what = f"{shown(node.source)} names a file outside the theme, so no mail can be sent."
        advice = "Name a file below the theme's folder, without '..'."
        yield passage.error(LintRule.UNSUPPORTED, node.place, what, advice)


def _block(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    type_ = _literal(node, "type")
    if type_ is None or facts is None:
        return
    if not facts.allows_block(type_):
        what = f"Templates may not run blocks of the type '{shown(type_)}'; nothing is printed."
        advice = "Allow it in Maho under System > Permissions > Blocks, or take it out."
        yield passage.warning(LintRule.UNSUPPORTED, node.place, what, advice)
    elif type_ != "cms/block" and len(node.parameters) > 1:
        yield from _php(passage, node, facts)


def _php(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    what = f"{shown(node.source)} runs PHP of the shop, which segmail cannot."
    advice = 'Write its text here, or into a static block: {{block id="…"}}.'
    yield passage.error(LintRule.UNSUPPORTED, node.place, what, advice)


def _widget(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    if _literal(node, "type") != "cms/widget_block":
        yield from _php(passage, node, facts)
    elif _literal(node, "template") is None:
        what = f"{shown(node.source)} prints nothing, as in Maho, because it names no template."
        advice = f'Add template="{BLOCK_FRAME}".'
        yield passage.warning(LintRule.UNSUPPORTED, node.place, what, advice)
    elif _literal(node, "template") != BLOCK_FRAME:
        yield from _php(passage, node, facts)


def _template(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    path = _literal(node, "config_path")
    if not path or facts is None:
        return
    try:
        found = facts.email(path)
    except TemplateError as error:
        what = f"{shown(node.source)} cannot be printed: {error}"
        advice = (
            "Give --maho-root DIR, or put its text into a newsletter template and {{include}} it."
        )
        yield passage.error(LintRule.MISSING_TEMPLATE, node.place, what, advice)
        return
    if found is None:
        what = f"The setting '{shown(path)}' names no e-mail template, so nothing is printed here."
        advice = "Choose a template there in Maho's configuration, or take it out."
        yield passage.warning(LintRule.MISSING_TEMPLATE, node.place, what, advice)


def _nothing(passage: Passage, node: Directive, facts: Facts | None) -> Iterator[LintFinding]:
    return iter(())


def _literal(node: Directive, name: str) -> str | None:
    return next((given.literal for given in node.parameters if given.name == name), None)


BLOCK_FRAME = "cms/widget/static_block/default.phtml"

_CHECKS: Mapping[str, Callable[[Passage, Directive, Facts | None], Iterator[LintFinding]]] = {
    "block": _block,
    "config": _config,
    "customvar": _custom_variable,
    "layout": _php,
    "skin": _skin,
    "template": _template,
    "widget": _widget,
}
