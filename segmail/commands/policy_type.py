"""Options that set a policy of a segment, written as in campaign files."""

from __future__ import annotations

from typing import Any

import click

from segmail.maho.policies import KINDS


class PolicyType(click.ParamType["object"]):
    """One of `KINDS`, by its name in `Policy`."""

    name = "text"

    def __init__(self, policy: str) -> None:
        self._kind = KINDS[policy]

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        try:
            return self._kind.read(str(value))
        except ValueError:
            self.fail(f"{value!r} is none of {self._kind.told()}.", param, ctx)
