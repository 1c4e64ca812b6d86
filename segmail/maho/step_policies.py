"""What a step asks for beyond Maho's settings; kept in the shop's configuration.

`core_config_data`, scope default, `customer_segmentation/segmail/step/<id>/needs`, beside the
policies of segments.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

from sqlalchemy import delete

from segmail.errors import ConfigError, Fault
from segmail.maho.config.rows import write_config
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.schema.transaction import Transaction

_PATH = "customer_segmentation/segmail/step/"
_KEY = re.compile(re.escape(_PATH) + "([0-9]+)/needs")


class StepNeeds(enum.StrEnum):
    """What a step's mail must have to show; without it the step is skipped."""

    NOTHING = "nothing"
    PRODUCTS = "products"


def steps_that_need_products(config: StoreConfig) -> frozenset[int]:
    """Return the ids of the steps that are skipped where no list shows a product.

    Raises ConfigError with every value that means nothing.
    """
    found, faults = set(), []
    for (scope, _, path), value in config.rows.items():
        if scope != "default" or not path.startswith(_PATH):
            continue
        match = _KEY.fullmatch(path)
        if match is None:
            faults.append(
                Fault(f"core_config_data: '{path}' is no policy of a step.", "Delete it.")
            )
        elif value not in list(StepNeeds):
            faults.append(Fault(f"{path}: '{value}' is none of {', '.join(StepNeeds)}."))
        elif value == StepNeeds.PRODUCTS:
            found.add(int(match[1]))
    if faults:
        raise ConfigError(faults)
    return frozenset(found)


def save_step_needs(tx: Transaction, sequence_id: int, needs: StepNeeds) -> None:
    """Write what a step needs.

    Raises Conflict, for `Database.transact` to repeat it, when two hosts do so at once.
    """
    write_config(tx, {f"{_PATH}{sequence_id}/needs": needs.value})


def forget_step_needs(tx: Transaction, sequence_ids: Iterable[int]) -> None:
    """Delete what removed steps needed."""
    paths = [f"{_PATH}{sequence_id}/needs" for sequence_id in sequence_ids]
    c = tx.tables.config.c
    tx.connection.execute(
        delete(tx.tables.config).where(c.scope == "default", c.scope_id == 0, c.path.in_(paths))
    )
