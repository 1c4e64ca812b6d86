"""Where templates differ from Maho's on purpose; docs/templates.md has this very table."""

from __future__ import annotations

from dataclasses import dataclass

FAILS = None  # Maho's process dies; in segmail the step fails, with the reason


@dataclass(frozen=True)
class Example:
    """A template and what Maho and segmail make of it.

    `recorded` is whether Maho's answer is checked with the recording; else it comes from a reading
    of what Maho does, or names what depends on the shop.
    """

    template: str
    maho: str | None
    segmail: str | None
    kind: str = "body"
    recorded: bool = True


@dataclass(frozen=True)
class Difference:
    """A difference with its reason, and the cases that show it."""

    reason: str
    examples: tuple[Example, ...]


def _told(template: str, maho: str | None, segmail: str | None, kind: str = "body") -> Example:
    return Example(template, maho, segmail, kind, recorded=False)


ESCAPED = "&lt;b class=&quot;x&quot;&gt;A &amp; B&#039;s &quot;q&quot;&lt;/b&gt;"
SHOP = "http://shop.example.test/"

DIFFERENCES = (
    Difference(
        "A value is never read as a template. Maho replaces whatever looks like a directive, so a "
        "customer's name can hold one.",
        (
            Example(
                "{{var tpl}} {{var one}}",
                '1 {{config path="general/store_information/name"}} 1',
                '{{var one}} {{config path="general/store_information/name"}} 1',
            ),
        ),
    ),
    Difference(
        "Blocks of a kind may nest. Maho ends the outer one at the end of the inner.",
        (
            Example(
                "{{if one}}a{{if empty}}b{{else}}c{{/if}}d{{else}}e{{/if}}",
                "abd{{else}}e{{/if}}",
                "acd",
            ),
            Example(
                "{{if empty}}a{{if one}}b{{/if}}c{{else}}d{{/if}}e", "c{{else}}d{{/if}}e", "de"
            ),
            _told("{{depend one}}x{{depend one}}y{{/depend}}z{{/depend}}", "xyz{{/depend}}", "xyz"),
        ),
    ),
    Difference(
        "A body that renders to nothing is empty, and an empty mail is not sent. Maho sends the "
        "template's own source.",
        (_told("{{var nosuch}}", "{{var nosuch}}", ""),),
    ),
    Difference(
        "What cannot be printed fails the step. Maho's process dies, and with it the run.",
        (
            Example("{{var customer}}", FAILS, FAILS),
            Example("{{var array}}", FAILS, FAILS),
            Example("{{var customer|escape}}", FAILS, FAILS),
            Example("{{htmlescape var=$customer}}", FAILS, FAILS),
        ),
    ),
    Difference(
        "A directive without what it needs fails the step. Maho mails an error text, or a sentence "
        "about unsubscribing, to the customer.",
        (
            Example("{{include}}", "{Error in include processing}", FAILS),
            Example("{{template}}", "{Error in template processing}", FAILS),
            _told('{{include template="nosuch"}}', "a built-in text", FAILS),
        ),
    ),
    Difference(
        "A file outside the theme, or a store that does not exist, fails the step. Maho renders "
        "the whole body to nothing, and so sends its source.",
        (
            _told('a{{skin url="../x.gif"}}', 'a{{skin url="../x.gif"}}', FAILS),
            _told('a{{inlinecss file="../x.css"}}', "{CSS inlining error: …}a", FAILS),
        ),
    ),
    Difference(
        "A parameter of an include counts instead of a variable of that name. Maho makes a list of "
        "both, and dies printing it.",
        (_told('{{include template="bench-inc" customer_firstname="X"}}', FAILS, "[inc X ]"),),
    ),
    Difference(
        "A static block sees the mail's variables. Maho renders it without any, and leaves its "
        "variables as they are.",
        (
            _told(
                '{{block id="bench_block"}}',
                f"<p>Block for {{{{var customer_firstname}}}} at {SHOP}x/</p>",
                f"<p>Block for Zoë at {SHOP}x/</p>",
            ),
        ),
    ),
    Difference(
        "PHP blocks, widgets and layouts fail the step where Maho would run them: segmail runs no "
        "PHP. What the shop does not allow prints nothing in both.",
        (
            Example('{{widget type="nosuch/x"}}', FAILS, FAILS),
            _told('{{layout handle="x"}}', "what the layout prints", FAILS),
            _told("{{block type='core/template' template='x.phtml'}}", "what it prints", FAILS),
        ),
    ),
    Difference(
        "Custom variables and static blocks in widgets work. Maho dies in a shop with one store "
        "view.",
        (
            Example('{{customvar code="nosuch"}}', FAILS, ""),
            Example("{{customVar code=promo}}", FAILS, "<b>Promo & more</b>"),
            Example(
                '{{widget type="cms/widget_block" '
                'template="cms/widget/static_block/default.phtml" block_id="1"}}',
                FAILS,
                '<div class="widget widget-static-block"></div>',
            ),
        ),
    ),
    Difference(
        "Subjects know all directives and modifiers. Maho's know few, and print or drop the rest.",
        (
            Example("{{var html|escape}}", "", ESCAPED, "subject"),
            Example("{{var customer_firstname|escape}}", "", "Zoë", "subject"),
            Example('{{store url="x"}}', '{{store url="x"}}', f"{SHOP}x/", "subject"),
            Example(
                "{{htmlescape var=$html}}",
                "{{htmlescape var=$html}}",
                ESCAPED.replace("&#039;", "'"),
                "subject",
            ),
        ),
    ),
    Difference(
        "Secrets are out of reach: password hashes, tokens, keys, and settings that templates may "
        "not show.",
        (
            _told("{{var customer.password_hash}}", "the password hash", ""),
            _told("{{var store.getConfig('system/smtp/host')}}", "the mail server", ""),
        ),
    ),
    Difference(
        "Methods with effects, and those that lead to other data, do not exist.",
        (
            _told("{{var customer.delete()}}", "deletes the customer", ""),
            Example("{{var customer.getAddresses()}}", FAILS, ""),
        ),
    ),
    Difference(
        "A mail is rendered once, so all variables are there. Maho renders it twice, and those of "
        "the second time are lost in the first.",
        (_told("{{var email}}", "", "model3@example.test"),),
    ),
    Difference(
        "Styles look the same, but are written in another order and form, and those that no "
        "attribute can hold (@media, :hover) become !important where they have to win over "
        "attributes.",
        (
            _told(
                '{{inlinecss file="a.css"}}<p>x</p>',
                "the same document in another form",
                '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; '
                'charset=utf-8"></head><body><p style="margin: 0;">x</p></body></html>',
            ),
        ),
    ),
)

