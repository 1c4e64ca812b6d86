"""The functions of the directives, called when a mail is rendered.

The compiled template calls them, each with the rendering's `Frame` and with constants from the
template; `where` names the directive in messages. They return what is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from markupsafe import Markup

from segmail.errors import TemplateError
from segmail.templates.frame import MAX_OUTPUT, Frame, PlainPath
from segmail.templates.modifiers import MODIFIERS, escape_html, escape_once
from segmail.templates.nodes import shortened
from segmail.templates.objects import DataObject
from segmail.templates.styling import MARK, exchangeable
from segmail.templates.values import as_text, is_true

_BLOCK_WIDGET = "cms/widget_block"
_BLOCK_FRAME = "cms/widget/static_block/default.phtml"

# A `segmail.templates.paths.Parameter` as the compiled template holds it: name, literal, path.
Parameters: TypeAlias = tuple[tuple[str, str | None, PlainPath | None], ...]
DirectiveCall: TypeAlias = tuple[str, Parameters, str]  # a directive's name, parameters and `where`


def var(frame: Frame, path: PlainPath, where: str) -> str:
    """Print a value."""
    return as_text(frame.value(path), where)


def var_modified(frame: Frame, path: PlainPath, modifiers: tuple[str, ...], where: str) -> str:
    """Print a value through modifiers."""
    return _modified(as_text(frame.value(path), where), modifiers, where)


def var_escaped(frame: Frame, path: PlainPath, modifiers: tuple[str, ...], where: str) -> str:
    """Print a value escaped, unless it is `Markup`, then through modifiers."""
    value = frame.value(path)
    text = as_text(value, where)
    if not isinstance(value, Markup):
        text = escape_html(text)
    return _modified(text, modifiers, where)


def var_marked(
    frame: Frame, path: PlainPath, modifiers: tuple[str, ...], escapes: bool, where: str
) -> str:
    """Print a mark for a value that may be filled in later, any other value itself."""
    if escapes:
        return _marked(frame, var_escaped(frame, path, modifiers, where))
    return _marked(frame, var_modified(frame, path, modifiers, where))


def marked(frame: Frame, name: str, parameters: Parameters, where: str) -> str:
    """Print a directive's output as a mark, if it may be filled in later."""
    return _marked(frame, DIRECTIVES[name](frame, parameters, where))


def shows(frame: Frame, path: PlainPath | None) -> bool:
    """Return whether an {{if}} or {{depend}} shows its text."""
    return is_true(frame.value(path))


def fixed(frame: Frame, number: int, parts: tuple[str | DirectiveCall, ...]) -> str:
    """Print texts and directives that are the same in every mail of a site, by their `number`."""
    text = frame.known.get(number)
    if text is None:
        printed = (it if isinstance(it, str) else DIRECTIVES[it[0]](frame, *it[1:]) for it in parts)
        text = frame.known[number] = "".join(printed)
    return text


def _marked(frame: Frame, text: str) -> str:
    parts = exchangeable(text)
    if parts is None:
        return text
    start, value = parts
    frame.values.append(value)
    return start + MARK


def _modified(text: str, modifiers: tuple[str, ...], where: str) -> str:
    for modifier in modifiers:
        text = MODIFIERS[modifier](_short(text, where))
    return text


def _short(text: str, where: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"{where} is longer than {MAX_OUTPUT:,} characters.")
    return text


def _store(frame: Frame, parameters: Parameters, where: str) -> str:
    texts = _texts(frame, parameters, where)
    route = texts.pop("url", "")
    direct = texts.pop("direct_url", None)
    if direct is not None:
        return frame.site.direct_url(direct, texts)
    return frame.site.store_url(route, texts)


def _media(frame: Frame, parameters: Parameters, where: str) -> str:
    return frame.site.media_url(_texts(frame, parameters, where).get("url", ""))


def _skin(frame: Frame, parameters: Parameters, where: str) -> str:
    texts = _texts(frame, parameters, where)
    path = texts.pop("url", "")
    if ".." in path:
        raise TemplateError(f"{where} names a file outside the theme.")
    return frame.site.skin_url(path, texts)


def _config(frame: Frame, parameters: Parameters, where: str) -> str:
    path = _texts(frame, parameters, where).get("path")
    return (path is not None and frame.site.config(path)) or ""


def _customvar(frame: Frame, parameters: Parameters, where: str) -> str:
    code = _texts(frame, parameters, where).get("code")
    value = None if code is None else frame.site.custom_variable(code, plain=frame.plain)
    return value if value and value != "0" else ""  # PHP treats '0' as no value


def _protocol(frame: Frame, parameters: Parameters, where: str) -> str:
    """Print the protocol that Maho's command line believes to be in use: always http."""
    texts = _texts(frame, parameters, where)
    if "url" in texts:
        return f"http://{texts['url']}"
    return texts["http"] if "http" in texts and "https" in texts else "http"


