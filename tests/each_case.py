"""Many quick cases in one test, which tells of each case that fails.

For pytest a test costs some milliseconds before it begins and after it ends, in each process that
collects it. Where cases take less than that by themselves, `@for_each` tries them in one test.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest

from tests.thorough import THOROUGH

_Test = Callable[..., None]
_Naming = Callable[[Any], object]

_FAULTS = (Exception, BaseExceptionGroup, pytest.fail.Exception)


def for_each(
    names: str | Sequence[str], cases: Iterable[Any], ids: Iterable[object] | _Naming | None = None
) -> Callable[[_Test], _Test]:
    """Call a test with each case, as `pytest.mark.parametrize` does; its fixtures are made once.

    So it is for tests that leave their fixtures as they were. All cases are tried; those that fail
    are raised together, each with its name. Several decorators make all combinations.
    """
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    listed = list(_listed(arguments, list(cases), ids))

    def decorate(test: _Test) -> _Test:
        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in arguments]

        @functools.wraps(test)
        def tries_all(**fixtures: Any) -> None:
            faults: dict[str, BaseException] = {}
            for name, values in listed:
                try:
                    test(**fixtures, **values)
                except _FAULTS as fault:
                    fault.add_note(f"in the case {name}")
                    faults[name] = fault
            if faults:
                told = "\n".join((f"{len(faults)} of {len(listed)} cases fail:", *faults))
                raise BaseExceptionGroup(told, list(faults.values()))

        tries_all.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return tries_all

    return decorate


def _listed(
    arguments: Sequence[str], cases: Sequence[Any], ids: Iterable[object] | _Naming | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each case and the values of its arguments."""
    assert cases, f"there are no cases of {arguments}"
    given = None if ids is None or callable(ids) else list(ids)
    for number, case in enumerate(cases):
        name = None if given is None else str(given[number])
        values: Sequence[Any] = [case] if len(arguments) == 1 else case
        if isinstance(case, type(pytest.param())):
            if any(mark.name == "thorough" for mark in case.marks) and not THOROUGH:
                continue
            values, name = case.values, name or (None if case.id is None else str(case.id))
        if callable(ids):
            name = "-".join(str(ids(value)) for value in values)
        told = name or ", ".join(map(repr, values))
        yield (
            f"{number + 1}: {told if len(told) < 200 else f'{told[:200]}…'}",
            dict(zip(arguments, values, strict=True)),
        )
