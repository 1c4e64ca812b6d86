"""The order of a run: segments come after those whose members or sequences they name."""

from __future__ import annotations

from collections.abc import Sequence

from segmail.errors import ConditionError
from segmail.maho.schema.transaction import Transaction
from segmail.segments import dependencies
from segmail.segments.conditions.references import SegmentsNamed, segments_named
from segmail.segments.dependencies import circle_in_words, circle_of
from segmail.segments.refresh.candidates import Candidate, load_candidates


def in_order(
    tx: Transaction, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], dict[int, ConditionError]]:
    """Return the candidates in the order of their refresh, and an error for each one in a circle.

    A circle may go through segments that are not refreshed now, so every segment of the shop is
    examined, but only if a candidate names another one.
    """
    named = _named(candidates)
    if not any(one.members or one.sequences for one in named.values()):
        return list(candidates), {}
    everybody = {one.id: one for one in load_candidates(tx, None)}
    members = {id: one.members for id, one in _named(list(everybody.values())).items()}
    circles = {
        id: ConditionError(circle_in_words([everybody[one].segment.name for one in circle]))
        for id in named
        if (circle := circle_of(id, members)) is not None
    }
    by_id = {one.id: one for one in candidates}
    return [by_id[id] for id in dependencies.in_order(list(by_id), named)], circles


def _named(candidates: Sequence[Candidate]) -> dict[int, SegmentsNamed]:
    return {one.id: segments_named(one.tree) for one in candidates if one.tree is not None}
