"""The tables of docs/mail.md that say what a refusal means: what the tests expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MAIL = Path(__file__).parents[1] / "docs/mail.md"


@dataclass(frozen=True)
class Refusal:
    """What becomes of the row and the run."""

    row: str
    counts: bool  # as a try of the row
    run: str
    code: int  # of the program


@cache
def documented_refusals() -> dict[tuple[str, str], Refusal]:
    """Return what happens, by stage of the SMTP dialogue and kind of answer."""
    return {
        (stage, answer): Refusal(row, counts == "yes", run, int(code))
        for stages, answers, row, counts, run, code in _rows("| at |")
        for stage in stages.split(", ")
        for answer in answers.split(", ")
    }


@cache
def documented_exit_codes() -> dict[int, Refusal]:
    """Return what happens, by exit code of a sendmail program."""
    return {
        int(number): Refusal(row, row == "failed", run, int(code))
        for numbers, row, run, code in _rows("| code |")
        for number in numbers.split(", ")
        if number.isdigit()
    }


def _rows(heading: str) -> Iterator[list[str]]:
    lines = iter(_MAIL.read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith(heading):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]
