"""Draws mails a second as bars: reads the groups as JSON, writes the SVG file that is named.

Run by a Python with matplotlib: `python chart.py FILE < groups.json`.
"""

from __future__ import annotations

import json
import sys

import matplotlib as mpl
from matplotlib import pyplot

_OURS, _OTHERS = "#2f6fab", "#a9b4c0"


def main() -> None:
    groups: dict[str, dict[str, float]] = json.load(sys.stdin)
    mpl.rcParams.update({"svg.hashsalt": "segmail", "font.size": 9, "axes.spines.top": False})
    heights = [len(rates) for rates in groups.values()]
    figure, axes = pyplot.subplots(
        len(groups),
        figsize=(7, 0.7 * len(groups) + 0.3 * sum(heights)),
        gridspec_kw={"height_ratios": heights},
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (group, rates) in zip(axes[:, 0], groups.items(), strict=True):
        colours = [_OURS if name == "segmail now" else _OTHERS for name in rates]
        bars = axis.barh(list(rates), list(rates.values()), color=colours)
        axis.bar_label(bars, fmt="%.0f", padding=3)
        axis.invert_yaxis()
        axis.set_title(group, loc="left", fontsize=9, fontweight="bold")
        axis.spines["right"].set_visible(False)
    axes[-1, 0].set_xlabel("mails a second")
    figure.savefig(sys.argv[1], format="svg", metadata={"Date": None})


main()
