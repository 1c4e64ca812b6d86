"""Random mails with random style sheets, in which rules compete for the same elements."""

from __future__ import annotations

import random

_DECLARATIONS = (
    *("margin:1px", "margin:2px 3px", "margin-left:4px", "margin-left:7px", "padding:5px"),
    *("padding:0 6px", "padding-top:8px", "color:red", "color:#00f", "color:rgb(1,2,3)"),
    *("color:nonsense", "background:yellow", "background-color:#0f0", "background-color:#123456"),
    *("font:italic 14px/2 serif", "font-size:20px", "font-size:13px", "font-weight:bold"),
    *("line-height:1.5", "line-height:3", "text-align:center", "text-align:right"),
    *("border:1px solid red", "border-left:2px dotted blue", "border-color:green"),
    *("border-collapse:collapse", "display:inline-block", "display:block", "width:50%"),
    *("width:100%", "max-width:90px", "list-style:none", "flex:1", "text-indent:3px"),
)
_SELECTORS = (
    *("p", "div", ".a", ".b", ".c", "p.a", "div .b", ".a .b", "td", "table td", "#i", "#i .a"),
    *("body *", "div > p", "p:first-child", ".a + .b", "span", "div p.c", "[title]", "body"),
    *("html", ".a.b", "tbody", "td:nth-child(2)"),
)
_STATES = (
    *("p:hover", ".a:hover", ".b:focus", "div:hover .a", "a:link", ".nope .a", "[data-ogsc] #i"),
    *("p:not(:hover)", "p::before", ".a::after", "p:has(span)", "p:hover::before", ".b::-moz-x"),
)


def random_mail(seed: int) -> tuple[str, str]:
    """Return a style sheet and a document or a fragment, the same ones for the same seed."""
    return _Mail(random.Random(seed)).made()


class _Mail:
    def __init__(self, choices: random.Random) -> None:
        self._random = choices

    def made(self) -> tuple[str, str]:
        css = self._sheet(6)
        own = f"<style>{self._sheet(4)}</style>" if self._random.random() < 0.6 else ""
        body = "".join(self._part(0) for _ in range(self._random.randint(1, 3)))
        body += "<div id=i><p class=a>i</p></div>"
        if self._random.random() < 0.3:
            return css, own + body
        head = f"<head><title>t</title>{own}</head>"
        return css, f"<!DOCTYPE html><html>{head}<body>{body}</body></html>"

    def _sheet(self, most: int) -> str:
        return "\n".join(self._statement() for _ in range(self._random.randint(0, most)))

    def _statement(self) -> str:
        kind = self._random.random()
        if kind < 0.65:
            return self._rule()
        rules = " ".join(self._rule() for _ in range(self._random.randint(1, 3)))
        if kind < 0.9:
            return f"@media (max-width:{self._random.choice([400, 600, 2000])}px){{{rules}}}"
        if kind < 0.95:
            return f"@supports (color:red){{{rules}}}"
        return f"@media (min-width:10px){{@media (max-width:500px){{{rules}}}}}"

    def _rule(self) -> str:
        selectors = (
            self._random.choice(_STATES if self._random.random() < 0.12 else _SELECTORS)
            for _ in range(self._random.choice([1, 1, 1, 2, 3]))
        )
        return f"{', '.join(selectors)}{{{self._declarations()}}}"

    def _declarations(self) -> str:
        return ";".join(
            self._random.choice(_DECLARATIONS) + (" !important" * (self._random.random() < 0.12))
            for _ in range(self._random.randint(1, 3))
        )

    def _part(self, depth: int) -> str:
        kind, told = self._random.random(), self._attributes()
        if depth > 3 or kind < 0.3:
            return self._random.choice([
                f"<p{told}>x</p>",
                f"<span{told}>y</span>",
                f"<p{told}><span>z</span>q</p>",
                f'<a href="https://a.test/"{told}>l</a>',
                f"<b{told}><p>x</b>y</p>",
            ])  # fmt: skip
        inner = [self._part(depth + 1) for _ in range(self._random.randint(1, 3))]
        if kind < 0.5:
            cells = "".join(f"<td{self._attributes()}>{one}</td>" for one in inner)
            return f"<table{told}><tr>{cells}</tr></table>"
        return f"<div{told}>{''.join(inner)}</div>"

    def _attributes(self) -> str:
        told = ""
        if self._random.random() < 0.7:
            classes = self._random.sample("abc", self._random.randint(1, 2))
            told += f' class="{" ".join(classes)}"'
        if self._random.random() < 0.25:
            told += f' style="{self._declarations()}"'
        return told + (" title=x" if self._random.random() < 0.1 else "")
