"""Every command with arguments that work on the shop of `fill`, for tests that go through them all.

As a program, `python -m tests.each_command OUT NAMES GLOBAL-OPTIONS…` runs each command of NAMES,
which are JSON, in a process of its own, on the streams that it was given, and writes the exit codes
into the file OUT as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tests.forked_program import import_all
from tests.shop_builder import ShopBuilder

NAME = "Sale [/b] \x1b]0;x\x07\x9b31m\u202eß€"

FILE, IDS = "segments.yaml", "ids.txt"  # in the current folder, see `write_files`

# What only reads, and what writes; the jobs last, so that there is something for each.
READING = {
    "sequence list": (),
    "sequence show": (f"{NAME}:enter:1",),
    "sequence validate": (),
    "template list": (),
    "template show": (NAME,),
    "template lint": (),
    "template render": ("1",),
    "preview": (f"{NAME}:enter:1", "--customer", "1"),
    "segment list": (),
    "segment show": (NAME,),
    "segment explain": (NAME,),
    "segment export": (),
    "segment match": (NAME,),
    "history": (),
    "status": (),
    "why": ("1",),
    "doctor": (),
    "config show": (),
    "config check": (),
    "campaign validate": (FILE,),
    "campaign diff": (FILE,),
    "campaign export": (),
    "campaign schema": (),
    "schema check": (),
    "recipe list": (),
    "recipe show": ("abandoned-cart",),
    "recipe export": ("vip", "recipe", "--json"),
    "report": (),
    "simulate": ("--days", "1"),
}
WRITING = {
    "process-emails": (),
    "retry": ("--all-failed", "--yes"),
    "sequence add": (NAME, "--template", NAME, "--if-missing", "--step", "1"),
    "sequence edit": (f"{NAME}:enter:1", "--delay", "60"),
    "sequence needs": (f"{NAME}:enter:1", "nothing"),
    "sequence disable": (f"{NAME}:enter:1",),
    "sequence enable": (f"{NAME}:enter:1",),
    "segment automation": (NAME, "on"),
    "segment apply": (FILE,),
    "campaign apply": (FILE, "--dry-run"),
    "recipe apply": ("abandoned-cart", "--dry-run"),
    "segment enrol": (NAME, "--yes"),
    "segment import": ("Others", "--add", IDS),
    "schema tune": ("--yes",),
    "schema apply": ("--yes",),
    "refresh-segments": ("--all", "--no-enrol"),
    "cleanup-progress": (),
    "cleanup-coupons": (),
    "take-over": (),
    "recover": ("--yes",),
    "sequence remove": (f"{NAME}:enter:1", "--yes"),
}
_NOT_HERE = {"help", "demo", "completion"}  # they build a shop of their own, or read none


def fill(shop: ShopBuilder) -> None:
    """Give a shop a segment and a template with a name that nobody wants on a terminal."""
    shop.config("customer_segmentation/email_automation/enabled", "1")
    template = shop.template(code=NAME)
    step = shop.step(shop.segment(NAME), template)
    shop.due(step, shop.customer("ada@example.test"))


def write_files(folder: Path) -> None:
    """Write the files that commands read."""
    (folder / FILE).write_text(
        "segments:\n  - name: Others\n    websites: [1]\n"
        "    conditions:\n      all:\n        - list: customer id is one of 1\n"
    )
    (folder / IDS).write_text("1\n")


def leaves(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command by its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from leaves(inner, f"{path} {name}".strip())
    else:
        yield path, command


def names() -> set[str]:
    """Return the commands that work on a shop."""
    from segmail.cli import program

    return {name for name, _ in leaves(program)} - _NOT_HERE


def _main(out: Path, chosen: str, *options: str) -> None:
    from segmail.cli import main

    known = names() & set(json.loads(chosen))
    import_all()
    codes = {}
    for name, arguments in (READING | WRITING).items():
        if name not in known:
            continue
        pid = os.fork()
        if not pid:
            sys.argv = ["segmail", *options, *name.split(), *arguments]
            try:
                main()
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else 0)
            os._exit(0)
        codes[name] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    out.write_text(json.dumps(codes))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *sys.argv[2:])
