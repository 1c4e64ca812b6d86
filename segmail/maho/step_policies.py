"""A step's settings beyond Maho's; stored in the shop's configuration.

They are in `core_config_data`, scope default, `customer_segmentation/segmail/step/<id>/<name>`,
beside the policies of segments.
"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select

from segmail.errors import ConfigError, Fault
from segmail.maho.config.rows import delete_config, write_config
from segmail.maho.repeats import ALLOWED as REPEATS
from segmail.maho.repeats import Repeat
from segmail.maho.schema.transaction import Transaction
from segmail.sending_rules import DEFAULT, RULES

_PATH = "customer_segmentation/segmail/step/"
_KEY = re.compile(re.escape(_PATH) + "([0-9]+)/([a-z_]+)")


class StepNeeds(enum.StrEnum):
    """What a step's mail must have to show; otherwise the step is skipped."""

    NOTHING = "nothing"
    PRODUCTS = "products"


@dataclass(frozen=True)
class StepPolicy:
    """A step's policies; `repeat` is None if it is sent once per run.

    `expiry` is how late it may be, in words; `default` for the campaign's.
    """

    needs: StepNeeds = StepNeeds.NOTHING
    repeat: Repeat | None = None
    expiry: str = DEFAULT

    def told(self) -> dict[str, str]:
        """Return the policies as they are written, by field name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: "none" if value is None else str(value) for name, value in values.items()}


NO_POLICY = StepPolicy()

EXPIRIES = f"{RULES['expiry'].allowed}, 'none', or 'default' for the campaign's"

# How each is read (raising ValueError), and its possible values.
_KINDS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "needs": (StepNeeds, f"'{StepNeeds.NOTHING}' or '{StepNeeds.PRODUCTS}'"),
    "repeat": (Repeat.read, REPEATS),
    "expiry": (RULES["expiry"].plain, EXPIRIES),
}


def load_step_policies(tx: Transaction) -> dict[int, StepPolicy]:
    """Return the policies of the steps that have any, by sequence id.

    Raises ConfigError listing every invalid value.
    """
    c = tx.tables.config.c
    query = select(c.path, c.value).where(
        c.scope == "default", c.scope_id == 0, c.path.like(f"{_PATH}%")
    )
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    faults = []
    for path, value in tx.connection.execute(query):
        match = _KEY.fullmatch(path)
        if match is None or match[2] not in _KINDS:
            faults.append(
                Fault(f"core_config_data: '{path}' is no policy of a step.", "Delete it.")
            )
            continue
        read, allowed = _KINDS[match[2]]
        try:
            found[int(match[1])][match[2]] = read(value or "")
        except ValueError:
            faults.append(Fault(f"{path}: '{value}' is not {allowed}."))
    if faults:
        raise ConfigError(faults)
    return {sequence_id: StepPolicy(**values) for sequence_id, values in found.items()}


def save_step_policy(
    tx: Transaction, sequence_id: int, policy: StepPolicy, before: StepPolicy = NO_POLICY
) -> None:
    """Write the policies of a step that differ from its former ones.

    Raises Conflict, for `Shop.transact` to repeat it, if two hosts do so at once.
    """
    old = before.told()
    changed = {name: value for name, value in policy.told().items() if value != old[name]}
    if changed:
        write_config(tx, {f"{_PATH}{sequence_id}/{name}": it for name, it in changed.items()})


def forget_step_policies(tx: Transaction, sequence_ids: Sequence[int]) -> None:
    """Delete the policies of removed steps."""
    delete_config(
        tx, [f"{_PATH}{sequence_id}/{name}" for sequence_id in sequence_ids for name in _KINDS]
    )
