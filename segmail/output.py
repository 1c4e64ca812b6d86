"""What the terminal shows: tables, JSON, a progress bar. The only module that imports rich."""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from segmail.findings import Severity
from segmail.printable import escaped, printable
from segmail.terminal import styled

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.OK: "green"}
_SHORT = 24  # characters
_MOST_LINES = 4  # of a cell, roughly
_WIDE = 240  # columns, if there is no terminal
_NUMBER = re.compile(r"[-+]?[0-9][0-9,.]*(?: ?%)?")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table on stdout, numbers aligned right and severities in colour.

    No word is ever broken, whether an address or a path, and no text is squeezed into a tall, thin
    column: if the terminal is too narrow for that, each row is printed as a record, with a line for
    each column. Without a terminal a table is as wide as it needs to be.
    """
    values = [list(row) for row in rows]
    cells = [["" if value is None else printable(str(value)) for value in row] for row in values]
    by_column = [[row[position] for row in cells] for position in range(len(columns))]
    total = terminal_width()
    widths = _widths(columns, by_column, total - 3 * len(columns) - 1)
    if widths is None:
        _print_records(title, columns, cells, total)
        return

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_header=any(columns))
    for column, found, width in zip(columns, by_column, widths, strict=True):
        justify: Literal["left", "right"] = "right" if _is_numeric(found) else "left"
        table.add_column(column, justify=justify, width=width)
    for row, given in zip(cells, values, strict=True):
        table.add_row(*(Text(cell, _style(value)) for cell, value in zip(row, given, strict=True)))
    console = Console(file=styled(sys.stdout), width=total, highlight=False)
    console.print(Text(printable(title), style="italic"), table, sep="\n")


def terminal_width() -> int:
    """Return the width of stdout in columns."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE


def _widths(
    columns: Sequence[str], cells: Sequence[Sequence[str]], available: int
) -> list[int] | None:
    """Return the width of each column, None if some word would have to be broken.

    Space beyond the minimum goes to the columns in proportion to what they lack.
    """
    from rich.cells import cell_len

    pairs = list(zip(columns, cells, strict=True))
    least = [_least_width(column, found) for column, found in pairs]
    wanted = [
        max(cell_len(line) for text in (column, *found) for line in text.splitlines() or [""])
        for column, found in pairs
    ]
    spare, lacking = available - sum(least), sum(wanted) - sum(least)
    if spare < 0:
        return None
    share = min(1.0, spare / lacking) if lacking else 0.0
    widths = [at + int((want - at) * share) for at, want in zip(least, wanted, strict=True)]
    longest = [max(map(cell_len, found), default=0) for found in cells]
    if any(long > _MOST_LINES * width for long, width in zip(longest, widths, strict=True)):
        return None
    return widths


def _least_width(column: str, cells: Sequence[str]) -> int:
    """Return the width in which neither a word nor a text short enough for one glance is broken."""
    from rich.cells import cell_len

    words = [word for text in (column, *cells) for word in text.split()]
    short = [cell for cell in cells if len(cell) <= _SHORT]
    return max(map(cell_len, (*words, *short)), default=1)


def _print_records(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> None:
    """Print each row as lines of `column  cell`; empty cells are left out."""
    label = max(map(len, columns)) + 2
    lines = [title]
    for row in rows:
        lines.append("")
        for column, cell in zip(columns, row, strict=True):
            if cell:
                wrapped = textwrap.wrap(
                    cell, max(20, width - label), break_long_words=False, break_on_hyphens=False
                )
                lines.append(f"{column:<{label}}" + f"\n{'':<{label}}".join(wrapped))
    sys.stdout.write("\n".join(lines) + "\n\n")


def _is_numeric(cells: Sequence[str]) -> bool:
    return any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells if cell)


def _style(value: object) -> str:
    """Return the colour of a severity; the word beside it says the same."""
    return _COLOURS.get(value, "") if isinstance(value, Severity) else ""


def print_json(value: object) -> None:
    """Print `value` as JSON on stdout: dataclasses as objects, times as ISO 8601 in UTC."""
    readable = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(value, default=_plain, ensure_ascii=not readable, indent=2)
    sys.stdout.write(escaped(text) + "\n")


@contextmanager
def progress_bar(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances a bar by a number; it does nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=styled(sys.stderr)), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset | set | tuple):
        return sorted(value) if isinstance(value, frozenset | set) else list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
