"""A simulation as one self-contained page: the volume of each day, and timelines of customers.

Charts are SVG inside the page with positions in percent: they fit a phone and a desktop, need no
script, no network and no library, and take their colours from the page, light or dark.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from html import escape
from zoneinfo import ZoneInfo

from segmail.simulate.findings import ENDS, DayFound, Findings, SegmentFound
from segmail.simulate.record import PlayedRow
from segmail.simulate.simulate import Simulation

_CUSTOMERS = 200  # customers with timelines: those with most mails
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--soft:#5b6475;--line:#d9dee7;
--sent:#2f6fde;--skipped:#b9770a;--failed:#c43636}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--paper:#14171d;--soft:#9aa4b5;--line:#313845;
--sent:#6ea0ff;--skipped:#e0a84a;--failed:#ff7b7b}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;
max-width:64rem;padding:1rem}
h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:1.2rem 0 .2rem}p,li{color:var(--soft);margin:.2rem 0}
ul{padding-left:1.2rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.8rem;margin:1rem 0}
dl div{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child,td.words{text-align:left;white-space:normal;min-width:8rem}
svg{display:block;width:100%;overflow:visible}
.sent{fill:var(--sent)}.skipped{fill:var(--skipped)}.failed{fill:var(--failed)}.other{fill:var(--soft)}
line{stroke:var(--line)}text{fill:var(--soft);font-size:12px}
.key span{display:inline-block;margin-right:1rem}.key svg{display:inline;width:.8rem;height:.8rem;
vertical-align:-1px}
details{border-bottom:1px solid var(--line);padding:.3rem 0}summary{cursor:pointer;
overflow-wrap:anywhere}summary small{color:var(--soft)}
@media print{body{max-width:none;padding:0}}
"""


def as_html(simulation: Simulation) -> Iterator[str]:
    """Yield the page; everything that merchants and customers named is escaped."""
    found = simulation.found
    zone = ZoneInfo(found.zone)
    since, until = (f"{it.astimezone(zone):%Y-%m-%d %H:%M}" for it in (found.start, found.until))
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>Simulation of e-mail automation</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>\n<h1>Simulation</h1>"
        f"<p>From {since} to {until} ({escape(found.zone)}). Nothing was sent.</p>"
    )
    yield from (f"<p>{escape(note)}</p>" for note in found.notes)
    yield _figures(found)
    yield from _first_run(found)
    yield from _volume(found)
    yield from _segments(found)
    yield from _to_look_at(found)
    yield from _customers(simulation, zone)
    yield "</body></html>\n"


def _figures(found: Findings) -> str:
    figures = {
        "Customers": f"{found.customers:,} of {found.of_customers:,}",
        "Mails": f"{found.sent:,}",
        "First run enrols": f"{found.first_run.enrolled:,}",
        "Mails in its first hour": f"{found.first_run.sent_within_hour:,}",
        "Two within an hour": f"{found.collisions.within_hour:,}",
        "Most on one day": f"{found.collisions.most_a_day:,}",
        "Coupons made": f"{sum(one.made for one in found.coupons):,}",
    }
    cells = (f"<div><dt>{name}</dt><dd>{number}</dd></div>" for name, number in figures.items())
    return f"<dl>{''.join(cells)}</dl>\n"


def _first_run(found: Findings) -> Iterator[str]:
    first = found.first_run
    yield (
        f"<p>The first run: {first.entered:,} enter, {first.enrolled:,} are enrolled, "
        f"{first.left:,} leave, {first.stopped:,} steps stop.</p>\n"
    )
    yield from (f"<p>{escape(one)}</p>" for one in first.waits)


def _volume(found: Findings) -> Iterator[str]:
    totals: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for one in found.days:
        totals[one.day].update({end: getattr(one, end) for end in ENDS})
    yield "<h2>Volume by day</h2>\n" + _key(ENDS)
    yield _bars(found, totals, height=180, scale=True)


def _key(names: Iterable[str]) -> str:
    marks = (
        f'<span><svg viewBox="0 0 10 10"><rect class="{name}" width="10" height="10"/></svg> '
        f"{name}</span>"
        for name in names
    )
    return f'<p class="key">{"".join(marks)}</p>\n'


def _bars(found: Findings, totals: Mapping[int, Counter[str]], *, height: int, scale: bool) -> str:
    """Return a bar for each day, showing what was sent, skipped and failed."""
    days, last = _last_day(found), found.days
    first = last[0].date - timedelta(days=last[0].day - 1) if last else found.start.date()
    most = max((sum(one.values()) for one in totals.values()), default=0) or 1
    width = 100 / days
    parts = [f'<svg height="{height + 20 * scale}" role="img">']
    for day in range(1, days + 1):
        counts, top = totals.get(day, Counter()), float(height)
        date = first + timedelta(days=day - 1)
        told = ", ".join(f"{counts[end]:,} {end}" for end in ENDS if counts[end]) or "nothing"
        left = (day - 1) * width
        parts.append(f"<g><title>Day {day}, {date:%a %d %b}: {told}</title>")
        for end in ENDS:
            if counts[end]:
                size = max(1.0, counts[end] / most * (height - 14))
                top -= size
                parts.append(
                    f'<rect class="{end}" x="{left + width * 0.1:.2f}%" y="{top:.1f}" '
                    f'width="{width * 0.8:.2f}%" height="{size:.1f}"/>'
                )
        parts.append("</g>")
        if scale and (day - 1) % 7 == 0 and day + 2 <= days:
            label = f"{date:%d %b}"
            parts.append(f'<text x="{left:.2f}%" y="{height + 15}">{label}</text>')
    parts.append(f'<line x1="0" x2="100%" y1="{height}" y2="{height}"/>')
    if scale:
        parts.append(f'<text x="0" y="11">{most:,}</text>')
    return "".join([*parts, "</svg>\n"])


