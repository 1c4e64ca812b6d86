"""Random templates: written in the directives' grammar, or recorded ones, both then broken."""

from __future__ import annotations

from random import Random

from segmail.templates.styling import MARK
from tests.unit.templates.recorded import GOLDEN

RECORDED: list[str] = [case["template"] for case in GOLDEN["cases"]]

_DIRECTIVES = ["include", "block", "store", "media", "skin", "config", "customvar", "htmlescape",
    "protocol", "inlinecss", "template", "widget", "layout", "trans", "plural", "CustomVar",
    "abcdefghijk", ""]  # fmt: skip
_VARIABLES = ["customer", "customer_name", "store", "subscriber", "this", "one", "zero", "float",
    "no", "nothing", "lines", "markup", "missing", "frame", "self", "extra",
    "mark"]  # fmt: skip
_MEMBERS = ["firstname", "lastname", "bio", "email", "password_hash", "rp_token", "confirmation",
    "getName()", "getFirstname()", "getPasswordHash()", "getData('bio')", "getData('rp_token')",
    "getData('x/password_hash')", "getData()", "getData", "getStore()", "getBio(1)", "getBio(99)",
    "getConfig('system/smtp/password')", "getConfig(general/store_information/name)",
    "getUrl('a/b')", "getUrl(1, 2)", "getUnsubscriptionLink()", "getResource()", "delete()",
    "__class__", "__init__.__globals__", "__dict__", "_data", "member", "format", "mro()",
    "getGroup()", "getWebsite().name", "getBaseUrl('media', 1)"]  # fmt: skip
_MODIFIERS = ["escape", "escape:html", "escape:url", "escape:htmlentities", "escape:bogus", "nl2br",
    "nl2br:0", " escape", "attr:x", "upper", "safe", ""]  # fmt: skip
_PARAMETERS = ["url", "direct_url", "template", "config_path", "path", "code", "id", "type", "var",
    "allowed_tags", "file", "_query_a", "_fragment", "_secure", "_theme", "_area", "_package",
    "_direct", "_query", "extra", "customer", "http", "https", ""]  # fmt: skip
_VALUES = ["inc", "block", "loop", "promo", "general/store_information/name", "1", "0",
    "system/smtp/password", "../../app/etc/local.xml", "/etc/passwd", "b,i", "/,//",
    "core/template", "adminhtml/x", "a b",
    "$customer", "$customer_name", "$missing", "$customer.bio", "$lines", "$",
    "é漢🎉", "\\'", "x" * 300, ""]  # fmt: skip
_ODD = ["{{", "}}", "{", "}", "{{{", "}}}", "{%", "%}", "{#", "#}", "{% raw %}", "{{ 7*7 }}",
    "# for", "{{/if}}", "{{/depend }}", "{{else}}", "{{if", "{{depend x", "{{var", "{{ var one}}",
    "|", ".",
    "(", ")", "'", '"', "\\", "=", "$", "$1", "\0", "\r\n", "\x85", "\u2028", "\u202e", "\ud800",
    "\ufeff", MARK, MARK[:1], MARK[1:], "İ", "ſ", "İF",
    "{{İf one}}", "<zqtag>", "<!--", "<b>", "</p>", "&amp;", "&#0;",
    "%s", "{0.__class__}", "${x}", "<?php", "\\N{DIGIT ONE}", "\n\n", "a" * 40]  # fmt: skip


def template(random: Random) -> str:
    """Return one random template."""
    kind = random.randrange(4)
    if kind == 0:
        source = _pieces(random, 3)
    elif kind == 1:
        source = "".join(random.choice(RECORDED) for _ in range(random.randint(1, 4)))
    elif kind == 2:
        source = "".join(random.choice(_ODD) for _ in range(random.randint(1, 20)))
    else:
        source = _pieces(random, 2) + random.choice(RECORDED)
    for _ in range(random.choice((0, 0, 0, 1, 2, 5))):
        source = _broken(random, source)
    return source


def _pieces(random: Random, depth: int) -> str:
    return "".join(_piece(random, depth) for _ in range(random.randint(0, 6)))


def _piece(random: Random, depth: int) -> str:
    kind = random.randrange(10)
    if kind < 3:
        return random.choice(("Dear ", "\n<p>", "</p>", "x", " ", random.choice(_ODD)))
    if kind < 6:
        return f"{{{{{random.choice(('var', 'VAR'))} {_path(random)}{_modifiers(random)}}}}}"
    if kind < 8 or not depth:
        return f"{{{{{random.choice(_DIRECTIVES)} {_parameters(random)}}}}}"
    name = random.choice(("if", "depend", "IF"))
    inner = _pieces(random, depth - 1)
    other = "{{else}}" + _pieces(random, depth - 1) if random.randrange(2) else ""
    return f"{{{{{name} {_path(random)}}}}}{inner}{other}{{{{/{name}}}}}"


def _path(random: Random) -> str:
    members = (random.choice(_MEMBERS) for _ in range(random.choice((0, 1, 1, 2, 3))))
    return ".".join((random.choice(_VARIABLES), *members))


def _modifiers(random: Random) -> str:
    count = random.choice((0, 0, 1, 2, 4))
    return "".join(f"|{random.choice(_MODIFIERS)}" for _ in range(count))


def _parameters(random: Random) -> str:
    return " ".join(_parameter(random) for _ in range(random.choice((0, 1, 1, 2, 4))))


def _parameter(random: Random) -> str:
    quote = random.choice(("'", '"', '"', ""))
    sign = random.choice(("=", "=", "=", "= ", ""))
    return f"{random.choice(_PARAMETERS)}{sign}{quote}{random.choice(_VALUES)}{quote}"


def _broken(random: Random, source: str) -> str:
    at = random.randint(0, len(source))
    end = min(len(source), at + random.randint(0, 12))
    kind = random.randrange(6)
    if kind == 0:
        return source[:at]
    if kind == 1:
        return source[at:]
    if kind == 2:
        return source[:at] + source[end:]
    if kind == 3:
        return source[:end] + source[at:]
    if kind == 4:
        return source[:at] + random.choice(_ODD) + source[end:]
    return source[:at] + random.choice(RECORDED) + source[at:]
