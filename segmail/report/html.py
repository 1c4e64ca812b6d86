"""A report as one self-contained page: counts and sums only, nothing about single customers.

Its charts are drawn by svg.py as part of the page, so that it needs no script and no network, and
is readable on a phone, in dark mode and on paper. (Of the libraries that draw whole charts, pygal
puts a script and 30 KB into each, leather writes labels of fixed pixels, which a phone shrinks to
half their size; neither supports dark mode.)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from html import escape

from segmail.report.activity import Activity
from segmail.report.charts import bars, interval
from segmail.report.intervals import wilson
from segmail.report.lift import NOT_ENOUGH
from segmail.report.lift_words import COLUMNS, compared, groups
from segmail.report.revenue import Income, money_text

_MOST_DAYS = 120
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--soft:#5b6475;--line:#d9dee7;
--bar:#2f6fde}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--paper:#14171d;--soft:#9aa4b5;--line:#313845;
--bar:#6ea0ff}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;
max-width:64rem;padding:1rem}
h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{color:var(--soft);margin:.2rem 0}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1rem;margin:1rem 0}
dl div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.1rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.35rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
th{white-space:normal;vertical-align:bottom}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:9rem}
svg{display:block;fill:var(--bar);print-color-adjust:exact}
.chart{height:13rem;margin-bottom:.5rem}.chart text{fill:var(--soft);font-size:.85rem;
font-variant-numeric:tabular-nums}
.scale{stroke:var(--line)}.share{width:100%;min-width:6rem;max-width:14rem;height:.9rem;
margin-left:auto}.share line{vector-effect:non-scaling-stroke}
.interval{stroke:var(--bar);stroke-width:3}.value{stroke:var(--ink);stroke-width:2}
summary{color:var(--soft);cursor:pointer}
.numbers{list-style:none;margin:.5rem 0;padding:0;columns:11rem;column-gap:2rem;
font-variant-numeric:tabular-nums}.numbers li{display:flex;justify-content:space-between}
.steps th,.steps td{padding:.35rem .4rem;font-size:.9rem}.steps td.fold{white-space:normal}
@media screen and (max-width:40rem){.steps thead{display:none}
.steps tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}
.steps td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.1rem 0}
.steps td:first-child{font-weight:600}.steps td:empty{display:none}
.steps td:not(:first-child)::before{content:attr(data-label);color:var(--soft)}}
@media print{:root{color-scheme:light;--ink:#1d2330;--paper:#fff;--soft:#5b6475;--line:#d9dee7;
--bar:#2f6fde}html{font-size:11px}body{max-width:none;padding:1px;font-size:1rem}.scroll{overflow:visible}
th,td{padding:.2rem .3rem}h2{break-after:avoid}tr,.chart{break-inside:avoid}
details::details-content{display:block;content-visibility:visible}summary{display:none}}
"""


def as_html(activity: Activity) -> str:
    """Return the page; every name that a merchant chose is escaped."""
    since, until = (f"{t:%Y-%m-%d %H:%M}" for t in (activity.window.since, activity.window.until))
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>E-mail automation</title>',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>E-mail automation</h1><p>From {since} to {until} UTC</p>",
        *_figures(activity),
        *_days(activity),
        *_steps(activity),
        *_lift(activity),
        *_reasons(activity),
        "</body></html>",
        "",
    ]
    return "\n".join(parts)


def _figures(activity: Activity) -> Iterator[str]:
    counts, coupons, revenue = activity.counts, activity.coupons, activity.revenue
    figures = {
        "Sent": f"{counts.sent:,}",
        "Failed": f"{counts.failed:,}",
        "Skipped": f"{counts.skipped:,}",
        "Scheduled": f"{counts.scheduled:,}",
        "Coupons made": f"{coupons.generated:,}",
        "Coupons used": f"{coupons.used:,}",
    }
    if revenue is not None:
        figures["Revenue by coupon"] = money_text(revenue.by_coupon.sums)
        within = f"Revenue by last mail, {revenue.within_days} days"
        figures[within] = money_text(revenue.by_mail.sums)
        figures["Unsubscribed"] = f"{sum(revenue.unsubscribed.values()):,}"
    yield "<dl>"
    for name, value in figures.items():
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"


