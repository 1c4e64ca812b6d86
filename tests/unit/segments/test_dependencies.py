"""The order of segments that name each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segmail.segments.conditions.references import SegmentsNamed
from segmail.segments.dependencies import circle_in_words, circle_of, in_order

IDS = st.integers(1, 7)
NAMED = st.dictionaries(
    IDS, st.builds(SegmentsNamed, st.frozensets(IDS, max_size=3), st.frozensets(IDS, max_size=2))
)


def _members(**named: set[int]) -> dict[int, SegmentsNamed]:
    return {int(id[1:]): SegmentsNamed(frozenset(ids)) for id, ids in named.items()}


def test_whoever_names_nobody_stays_in_order() -> None:
    assert in_order([1, 2, 3], {}) == [1, 2, 3]
    assert in_order([1, 2, 3], _members(_1={3})) == [2, 3, 1]
    assert in_order([1, 2], _members(_1={9})) == [1, 2]


def test_membership_comes_before_sequences() -> None:
    named = {1: SegmentsNamed(sequences=frozenset({2})), 2: SegmentsNamed(frozenset({1}))}

    assert in_order([2, 1], named) == [1, 2]


@given(NAMED)
def test_every_segment_comes_once_and_after_its_members_unless_in_a_circle(
    named: dict[int, SegmentsNamed],
) -> None:
    ids = list(range(1, 8))
    members = {id: one.members for id, one in named.items()}
    ordered = in_order(ids, named)

    assert sorted(ordered) == ids
    circles = {id for id in ids if circle_of(id, members)}
    if not circles:
        for id, needed in members.items():
            assert all(ordered.index(one) < ordered.index(id) for one in needed)


@given(NAMED)
def test_a_circle_goes_from_a_segment_to_itself(named: dict[int, SegmentsNamed]) -> None:
    members = {id: one.members for id, one in named.items()}
    for id in range(1, 8):
        circle = circle_of(id, members)
        if circle:
            assert circle[0] == id
            for one, following in zip(circle, [*circle[1:], id], strict=True):
                assert following in members[one]


def test_a_circle_is_told_with_its_names() -> None:
    assert circle_in_words(["A"]) == "The conditions go in a circle: 'A' names 'A'."
    assert circle_in_words(["A", "B"]).endswith("'A' names 'B', 'B' names 'A'.")
