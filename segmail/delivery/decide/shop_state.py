"""What holds for every row of a run, as the shop was a moment ago: switch, segments, steps.

A run may take hours. If an admin switches something off meanwhile, or somebody unsubscribes, it is
noticed: these facts are read again as soon as they are half as old as a row's last check may be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.switch import load_switch
from segmail.maho.customers import RefusedAddresses
from segmail.maho.policies import Policy
from segmail.maho.shop import Shop
from segmail.maho.steps import Step, load_steps
from segmail.segments.matching_customers import ConditionsOfFew
from segmail.segments.refresh.candidates import Candidate, load_candidates


@dataclass(frozen=True)
class ShopState:
    """The shop as it was at `read_at` (`time.monotonic`).

    `switched_off_by` is the setting that switches all automation off, if one does. `steps` are by
    sequence id; `candidates`, by segment id, are the segments with their conditions and policies.
    """

    read_at: float
    switched_off_by: str | None
    steps: Mapping[int, Step]
    candidates: Mapping[int, Candidate]
    refused: RefusedAddresses

    def policy(self, segment_id: int) -> Policy:
        """Return a segment's policies; the default ones if the segment is gone."""
        candidate = self.candidates.get(segment_id)
        return candidate.policy if candidate else Policy()

    def by_run(self) -> list[int]:
        """Return the segments in which `max_sends` counts within the run."""
        found = self.candidates.values()
        return [one.id for one in found if one.policy.on_reentry.is_each_entry]

    def sending(self, among: Collection[int]) -> dict[int, Step]:
        """Return those of the steps whose rows may be claimed; the others' rows are held."""
        if self.switched_off_by:
            return {}
        return {id: step for id, step in self.steps.items() if id in among and step.segment.sends}


class ShopStates:
    """Reads the state of the shop again if it is older than `at_most` seconds."""

    def __init__(
        self, shop: Shop, config: StoreConfig, *, enabled: bool | None, at_most: float
    ) -> None:
        self._shop = shop
        self._config = config
        self._enabled = enabled
        self._at_most = at_most
        self._state: ShopState | None = None
        self._lock = threading.Lock()
        self.conditions = ConditionsOfFew()

    def current(self) -> ShopState:
        """Return a state that is recent enough; raises ConfigError for invalid policies."""
        with self._lock:
            if self._state is None or time.monotonic() - self._state.read_at > self._at_most:
                self._state = self._read()
            return self._state

    def _read(self) -> ShopState:
        began = time.monotonic()
        with self._shop.read() as tx:
            switch = load_switch(tx, self._config, self._enabled)
            steps = load_steps(tx)
            candidates = load_candidates(tx, None)
            known = self._state.refused if self._state else None
            refused = RefusedAddresses.load(tx, known)
        return ShopState(
            began,
            None if switch.on else switch.setting,
            {step.sequence_id: step for step in steps},
            {candidate.id: candidate for candidate in candidates},
            refused,
        )
