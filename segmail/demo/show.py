"""Tells the demo's story in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from segmail.delivery.rows.outcome import Status
from segmail.demo.between_jobs import CLOSES_ACCOUNT, UNSUBSCRIBES
from segmail.demo.mails import WrittenMail
from segmail.demo.outcomes import OutcomeLine, outcome_lines
from segmail.demo.people import PEOPLE, SUBSCRIBED
from segmail.demo.recipes.cast import DAYS, START
from segmail.demo.recipes.play import PlayedRecipes
from segmail.demo.run_jobs import Story
from segmail.demo.seed import MERCHANTS_CODES, STORES, StoreSeed
from segmail.report import log_line
from segmail.terminal import styled

_WIDEST = 100

_STYLES = {"sent": "green", "skipped": "yellow", "failed": "red", "held": "blue", "not due": "dim"}


def show(story: Story, *, program: str) -> None:
    """Print the story; `program` is what a person types to run segmail."""
    console = Console(file=styled(sys.stdout), highlight=False, emoji=False)
    console.width = min(console.width, _WIDEST)
    console.print(
        _shop(story), _refreshing(story), _sending(story), _other_jobs(story), _sequences(story)
    )
    if story.preview:
        console.print(_preview(story.preview))
    console.print(_where(story))
    # Lines that people copy are left to the terminal to wrap.
    console.print(_next(story, program), soft_wrap=True)


def show_recipes(played: PlayedRecipes) -> None:
    """Print what happened in each use case, and where its mails are."""
    console = Console(file=styled(sys.stdout), highlight=False, emoji=False)
    console.width = min(console.width, _WIDEST)
    numbers = ("Enrolled", "Mails", "Coupons", "Stopped")
    table = _table("Recipe", *numbers, "Who, for example", numbers=numbers)
    found = {one.segment: one for one in played.findings.segments}
    for case in played.cases:
        one = found[case.segment]
        coupons, stopped = (
            sum(getattr(step, name) for step in one.steps) for name in ("coupons", "skipped")
        )
        numbers_of = (one.enrolled, one.sent, coupons, stopped)
        who = "; ".join(f"{role.name} {role.told}" for role in case.cast)
        table.add_row(case.recipe, *(str(n or "") for n in numbers_of), Text(who))
    counts = played.report.counts
    told = (
        f"All {len(played.cases)} recipes in a shop of their own, {DAYS} days from "
        f"{START:%Y-%m-%d} on: {counts.sent} mails sent, {counts.skipped} steps stopped, "
        f"{counts.scheduled} still to come."
    )
    places = _pairs(
        ("Mails", f"{played.folder / 'mails'} ({len(played.mails)} .eml files)"),
        ("To look at", f"{played.page.as_uri()} (for a browser)"),
    )
    console.print(_section(f"Sixteen recipes, {DAYS} days", told, table, places))


def _section(title: str, *parts: RenderableType) -> RenderableType:
    rule = Rule(Text(title, "bold"), align="left", style="cyan")
    return Group(rule, *(Padding(part, (1, 1, 0, 1)) for part in parts), "")


def _table(first: str, *others: str, numbers: Collection[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def _shop(story: Story) -> RenderableType:
    numbers = ("Customers", "Subscribed")
    table = _table("Store", "Locale", "Money", "Its clock", *numbers, numbers=numbers)
    for store in STORES:
        table.add_row(*_store(store, story))
    about = (
        f"An invented shop in SQLite with {len(PEOPLE)} customers. Its clock says "
        f"{story.now:%Y-%m-%d %H:%M} UTC, and no mail was sent for an hour."
    )
    return _section("The shop", about, table)


def _store(store: StoreSeed, story: Story) -> Iterator[str]:
    people = [person for person in PEOPLE if person.store == store]
    local = story.now.astimezone(ZoneInfo(store.timezone))
    yield from (store.name, store.locale, store.currency, f"{local:%H:%M} {store.timezone}")
    yield str(len(people))
    yield str(sum(person.status is SUBSCRIBED for person in people))


def _refreshing(story: Story) -> RenderableType:
    numbers = ("Members", "Entered", "Left", "Enrolled", "Stopped")
    table = _table("Segment", *numbers, "Why not enrolled", numbers=numbers)
    for one in story.refreshed:
        counts = (one.members, one.entered, one.left, one.enrolled, one.stopped)
        table.add_row(one.segment, *(str(n or "") for n in counts), Text(one.told_reasons()))
    entered = sum(one.entered for one in story.refreshed)
    told = (
        f"{entered} customers entered a segment, {sum(one.left for one in story.refreshed)} left "
        f"one. Before that, {story.swept.unsubscribed} steps of customers who are not subscribed "
        "were skipped."
    )
    return _section("segmail refresh-segments", told, table)


def _sending(story: Story) -> RenderableType:
    table = _table("Outcome", "Rows", "What, or why", "Customers", numbers=("Rows",))
    for line in outcome_lines(story):
        table.add_row(*_cells(line))
    return _section("segmail process-emails", _told(story), table)


def _told(story: Story) -> Text:
    counts = story.summary.counts
    text = Text(f"{counts.total()} steps were due: ")
    for status in (Status.SENT, Status.SKIPPED, Status.FAILED):
        text.append(f"{counts[status]} {status}", _STYLES[status])
        text.append(", ")
    text.append(f"in {story.summary.seconds:.2f} s. ")
    if story.left_meanwhile:
        text.append(f"Since the refresh, {UNSUBSCRIBES} unsubscribed and {CLOSES_ACCOUNT} ")
        text.append("closed the account. ")
    if counts[Status.FAILED]:
        text.append("The failures are on purpose; cron would get exit code 1.")
    return text


def _cells(line: OutcomeLine) -> Iterator[Text]:
    yield Text(line.outcome, _STYLES.get(line.outcome, ""))
    yield Text(str(line.count))
    yield Text(line.what)
    yield Text(line.whom, "dim")


def _other_jobs(story: Story) -> RenderableType:
    table = _table("Job", "What it did")
    for job, told in _jobs(story):
        table.add_row(job, Text(told))
    return _section("The other jobs", table)


def _jobs(story: Story) -> Iterator[tuple[str, str]]:
    progress, coupons, again = story.progress, story.coupons, story.second_run.counts.total()
    yield (
        "process-emails, again",
        f"{again} more steps" if again else "nothing is due any more: no mail goes out twice",
    )
    yield (
        "cleanup-progress",
        f"{progress.deleted} records deleted that ended more than {progress.days} days ago, "
        f"{progress.left} are left",
    )
    yield (
        "cleanup-coupons",
        f"{coupons.deleted} coupons deleted that expired unused more than {coupons.days} days ago, "
        f"{coupons.left} are left; {len(MERCHANTS_CODES)} of them expired too, but are the "
        "merchant's own",
    )
    yield "report", log_line(story.report)


def _sequences(story: Story) -> RenderableType:
    numbers = ("Sent", "Skipped", "Failed", "Scheduled")
    table = _table("Segment", "Step", "After", *numbers, numbers=numbers)
    segment = ""
    for step in story.steps:
        name, segment = "" if step.segment == segment else step.segment, step.segment
        counts = [str(step.progress[number.lower()] or "") for number in numbers]
        table.add_row(name, f"{step.trigger} {step.step_number}", step.delay, *counts)
    return _section("The sequences now", table)


def _preview(mail: WrittenMail) -> RenderableType:
    head = _pairs(
        ("From", mail.sender),
        ("To", mail.recipient),
        ("Subject", mail.subject),
        ("Unsubscribe", mail.unsubscribe),
    )
    body = Group(head, Rule(style="dim"), Text(mail.text))
    return _section("One of the mails", Panel(body, border_style="dim"))


def _where(story: Story) -> RenderableType:
    stage = story.stage
    places = _pairs(
        ("Mails", f"{stage.mails} ({len(story.mails)} .eml files)"),
        ("That mail", f"{stage.preview.as_uri()} (for a browser)"),
        ("Log", str(stage.log)),
        ("Database", str(stage.shop)),
    )
    return _section("Where to look", places)


def _next(story: Story, program: str) -> Text:
    again = f"   {program} --config {_short(story.stage.config)}"
    tomorrow = f"{story.now + timedelta(days=1):%Y-%m-%d %H:%M}"
    return Text(
        f" Go on with this shop, for example:\n\n{again} segment list\n"
        f"{again} --now '{tomorrow}' process-emails --dry-run\n"
    )


def _pairs(*pairs: tuple[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in pairs:
        grid.add_row(Text(name, "dim"), Text(value, overflow="fold"))
    return grid


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