def _last_day(found: Findings) -> int:
    zone = ZoneInfo(found.zone)
    return (found.until.astimezone(zone).date() - found.start.astimezone(zone).date()).days + 1


def _segments(found: Findings) -> Iterator[str]:
    yield "<h2>Segments</h2>\n"
    by_segment: defaultdict[int, list[DayFound]] = defaultdict(list)
    for one in found.days:
        by_segment[one.segment_id].append(one)
    for segment in found.segments:
        yield f"<h3>{escape(segment.segment)}</h3>"
        yield (
            f"<p>{segment.entered:,} entered, {segment.left:,} left, "
            f"{segment.enrolled:,} enrolled, {segment.members:,} members at the end</p>"
        )
        if segment.fault:
            yield f"<p>Not refreshed: {escape(segment.fault)}</p>"
        if segment.sent:
            totals = {
                it.day: Counter({end: getattr(it, end) for end in ENDS})
                for it in by_segment[segment.segment_id]
            }
            yield _bars(found, totals, height=48, scale=False)
        yield from _steps(segment)


def _steps(segment: SegmentFound) -> Iterator[str]:
    if segment.steps:
        heads = ("Step", "After", "Sent", "Skipped", "Failed", "Waiting", "Coupons")
        rows = [
            (
                f"{step.step.removeprefix(f'{segment.segment}:')} {step.template}",
                step.delay,
                *(
                    f"{number:,}"
                    for number in (
                        step.sent, step.skipped, step.failed, step.waiting, step.coupons,
                    )
                ),
            )
            for step in segment.steps
        ]  # fmt: skip
        yield _table(heads, rows)
    told = [f"not enrolled: {n:,} {reason}" for reason, n in segment.not_enrolled.items()]
    told += [
        f"{step.step.removeprefix(f'{segment.segment}:')}: {number:,} {reason}"
        for step in segment.steps
        for reason, number in step.reasons.items()
    ]
    yield _list(told)


def _to_look_at(found: Findings) -> Iterator[str]:
    collisions = found.collisions
    yield "<h2>To look at</h2>\n"
    yield (
        f"<p>Two mails to one customer within an hour: {collisions.within_hour:,}; within a day: "
        f"{collisions.within_day:,}, for {collisions.customers:,} customers.</p>"
    )
    yield _list(
        f"{one.email or one.customer_id}: {one.step}, {one.minutes_after} min after {one.before}"
        for one in collisions.examples
    )
    unreached = [step for one in found.segments for step in one.steps if step.unreached]
    for title, lines in (
        ("Postponed or tried again", [f"{n:,} {it}" for it, n in found.postponed.items()]),
        ("Coupons made", [f"{one.made:,} {one.rule}" for one in found.coupons]),
        ("Steps that were sent to nobody", [f"{one.step}: {one.unreached}" for one in unreached]),
        ("What the copy compares differently from the shop", found.differences),
    ):
        if lines:
            yield f"<h3>{title}</h3>{_list(lines)}"


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>\n" if items else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>\n"
    )


def _customers(simulation: Simulation, zone: ZoneInfo) -> Iterator[str]:
    shown, total = _whom(simulation)
    yield f"<h2>Customers</h2>\n<p>{len(shown):,} of {total:,} who are concerned, those with "
    yield "most mails first. A point is a mail, or why there was none.</p>" + _key(ENDS)
    rows: defaultdict[int, list[PlayedRow]] = defaultdict(list)
    chosen = set(shown)
    for row in simulation.rows():
        if row.customer_id in chosen:
            rows[row.customer_id].append(row)
    found = simulation.found
    span = (found.until - found.start).total_seconds()
    for customer_id in shown:
        yield _timeline(customer_id, rows[customer_id], zone, found, span)


def _whom(simulation: Simulation) -> tuple[list[int], int]:
    """Return the customers whose timelines are shown, and the number of all."""
    if simulation.chosen:
        return list(dict.fromkeys(simulation.chosen)), len(set(simulation.chosen))
    counts: Counter[int] = Counter()
    for row in simulation.rows():
        counts[row.customer_id] += 100 if row.is_sent else 1
    return [id for id, _ in counts.most_common(_CUSTOMERS)], len(counts)


def _timeline(
    customer_id: int, rows: Sequence[PlayedRow], zone: ZoneInfo, found: Findings, span: float
) -> str:
    sent = sum(row.is_sent for row in rows)
    name = next((row.email for row in rows if row.email), None) or f"customer {customer_id}"
    marks, lines = [], []
    for row in rows:
        at = f"{row.at.astimezone(zone):%a %d %b %H:%M}"
        kind = row.outcome if row.outcome in ENDS else "other"
        told = row.subject if row.is_sent else f"{row.outcome}: {row.reason or ''}"
        line = escape(f"Day {row.day}, {at}: {row.step}, {told}")
        place = 1 + 98 * (row.at - found.start).total_seconds() / span
        marks.append(
            f'<circle class="{kind}" cx="{place:.2f}%" cy="10" r="{5 if row.is_sent else 3}">'
            f"<title>{line}</title></circle>"
        )
        lines.append(f"<li>{line}</li>")
    return (
        f"<details><summary>{escape(name)} <small>{sent:,} mails</small>"
        f'<svg height="20" role="img"><line x1="0" x2="100%" y1="10" y2="10"/>{"".join(marks)}'
        f"</svg></summary><ul>{''.join(lines)}</ul></details>\n"
    )
