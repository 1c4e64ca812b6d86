"""Charts as SVG that stands in a page: no script, no picture of fixed size.

Bars and lines are drawn in units of what they show, in an inner SVG that is stretched to the width
of the page; labels are outside it, placed by shares of the width, so that they have the size of the
page's text on a phone, too. Colours are the page's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import svg

_WHOLE = svg.Length(100, "%")
_STRETCHED = svg.PreserveAspectRatio("none")
_TOP, _BOTTOM = 12, 86  # per cent of the height: between them are the bars
_WORDS = 98  # the base line of the labels below


def bars(numbers: Mapping[date, int], title: str, description: str) -> str:
    """Return a bar for each date, in order, with the highest number as the scale.

    `numbers` has a number that is not 0; a program that reads aloud says title and description.
    """
    most = max(numbers.values())
    columns = [
        svg.Rect(
            x=position + 0.1,
            y=most - number,
            width=0.8,
            height=number,
            elements=[svg.Title(text=f"{at}: {number:,}")],
        )
        for position, (at, number) in enumerate(numbers.items())
    ]
    plot = svg.SVG(
        xmlns=None,
        viewBox=svg.ViewBoxSpec(0, 0, len(numbers), most),
        preserveAspectRatio=_STRETCHED,
        y=svg.Length(_TOP, "%"),
        width=_WHOLE,
        height=svg.Length(_BOTTOM - _TOP, "%"),
        elements=list(columns),
    )
    lines = [_line(at) for at in (_TOP, (_TOP + _BOTTOM) / 2, _BOTTOM)]
    return str(
        svg.SVG(
            xmlns=None,
            class_=["chart"],
            width=_WHOLE,
            extra={"role": "img"},
            elements=[
                svg.Title(text=title),
                svg.Desc(text=description),
                *lines,
                plot,
                _label(f"{most:,}", 0, _TOP - 3, "start"),
                *_dates(list(numbers)),
            ],
        )
    )


def interval(low: float, value: float, high: float, most: float) -> str:
    """Return a share with the ends of its interval, as a line on a scale from 0 to `most`.

    It is for the eye only: the numbers stand beside it.
    """
    strokes = [
        svg.Line(x1=0, x2=most, y1=1, y2=1, class_=["scale"]),
        svg.Line(x1=low, x2=high, y1=1, y2=1, class_=["interval"]),
        svg.Line(x1=value, x2=value, y1=0, y2=2, class_=["value"]),
    ]
    return str(
        svg.SVG(
            xmlns=None,
            class_=["share"],
            viewBox=svg.ViewBoxSpec(0, 0, most, 2),
            preserveAspectRatio=_STRETCHED,
            extra={"aria-hidden": "true"},
            elements=list(strokes),
        )
    )


def _dates(dates: list[date]) -> list[svg.Element]:
    """Label the first date, the last, and with five or more the one in the middle."""
    first, last = (
        _label(str(dates[0]), 0, _WORDS, "start"),
        _label(str(dates[-1]), 100, _WORDS, "end"),
    )
    if len(dates) < 5:
        return [first, last]
    middle = len(dates) // 2
    at = 100 * (middle + 0.5) / len(dates)
    return [first, _label(str(dates[middle]), at, _WORDS, "middle"), last]


def _label(text: str, x: float, y: float, anchor: Literal["start", "middle", "end"]) -> svg.Text:
    return svg.Text(
        x=svg.Length(round(x, 2), "%"), y=svg.Length(y, "%"), text_anchor=anchor, text=text
    )


def _line(y: float) -> svg.Line:
    at = svg.Length(y, "%")
    return svg.Line(x1=0, x2=_WHOLE, y1=at, y2=at, class_=["scale"])