def _htmlescape(frame: Frame, parameters: Parameters, where: str) -> str:
    texts = _texts(frame, parameters, where)
    tags = (tag.strip() for tag in texts.get("allowed_tags", "").split(","))
    return escape_once(texts.get("var", ""), tuple(tag for tag in tags if tag))


def _include(frame: Frame, parameters: Parameters, where: str) -> str:
    code, known = _code_and_variables(frame, parameters, "template", where)
    if not code:
        raise TemplateError(f'{where} does not say which template; give template="CODE".')
    source = frame.site.newsletter_template(code)
    if source is None:
        raise TemplateError(f"{where}: there is no newsletter template '{shortened(code)}'.")
    known["this"] = DataObject({"template_code": code, "template_text": source}, name="this")
    return frame.included("newsletter template", code, source, known)


def _template(frame: Frame, parameters: Parameters, where: str) -> str:
    path, known = _code_and_variables(frame, parameters, "config_path", where)
    if not path:
        raise TemplateError(f'{where} does not say which template; give config_path="PATH".')
    source = frame.site.email_template(path)
    if source is None:
        return ""
    known["this"] = DataObject({"template_text": source}, name="this")
    return frame.included("e-mail template", path, source, known)


def _code_and_variables(
    frame: Frame, parameters: Parameters, name: str, where: str
) -> tuple[str, dict[str, object]]:
    """Return what the parameter `name` says, and the variables with the other parameters."""
    given = {
        parameter: frame.value(path) if literal is None else Markup(literal)  # noqa: S704 (no value)
        for parameter, literal, path in parameters
    }
    code = as_text(given.pop(name, None), where)
    known = {parameter: value for parameter, value in given.items() if value is not None}
    return code, {**frame.variables, **known}


def _block(frame: Frame, parameters: Parameters, where: str) -> str:
    texts = _texts(frame, parameters, where)
    identifier = texts.get("id", "")
    if "type" in texts:
        if not frame.site.allows_block(texts["type"]):
            return ""
        if texts["type"] != "cms/block":
            return _php_block(texts, where)
        identifier = texts.get("block_id", "")
    source = frame.site.block(identifier) if identifier else None
    if source is None:
        return ""
    return frame.included("static block", identifier, source, frame.variables)


def _php_block(texts: Mapping[str, str], where: str) -> str:
    """Print nothing for a block without parameters, as such a block does."""
    if len(texts) > 1:
        raise TemplateError(f"{where} runs a PHP block of the shop; segmail cannot.")
    return ""


def _widget(frame: Frame, parameters: Parameters, where: str) -> str:
    """Print the one widget that needs no PHP: a static block in Maho's frame for it.

    Without its template Maho prints nothing.
    """
    texts = _texts(frame, parameters, where)
    if texts.get("type") != _BLOCK_WIDGET:
        raise TemplateError(
            f"{where} runs a PHP widget of the shop; segmail cannot. It can render "
            f'{{{{widget type="{_BLOCK_WIDGET}" template="{_BLOCK_FRAME}" block_id="…"}}}}.'
        )
    if "template" not in texts:
        return ""
    if texts["template"] != _BLOCK_FRAME:
        raise TemplateError(f'{where}: its template must be "{_BLOCK_FRAME}"; others are PHP.')
    identifier = texts.get("block_id", "")
    source = frame.site.block(identifier) if identifier else None
    text = frame.included("static block", identifier, source, frame.variables) if source else ""
    return f'<div class="widget widget-static-block">{text}</div>'


def _layout(frame: Frame, parameters: Parameters, where: str) -> str:
    raise TemplateError(f"{where} runs a PHP layout of the shop; segmail cannot.")


def _inlinecss(frame: Frame, parameters: Parameters, where: str) -> str:
    file = _texts(frame, parameters, where).get("file")
    if file is not None:
        frame.use_sheet(frame.site.style_sheet(file) or "")
    return ""


def _texts(frame: Frame, parameters: Parameters, where: str) -> dict[str, str]:
    """Return the parameters as text, without those that are null."""
    texts = {}
    for name, literal, path in parameters:
        if literal is not None:
            texts[name] = _short(literal, where)
        elif (value := frame.value(path)) is not None:
            texts[name] = _short(as_text(value, where), where)
    return texts


DIRECTIVES: Mapping[str, Callable[[Frame, Parameters, str], str]] = {
    "block": _block,
    "config": _config,
    "customvar": _customvar,
    "htmlescape": _htmlescape,
    "include": _include,
    "inlinecss": _inlinecss,
    "layout": _layout,
    "media": _media,
    "protocol": _protocol,
    "skin": _skin,
    "store": _store,
    "template": _template,
    "widget": _widget,
}
# These print their parameters, or the site's values for them, and include nothing.
SIMPLE = {"config", "customvar", "htmlescape", "media", "protocol", "skin", "store"}
