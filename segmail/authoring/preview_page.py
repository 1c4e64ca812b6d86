"""Previews as a page for a browser: each mail as an inbox, a phone and a desktop show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from segmail.authoring.preview import Preview
from segmail.sequences.findings import StepFinding

# Not even the mail's own page may run scripts or send forms; its images and fonts are loaded.
_POLICY = (
    "default-src 'none'; img-src * data:; font-src *; style-src 'unsafe-inline' *; frame-src 'self'"
)
_NO_IMAGES = '<meta http-equiv="Content-Security-Policy" content="img-src \'none\'">'
# What mail programs do in dark mode to a mail without dark colours of its own.
_DARKENED = (
    "<style>html{background:#fff;filter:invert(.93) hue-rotate(180deg)}"
    "img,video{filter:invert(1) hue-rotate(180deg)}</style>"
)
_KNOWS_THE_DARK = re.compile(r"color-scheme[^>;}]*\bdark|data-ogs[cb]", re.IGNORECASE)

_STYLE = """
body { margin: 0 auto; max-width: 87rem; padding: 1rem 1.5rem; font: 15px/1.5 system-ui, sans-serif;
  color: #222; background: #f4f4f2; }
section { display: none; }
section:target, body:not(:has(section:target)) section:first-of-type { display: block; }
h1 { font-size: 1.2rem; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
nav { display: flex; gap: 1rem; align-items: baseline; }
.inbox { max-width: 46rem; padding: .6rem 1rem; background: #fff; border: 1px solid #ccc;
  border-radius: .4rem; }
.inbox p { margin: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.inbox span, th { color: #666; }
.screens { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
figure { margin: 0; max-width: 100%; overflow-x: auto; }
figcaption { margin: .5rem 0; font-weight: 600; }
table { border-collapse: collapse; }
th { padding: .1rem 1rem .1rem 0; text-align: right; vertical-align: top; white-space: nowrap;
  font-weight: normal; }
td, li { overflow-wrap: anywhere; }
iframe, pre { box-sizing: border-box; margin: 0; border: 1px solid #ccc; background: #fff; }
iframe { height: 44rem; resize: vertical; }
pre { max-width: 46rem; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.finding { max-width: 46rem; padding: .5rem 1rem; background: #fde9c8; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b; }
  .inbox, pre { background: #262626; border-color: #555; }
  .inbox span, th { color: #aaa; }
  .finding { background: #5a431a; }
  a { color: #8ab4f8; }
}
"""


def page(previews: Sequence[Preview]) -> str:
    """Return the page: a section for each customer, with links from one to the next."""
    title = escape(previews[0].step)
    sections = [_section(previews, number) for number in range(len(previews))]
    body = "\n".join(sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _section(previews: Sequence[Preview], number: int) -> str:
    preview = previews[number]
    told = f" ({escape(preview.why)})" if preview.why else ""
    title = f"{escape(preview.step)} for customer {preview.customer_id}{told}"
    parts = [
        _paging(previews, number),
        f"<h1>{title}</h1>",
        *map(_finding, preview.findings),
        _inbox(preview),
    ]
    if preview.html is not None:
        parts.append(_screens(preview.html))
    if preview.text:
        parts.append(f"<h2>Plain text</h2>\n<pre>{escape(preview.text)}</pre>")
    parts += [_links(preview), _headers(preview)]
    return f'<section id="customer-{preview.customer_id}">\n' + "\n".join(parts) + "\n</section>"


def _paging(previews: Sequence[Preview], number: int) -> str:
    if len(previews) == 1:
        return ""

    def link(to: int, words: str) -> str:
        if not 0 <= to < len(previews):
            return ""
        return f'<a href="#customer-{previews[to].customer_id}">{words}</a>'

    place = f"{number + 1} of {len(previews)}"
    return f"<nav>{link(number - 1, '← before')} <b>{place}</b> {link(number + 1, 'next →')}</nav>"


def _finding(finding: StepFinding) -> str:
    return f'<p class="finding">It would not be sent now: {escape(str(finding))}.</p>'


def _inbox(preview: Preview) -> str:
    return (
        f'<h2>In the inbox</h2>\n<div class="inbox"><p><b>{escape(preview.sender)}</b></p>'
        f"<p>{escape(preview.subject)} <span>– {escape(preview.preheader)}</span></p></div>"
    )


def _screens(html: str) -> str:
    knows = _KNOWS_THE_DARK.search(html) is not None
    dark = html if knows else _DARKENED + html
    light = "color-scheme:light;"  # even if the page itself is viewed in dark mode
    scheme = "color-scheme:dark;" if knows else light
    screens = [
        ("Phone, 375 px", 375, html, light),
        ("Phone, dark", 375, dark, scheme),
        ("Phone, images off", 375, _NO_IMAGES + html, light),
        ("Desktop, 1000 px", 1000, html, light),
        ("Desktop, dark", 1000, dark, scheme),
    ]
    frames = (
        f'<figure><figcaption>{name}</figcaption><iframe sandbox="" loading="lazy" '
        f'style="{style}width:{width}px" srcdoc="{escape(source)}"></iframe></figure>'
        for name, width, source, style in screens
    )
    return '<h2>HTML</h2>\n<div class="screens">\n' + "\n".join(frames) + "\n</div>"


def _links(preview: Preview) -> str:
    if not preview.links:
        return "<h2>Links</h2>\n<p>None.</p>"
    items = "".join(f"<li>{escape(link)}</li>\n" for link in preview.links)
    return f"<h2>Links</h2>\n<ol>\n{items}</ol>"


def _headers(preview: Preview) -> str:
    rows = [*preview.headers, ("Size", f"{preview.size:,} bytes")]
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in rows)
    return f"<h2>Headers</h2>\n<table>\n{''.join(lines)}</table>"
