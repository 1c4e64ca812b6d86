"""A report as one self-contained page: counts and sums only, nothing about single customers.

The bars are drawn by CSS widths, so that the page needs no library, no script and no network; it is
readable on a phone, in dark mode and on paper. Libraries that draw SVG in Python were tried: pygal
puts a script and 30 KB into each chart, leather writes labels of fixed pixels, which a phone
shrinks to half their size; neither supports dark mode. A day's bar beside its number in a table
reads well everywhere, also aloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from html import escape

from segmail.report.activity import Activity
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
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:1rem;margin:1rem 0}
dl div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.35rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
th{white-space:normal;vertical-align:bottom}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:9rem}
.bar{display:block;height:1.1rem;background:var(--bar);min-width:1px;border-radius:.15rem;
print-color-adjust:exact}
td.wide{width:60%}
.steps th,.steps td{padding:.35rem .4rem;font-size:.9rem}.steps td.fold{white-space:normal}
@media screen and (max-width:40rem){.steps thead{display:none}
.steps tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}
.steps td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.1rem 0}
.steps td:first-child{font-weight:600}.steps td:empty{display:none}
.steps td:not(:first-child)::before{content:attr(data-label);color:var(--soft)}}
@media print{:root{color-scheme:light;--ink:#1d2330;--paper:#fff;--soft:#5b6475;--line:#d9dee7;
--bar:#2f6fde}html{font-size:11px}body{max-width:none;padding:1px;font-size:1rem}.scroll{overflow:visible}
th,td{padding:.2rem .3rem}h2{break-after:avoid}tr{break-inside:avoid}}
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
    numbers = {one.day: sum(one.sent.values()) for one in activity.days}
    if len(numbers) < 2:
        return
    last = (activity.window.until - timedelta(seconds=1)).date()
    span = (last - min(numbers)).days + 1
    if span <= _MOST_DAYS:  # a day without a mail is seen, too
        first = min(numbers)
        numbers = {day: numbers.get(day, 0) for day in (first + timedelta(n) for n in range(span))}
    most = max(numbers.values())
    yield '<h2>Sent by day</h2><div class="scroll"><table><tbody>'
    for day, number in numbers.items():
        width = 100 * number / most
        bar = f'<span class="bar" style="width:{width:.1f}%"></span>' if number else ""
        yield f'<tr><td>{day}</td><td class="wide">{bar}</td><td>{number:,}</td></tr>'
    yield "</tbody></table></div>"


def _steps(activity: Activity) -> Iterator[str]:
    revenue = activity.revenue
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
                f"{segment.segment.name}:{number}",
                *(f"{n:,}" for n in (counts.sent, counts.failed, counts.skipped, counts.scheduled)),
            ]
            if revenue is not None:
                income = revenue.by_step.get(step.step.sequence_id, Income())
                left = revenue.unsubscribed.get(step.step.sequence_id, 0)
                cells += [f"{income.orders:,}", _conversion(income.orders, counts.sent)]
                cells += [money_text(income.sums), f"{left:,}"]
            yield "<tr>" + "".join(map(_step_cell, headings, cells)) + "</tr>"
    yield "</tbody></table></div>"


def _step_cell(heading: str, cell: str) -> str:
    """Return a cell with its own label, for phones, which show no headings."""
    fold = ' class="fold"' if "%" in heading else ""
    return f'<td data-label="{heading}"{fold}>{escape(cell)}</td>'


def _conversion(orders: int, sent: int) -> str:
    if not sent:
        return ""
    low, high = wilson(orders, sent)
    return f"{orders / sent:.1%} ({low:.1%}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high:.1%})"


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
