"""Writes down what comes of each stage: after every part of it, and whatever fails."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from tests.benchmarks.segments.figures import DONE, Figures, Stage
from tests.benchmarks.segments.progress import say
from tests.program import ROOT

# What a server, the program or a file may do to a measurement; the rest is still measured then.
_FAILURES = (RuntimeError, OSError, SQLAlchemyError, subprocess.SubprocessError, ValueError)


class Recorder:
    """Keeps the stage that runs; `write` is called whenever there is something new."""

    def __init__(self, figures: Figures, write: Callable[[Figures], None]) -> None:
        self._figures = figures
        self._write = write
        self.stage = _begin()

    @contextmanager
    def stage_of(self, name: str) -> Iterator[None]:
        """Record a stage with the conditions before and after it, also where it breaks off."""
        self.stage = self._figures.stages[name] = _begin()
        began = time.monotonic()
        try:
            yield
            self.stage.state = DONE
        except _FAILURES as error:
            self.stage.state = f"failed: {_told(error)}"
            say(f"  {self.stage.state}")
        except BaseException as error:
            self.stage.state = f"interrupted ({type(error).__name__})"
            raise
        finally:
            self.stage.seconds = time.monotonic() - began
            self.stage.load_after = _load()
            self.stage.commit_after = commit()
            self._write(self._figures)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Record a part of the stage; when it fails, that, and the stage goes on."""
        began = time.monotonic()
        try:
            yield
        except _FAILURES as error:
            self.stage.failures[name] = _told(error)
        failure = self.stage.failures.get(name)
        taken = time.monotonic() - began
        say(f"  {taken:7.2f} s  {name}{f': {failure}' if failure else ''}")
        self._write(self._figures)

    def remark(self, what: str) -> None:
        self.stage.remarks.append(what)
        say(f"  {what}")


def commit() -> str:
    """Return the commit of the working tree, and whether segmail itself was changed since."""
    changed = _git("status", "--porcelain", "--", "segmail")
    return _git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def _begin() -> Stage:
    began = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Stage(began, commit(), _load())


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _told(error: BaseException) -> str:
    """Return an error in one line that fits a table."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = f"{lines[0]} {lines[-1]}" if len(lines) > 1 else "".join(lines)
    return f"{type(error).__name__}: {told}".replace("|", "/")[:300]


def _git(*arguments: str) -> str:
    command = ("git", "-C", f"{ROOT}", *arguments)
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
