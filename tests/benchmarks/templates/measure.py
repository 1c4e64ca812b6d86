"""How often each way of rendering works in a second of CPU time, the ways taking turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import cycle
from statistics import median

from segmail.templates import Kind, compile_template, inline_styles
from segmail.templates.compiler import compile_body
from tests.benchmarks.templates.newsletter import (
    SITE,
    STYLES,
    newsletter,
    plain_template,
    recipients,
)

ONCE = "segmail, compiled once"
EACH = "segmail, compiled for each mail"
PLAIN = "Jinja2's sandbox, compiled once"
PLAIN_EACH = "Jinja2's sandbox, compiled for each mail"
STYLED = "segmail with styles, inlined once"
STYLED_EACH = "segmail with styles, inlined for each mail"


def ways() -> Mapping[str, Callable[[], object]]:
    """Return each way by name; a call renders the next customer's mail."""
    source = newsletter()
    once = compile_template(source, kind=Kind.HTML)
    styled = compile_template(source, kind=Kind.HTML, styles=STYLES)
    plain = plain_template()
    given = cycle(recipients(100))

    def each() -> str:
        compile_body.cache_clear()
        return compile_template(source, kind=Kind.HTML).render(next(given).directives, SITE)

    return {
        ONCE: lambda: once.render(next(given).directives, SITE),
        EACH: each,
        PLAIN: lambda: plain.render(next(given).plain),
        PLAIN_EACH: lambda: plain_template().render(next(given).plain),
        STYLED: lambda: styled.render(next(given).directives, SITE),
        STYLED_EACH: lambda: inline_styles(once.render(next(given).directives, SITE), STYLES),
    }


def measure(rounds: int, seconds: float) -> list[Mapping[str, float]]:
    """Return the renders of each way in a second of CPU time, for each round."""
    every = ways()
    for way in every.values():
        way()
        way()
    return [{name: _rate(way, seconds) for name, way in every.items()} for _ in range(rounds)]


def ratio(rounds: list[Mapping[str, float]], name: str, to: str) -> float:
    """Return how much faster one way is than another, in the median round."""
    return median(each[name] / each[to] for each in rounds)


def _rate(way: Callable[[], object], seconds: float) -> float:
    count, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        way()
        count += 1
    return count / spent
