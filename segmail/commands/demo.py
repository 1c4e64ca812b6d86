"""`segmail demo`: the whole program on an invented shop, in one command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from segmail.commands.write_file import write_file
from segmail.demo.folder import Stage, set_stage
from segmail.demo.run_jobs import play
from segmail.demo.seed import NOW
from segmail.demo.show import show


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="demo",
    show_default=True,
    metavar="DIR",
    help="The folder for the shop and its mails; an earlier demo in it is replaced.",
)
@click.option("--keep", is_flag=True, help="Continue the demo that is in the folder.")
@click.option("--recipes", is_flag=True, help="Then play all recipes for 35 days, in DIR/recipes.")
@click.pass_context
def demo(ctx: click.Context, *, folder: Path, keep: bool, recipes: bool) -> None:
    """Build a small shop, run the jobs on it and show what happened.

    Needs no database server and no mail server: the shop is an SQLite file, and each mail becomes
    an .eml file. The shop's clock starts at 2026-03-10 14:05, or at --now. The recipes have a shop
    of their own, which plays 35 days from 2026-02-24 on.

    \b
    Examples:
        segmail demo
        segmail --now '2026-03-11 14:05' demo --keep
    """
    now = ctx.find_root().params["now"] or NOW
    stage = set_stage(folder, keep=keep)
    show(play(stage, now=now), program=_program())
    if recipes:
        _play_recipes(stage)


def _play_recipes(stage: Stage) -> None:
    from segmail.demo.recipes.page import as_page
    from segmail.demo.recipes.play import play_recipes
    from segmail.demo.show import show_recipes

    played = play_recipes(stage.recipes)
    write_file(played.page, as_page(played))
    show_recipes(played)


def _program() -> str:
    """Return what a person types to run this program."""
    started = Path(sys.argv[0]).absolute()
    if started.name != "segmail":
        return f"{sys.executable} -m segmail"
    if shutil.which("segmail"):
        return "segmail"
    return str(started.relative_to(Path.cwd()) if started.is_relative_to(Path.cwd()) else started)
