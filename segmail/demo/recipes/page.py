"""The page that shows what the recipes' customers got: each mail as it arrived, in a frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from html import escape
from zoneinfo import ZoneInfo

from segmail.demo.mails import WrittenMail
from segmail.demo.recipes.play import PlayedRecipes, UseCase
from segmail.demo.recipes.shop import address_of
from segmail.simulate.record import PlayedRow

# Frames run no script and load nothing: pictures of the invented shop stay blank.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--soft:#5b6475;--line:#d9dee7}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--paper:#14171d;--soft:#9aa4b5;--line:#313845}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;
max-width:52rem;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin:2rem 0 .2rem}p{color:var(--soft);margin:.2rem 0}
details,div.no{border-top:1px solid var(--line);padding:.35rem 0;overflow-wrap:anywhere}
summary{cursor:pointer}small{color:var(--soft)}div.no{color:var(--soft)}
iframe{width:100%;height:34rem;border:1px solid var(--line);border-radius:.4rem;background:#fff}
"""


def as_page(played: PlayedRecipes) -> Iterator[str]:
    """Yield a self-contained page: a section for each use case, with its customers and mails."""
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Sixteen recipes</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Sixteen recipes, 35 days</h1><p>{played.findings.sent:,} mails to invented "
        "customers of an invented shop.</p>\n"
    )
    mails: defaultdict[tuple[str, str], list[WrittenMail]] = defaultdict(list)
    for mail in played.mails:
        mails[mail.recipient, mail.subject].append(mail)
    zone = ZoneInfo(played.findings.zone)
    for case in played.cases:
        yield from _case(case, played, mails, zone)
    yield "</body></html>\n"


def _case(
    case: UseCase,
    played: PlayedRecipes,
    mails: defaultdict[tuple[str, str], list[WrittenMail]],
    zone: ZoneInfo,
) -> Iterator[str]:
    yield f"<h2>{escape(case.segment)} <small>{escape(case.recipe)}</small></h2>\n"
    names = {address_of(role): role.name for role in case.cast}
    yield from (f"<p>{escape(f'{role.name} {role.told}.')}</p>\n" for role in case.cast)
    for row in played.rows:
        if row.segment == case.segment and row.email in names:
            yield _row(row, names[row.email], mails, zone)


def _row(
    row: PlayedRow,
    name: str,
    mails: defaultdict[tuple[str, str], list[WrittenMail]],
    zone: ZoneInfo,
) -> str:
    head = f"<small>{row.at.astimezone(zone):%a %d %b %H:%M}</small> {escape(name)}: "
    if not row.is_sent:
        return f'<div class="no">{head}{escape(f"{row.outcome}, {row.reason}")}</div>\n'
    found = next((it for key, it in mails.items() if key[1] == row.subject and it
                  and (row.email or "") in key[0]), [])  # fmt: skip
    told = f"{head}{escape(row.subject or '')}"
    if not found:
        return f"<details><summary>{told}</summary></details>\n"
    frame = f'<iframe sandbox loading="lazy" srcdoc="{escape(found.pop(0).body)}"></iframe>'
    return f"<details><summary>{told}</summary>{frame}</details>\n"