def _days(activity: Activity) -> Iterator[str]:
    """Yield the chart of what was sent on each day, or in each week of a long window."""
    numbers = {one.day: sum(one.sent.values()) for one in activity.days}
    if len(numbers) < 2:
        return
    first, last = min(numbers), _last_day(activity)
    each = timedelta(days=1)
    if (last - first).days >= _MOST_DAYS:
        first, each = first - timedelta(days=first.weekday()), timedelta(days=7)
    shown = {first + n * each: 0 for n in range((last - first) // each + 1)}
    for day, number in numbers.items():  # a day without a mail is seen, too
        shown[first + (day - first) // each * each] += number
    unit = "day" if each.days == 1 else "week"
    most = max(shown, key=lambda at: shown[at])
    told = (
        f"From {first} to {max(shown)}; most {shown[most]:,} ({unit} {most}), "
        f"least {min(shown.values()):,}."
    )
    yield f"<h2>Sent by {unit} ({escape(str(activity.zone))})</h2>"
    yield bars(shown, f"Mails sent by {unit}", told)
    yield '<details><summary>The numbers</summary><ul class="numbers">'
    for at, number in shown.items():
        yield f"<li>{at} <b>{number:,}</b></li>"
    yield "</ul></details>"


def _last_day(activity: Activity) -> date:
    last = activity.window.until - timedelta(seconds=1)
    return last.astimezone(activity.zone).date()


def _steps(activity: Activity) -> Iterator[str]:
    revenue = activity.revenue
    most = _highest_conversion(activity)
    headings = ["Step", "Sent", "Failed", "Skipped", "Scheduled"]
    if revenue is not None:
        headings += ["Orders", "Conversion (95\N{NO-BREAK SPACE}%)", "Revenue", "Unsubscribed"]
    yield '<h2>Steps</h2><div class="scroll"><table class="steps"><thead><tr>'
    yield "".join(f"<th>{heading}</th>" for heading in headings) + "</tr></thead><tbody>"
    for segment in activity.segments:
        for step in segment.steps:
            number = f"{step.step.trigger.value}:{step.step.step_number}"
            counts = step.counts
            cells = [
                escape(f"{segment.segment.name}:{number}"),
                *(f"{n:,}" for n in (counts.sent, counts.failed, counts.skipped, counts.scheduled)),
            ]
            if revenue is not None:
                income = revenue.by_step.get(step.step.sequence_id, Income())
                left = revenue.unsubscribed.get(step.step.sequence_id, 0)
                cells += [f"{income.orders:,}", _conversion(income.orders, counts.sent, most)]
                cells += [_unbroken(escape(money_text(income.sums))), f"{left:,}"]
            yield "<tr>" + "".join(map(_step_cell, headings, cells)) + "</tr>"
    yield "</tbody></table></div>"
    if most:
        yield f"<p>The lines show the intervals, on a scale from 0 to {most:.1%}.</p>"


def _step_cell(heading: str, cell: str) -> str:
    """Return a cell with its own label, for phones, which show no headings."""
    fold = ' class="fold"' if "%" in heading or heading == "Revenue" else ""
    return f'<td data-label="{heading}"{fold}>{cell}</td>'


def _unbroken(sums: str) -> str:
    """Keep each amount beside its currency; lines are broken between two of them."""
    return sums.replace(" ", "\N{NO-BREAK SPACE}").replace("+\N{NO-BREAK SPACE}", "+ ")


def _conversion(orders: int, sent: int, most: float) -> str:
    """Return a step's conversion in words, and drawn on a scale from 0 to `most`."""
    if not sent:
        return ""
    low, high = wilson(orders, sent)
    words = f"{orders / sent:.1%} ({low:.1%}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high:.1%})"
    return f"<div>{words}{interval(low, min(orders / sent, most), high, most)}</div>"


def _highest_conversion(activity: Activity) -> float:
    """Return the highest end of a step's interval: the scale of all."""
    if activity.revenue is None:
        return 0
    by_step = activity.revenue.by_step
    return max(
        (
            wilson(by_step.get(one.step.sequence_id, Income()).orders, one.counts.sent)[1]
            for segment in activity.segments
            for one in segment.steps
            if one.counts.sent
        ),
        default=0,
    )


def _lift(activity: Activity) -> Iterator[str]:
    names = {one.segment.segment_id: one.segment.name for one in activity.segments}
    for lift in activity.lift:
        name = escape(f"{names[lift.segment_id]}: what the mails add ({lift.trigger})")
        yield f"<h2>{name}</h2><p>{escape(groups(lift))}, within {lift.within_days} days.</p>"
        if not lift.is_enough:
            yield f"<p>{NOT_ENOUGH[0].upper()}{NOT_ENOUGH[1:]}.</p>"
            continue
        yield '<div class="scroll"><table><thead><tr>'
        yield "".join(f"<th>{name}</th>" for name in COLUMNS) + "</tr></thead><tbody>"
        for cells in compared(lift):
            yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        yield "</tbody></table></div>"


def _reasons(activity: Activity) -> Iterator[str]:
    if not activity.ended:
        return
    yield '<h2>Ended without a mail</h2><div class="scroll"><table><tbody>'
    for one in activity.ended:
        yield f"<tr><td>{escape(f'{one.status}: {one.reason}')}</td><td>{one.rows:,}</td></tr>"
    yield "</tbody></table></div>"
