"""`segmail simulate`: what would happen in the next days, played on a temporary copy."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from segmail.app import App
from segmail.campaigns.apply import ReadFile
from segmail.commands.options import AS_JSON
from segmail.commands.signals import stopped_by
from segmail.commands.write_file import write_file
from segmail.output import progress_bar
from segmail.simulate.as_json import as_json as json_chunks
from segmail.simulate.page import as_html
from segmail.simulate.rhythm import Rhythm
from segmail.simulate.simulate import USUAL_SAMPLE, Question, Simulation, Watching, simulated
from segmail.simulate.text import as_text

_FORMATS: dict[str, Callable[[Simulation], Iterator[str]]] = {
    "text": as_text,
    "json": json_chunks,
    "html": as_html,
}
_PRIVATE = 0o600  # it names customers


@click.command()
@click.argument("files", metavar="[FILE|DIR]...", nargs=-1)
@click.option(
    "--days",
    type=click.IntRange(1, 400),
    required=True,
    metavar="N",
    help="How many days are played, from now on.",
)
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    metavar="NAME",
    help="Apply this recipe too, with its defaults; may be repeated.",
)
@click.option(
    "--customer",
    "customers",
    multiple=True,
    metavar="C",
    help="Play only this customer, by id or e-mail address; may be repeated.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=USUAL_SAMPLE,
    show_default=True,
    metavar="N",
    help="Play this many customers, the same ones each time; 0: all.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="TEXT",
    help="What a customer does meanwhile: '42 orders on day 3 at 10:00'; may be repeated.",
)
@click.option(
    "--refresh-every",
    type=click.IntRange(1, 1_440),
    default=Rhythm.refresh,
    show_default=True,
    metavar="MINUTES",
    help="How often cron runs refresh-segments.",
)
@click.option(
    "--send-every",
    type=click.IntRange(1, 1_440),
    default=Rhythm.send,
    show_default=True,
    metavar="MINUTES",
    help="How often cron runs process-emails.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=Rhythm.limit,
    show_default=True,
    metavar="N",
    help="The --limit of process-emails; 0: all that are due.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_FORMATS)),
    default="text",
    show_default=True,
    help="For people, for scripts, or as a page with timelines.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to this file instead.",
)
@AS_JSON
@click.pass_obj
def simulate(
    app: App,
    *,
    files: tuple[str, ...],
    days: int,
    recipes: tuple[str, ...],
    customers: tuple[str, ...],
    sample: int,
    events: tuple[str, ...],
    refresh_every: int,
    send_every: int,
    limit: int,
    format_: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Play the next days on a copy of the shop: who would get what, when, and why not.

    Campaign files are applied to the copy. The shop is only read: refreshes and mails are played in
    a temporary folder, which is removed afterwards, and no mail leaves. Events are `orders [for
    120] [with coupon] [as guest]`, `unsubscribes`, `subscribes`, `updates cart` and `empties cart`,
    `on day N` or on a date, `at` a time of the customer's website. The page of --format html and
    the JSON name customers; only its owner may read a new --output.

    \b
    Examples:
        segmail simulate campaigns/ --days 35
        segmail simulate --days 14 --customer ada@example.com --event "42 orders on day 3 at 10:00"
        segmail simulate --recipe welcome --days 30 --format html --output simulation.html
    """
    question = Question(
        days=days,
        files=_read(app, files, recipes),
        customers=customers,
        sample=sample,
        events=events,
        rhythm=Rhythm(refresh=refresh_every, send=send_every, limit=limit),
    )
    shown = _FORMATS["json" if as_json else format_]
    with (
        _ended_in_order() as go_on,
        ExitStack() as bar,
        simulated(
            app.shop,
            app.settings,
            question,
            now=app.now(),
            watching=bar.enter_context(_watching(days, go_on)),
        ) as simulation,
    ):
        bar.close()  # it would be drawn anew below each line
        go_on()
        if output is not None:
            write_file(output, shown(simulation), mode=_PRIVATE)
        else:
            for chunk in shown(simulation):
                sys.stdout.write(chunk)


def _read(app: App, files: Sequence[str], recipes: Sequence[str]) -> list[ReadFile]:
    if not files and not recipes:
        return []
    from segmail.campaigns.files import read_files
    from segmail.campaigns.recipes.recipe import load_recipe, read_recipe, settle_values
    from segmail.segments.stored.codes import load_websites

    with app.shop.read() as tx:
        names = load_websites(tx)
    websites = ", ".join(str(names.mention(id)) for id in sorted(names.codes))
    read = read_files(files) if files else []
    for name in recipes:
        recipe = load_recipe(name)
        read.append(read_recipe(recipe, settle_values(recipe, {}, websites=websites)))
    return read


@contextmanager
def _watching(days: int, go_on: Callable[[], None]) -> Iterator[Watching]:
    with progress_bar("Playing days", days) as advance:

        def played(count: int) -> None:
            advance(count)
            go_on()

        yield Watching(played=played)


@contextmanager
def _ended_in_order() -> Iterator[Callable[[], None]]:
    """Make SIGTERM and SIGHUP end the command as Ctrl-C does: the copy is removed on the way.

    Yields a function that raises KeyboardInterrupt once one of them has arrived. A handler that
    raises would do so anywhere, even in a destructor, where it is lost; a second signal does raise.
    """
    count = 0

    def end() -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt

    with stopped_by(end, signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as arrived:

        def go_on() -> None:
            if arrived:
                raise KeyboardInterrupt

        yield go_on
