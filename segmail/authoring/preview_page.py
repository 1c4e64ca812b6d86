"""The preview as a page for a browser."""

from __future__ import annotations

from html import escape

from segmail.authoring.preview import Preview
from segmail.sequences.findings import StepFinding

# Not even the mail's own page may run scripts or send forms; its images and fonts are loaded.
_POLICY = (
    "default-src 'none'; img-src * data:; font-src *; style-src 'unsafe-inline' *; frame-src 'self'"
)

_STYLE = """
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; font: 15px/1.5 system-ui, sans-serif;
  color: #222; background: #f4f4f2; }
h2 { margin: 2rem 0 .5rem; font-size: 1rem; }
table { border-collapse: collapse; }
th { padding: .1rem 1rem .1rem 0; text-align: right; vertical-align: top; white-space: nowrap;
  font-weight: normal; color: #777; }
td { overflow-wrap: anywhere; }
iframe, pre { box-sizing: border-box; width: 100%; margin: 0; border: 1px solid #ccc;
  background: #fff; }
iframe { height: 75vh; resize: vertical; }
pre { padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.finding { padding: .5rem 1rem; background: #fde9c8; }
"""


def page(preview: Preview) -> str:
    """Return the page: headers, the HTML in a frame of its own, the text part, the size."""
    title = escape(f"{preview.step} for customer {preview.customer_id}")
    parts = [*map(_finding, preview.findings), _headers(preview)]
    if preview.html is not None:
        parts.append(_frame(preview.html))
    if preview.text:
        parts.append(_text(preview.text))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _finding(finding: StepFinding) -> str:
    return f'<p class="finding">It would not be sent now: {escape(str(finding))}.</p>'


def _headers(preview: Preview) -> str:
    rows = [*preview.headers, ("Size", f"{preview.size:,} bytes")]
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in rows)
    return f"<table>\n{''.join(lines)}</table>"


def _frame(html: str) -> str:
    return f'<h2>HTML</h2>\n<iframe sandbox="" srcdoc="{escape(html)}"></iframe>'


def _text(text: str) -> str:
    return f"<h2>Plain text</h2>\n<pre>{escape(text)}</pre>"
