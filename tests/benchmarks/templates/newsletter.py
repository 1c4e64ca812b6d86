"""A newsletter of 10 KB, in Maho's directives and in plain Jinja2, and who it is sent to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from segmail.templates import DataObject
from tests.unit.templates.recorded import RecordedSite

SITE = RecordedSite()
STYLES = """\
body { margin: 0; background: #f4f4f4; font-family: Arial, sans-serif; }
h1 { font-size: 24px; color: #222; } h2 { font-size: 18px; }
p { line-height: 1.5; margin: 0 0 12px; }
.card { border: 1px solid #ddd; padding: 16px; } .card p { font-size: 13px; }
.price { font-weight: bold; color: #b00; } .button { background: #06c; color: #fff; padding: 8px; }
.footer td { font-size: 11px; color: #777; }
"""  # fmt: skip

_TEXT = (
    "Soft merino, cut to last, in four new colours for the cold months ahead. Wash it cold, dry it "
    "flat, wear it for years. We make it in small batches and mend it for free for as long as you "
    "have it; write to us, and we send a label. Every order ships within two working days."
)

# Each directive and the Jinja2 that prints the same.
_PAIRS = {
    "name": ("{{var customer.getName()}}", "{{ customer.getName() }}"),
    "first": ("{{var customer.firstname}}", "{{ customer.firstname }}"),
    "city": ("{{var customer.city|escape}}", "{{ customer.city|escape_html }}"),
    "coupon": ("{{var coupon_code}}", "{{ coupon_code }}"),
    "url": ('{{store url="catalog/sale"}}', '{{ store_url("catalog/sale") }}'),
    "picture": ('{{media url="wysiwyg/a.png"}}', '{{ media_url("wysiwyg/a.png") }}'),
    "if": ("{{if coupon_code}}", "{% if coupon_code %}"),
    "else": ("{{else}}", "{% else %}"),
    "endif": ("{{/if}}", "{% endif %}"),
}
_HEAD = (
    '<html><head><title>News</title></head><body><table width="600" class="page"><tr><td>'
    "<h1>Hello <<first>></h1><p>Dear <<name>> of <<city>>, " + _TEXT * 7 + "</p>"
    '<<if>><p>Your code: <b class="price"><<coupon>></b></p><<else>><p>No code today.</p><<endif>>'
)
_CARD = (
    '<div class="card"><img src="<<picture>>" alt="" width="280" height="200"><h2>Jumper %d</h2>'
    "<p>For <<first>>: " + _TEXT + "</p><p>" + _TEXT + "</p>"
    '<p><<if>><span class="price">15%% off with <<coupon>></span>'
    '<<else>><span class="price">$ 89.00</span><<endif>></p>'
    '<a class="button" href="<<url>>">Look at it</a></div>'
)
_FOOT = (
    '<table class="footer"><tr><td>You get this because <<name>> subscribed. '
    + _TEXT
    + " <<city>></td></tr></table></td></tr></table></body></html>"
)
_CARDS = 8


@dataclass(frozen=True)
class Recipient:
    """One customer, as either engine wants them."""

    directives: Mapping[str, object]
    plain: Mapping[str, object]


def newsletter() -> str:
    """Return the newsletter in Maho's directives."""
    return _written(0)


def directives(source: str) -> int:
    """Return how many directives there are, an {{if}} with its {{else}} and {{/if}} as one."""
    return source.count("{{") - source.count("{{else") - source.count("{{/")


def plain_template() -> Template:
    """Return the newsletter compiled by Jinja2's sandbox itself."""
    return _ENVIRONMENT.from_string(_written(1))


def recipients(count: int) -> list[Recipient]:
    """Return customers of whom every second one has a coupon."""
    return [_recipient(number) for number in range(count)]


def _written(language: int) -> str:
    text = _HEAD + "".join(_CARD % number for number in range(_CARDS)) + _FOOT
    for name, pair in _PAIRS.items():
        text = text.replace(f"<<{name}>>", pair[language])
    return text


def _recipient(number: int) -> Recipient:
    values = {"firstname": f"Ada{number}", "lastname": "Lovelace", "city": "Tunbridge & Wells"}
    shared = {"coupon_code": f"WB{number:06d}" if number % 2 else ""}

    def name() -> str:
        return f"{values['firstname']} {values['lastname']}"

    return Recipient(
        {**shared, "customer": DataObject(values, {"getName": name}, "customer")},
        {**shared, "customer": {**values, "getName": name}},
    )


def _escape_html(text: str) -> str:
    return text.translate({38: "&amp;", 60: "&lt;", 62: "&gt;", 34: "&quot;", 39: "&#039;"})


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment()
    environment.filters["escape_html"] = _escape_html
    environment.globals |= {
        "store_url": lambda route: SITE.store_url(route, {}),
        "media_url": SITE.media_url,
    }
    return environment


_ENVIRONMENT = _environment()