# What no template can show by itself; each has its tests where it is made.
ELSEWHERE = (
    "Links, images, settings, custom variables and the logo are those of the store that the "
    "customer is written to. Maho's are those of the default scope.",
    "Links contain no script name. Maho 25.11 writes that of its command line into them.",
    "The template's own styles (`template_styles`) are inlined. Maho only prints them with "
    "`{{var non_inline_styles}}`.",
    "A plain-text template is sent as plain text, with the plain values of custom variables. Maho "
    "sends it as HTML.",
    "A subject is one line: line breaks become spaces.",
    "A template has limits; one that exceeds them fails the step. Maho runs until PHP ends.",
)


def table() -> str:
    """Return the differences as docs/templates.md has them."""
    lines = ["| template | Maho | segmail | why |", "|---|---|---|---|"]
    for difference in DIFFERENCES:
        for number, example in enumerate(difference.examples):
            cells = (
                _code(example.template) + (" (subject)" if example.kind == "subject" else ""),
                _shown(example.maho, example.recorded, "dies"),
                _shown(example.segmail, True, "the step fails"),
                "″" if number else difference.reason.replace("<", "&lt;"),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(text: str | None, is_text: bool, failure: str) -> str:
    if text is None:
        return failure
    if text == "":
        return "nothing"
    return _code(text) if is_text or "{{" in text or "<" in text else text


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"
