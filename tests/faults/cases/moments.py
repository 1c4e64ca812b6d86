"""Moments of a run, told by the statements that it sends to the database, each of them once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.cases.database_proxy import Cut

Deed = Callable[[], Cut | None]  # what is done at the moment


@dataclass
class Moment:
    """The first statement that holds `then`, at or after one that holds `after`."""

    after: str
    then: str
    do: Deed
    happened: bool = False
    _began: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, statement: str) -> Cut | None:
        with self._lock:
            self._began = self._began or self.after in statement
            if self.happened or not self._began or self.then not in statement:
                return None
            self.happened = True
        return self.do()


@dataclass
class Turn:
    """The statement of this number, counted from 0."""

    number: int
    do: Deed
    said: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def happened(self) -> bool:
        return len(self.said) > self.number

    def __call__(self, statement: str) -> Cut | None:
        with self._lock:
            self.said.append(statement)
            is_its = len(self.said) == self.number + 1
        return self.do() if is_its else None
