"""The order in which segments that name each other are refreshed, and circles among them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from segmail.segments.conditions.references import SegmentsNamed

_NONE = SegmentsNamed()


def in_order(ids: Sequence[int], named: Mapping[int, SegmentsNamed]) -> list[int]:
    """Return the ids so that each comes after the segments it names, otherwise in the given order.

    Membership decides before sequences, because a sequence's rows need not be of this run: two
    segments whose sequences wait for each other are no circle. Segments in a circle come last.
    """
    left, ordered = list(ids), list[int]()
    while left:
        chosen = next(
            (
                id
                for needs in (_all, _members)
                for id in left
                if not (needs(named.get(id, _NONE)) - {id}).intersection(left)
            ),
            None,
        )
        if chosen is None:
            return [*ordered, *left]
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def circle_of(id: int, members: Mapping[int, Collection[int]]) -> list[int] | None:
    """Return the shortest way from a segment back to itself; None if there is none.

    `members` are the segments whose members each segment's conditions ask for. The way begins with
    the segment and does not repeat it at the end.
    """
    ways, seen = [[id]], {id}
    for way in ways:
        for following in sorted(members.get(way[-1], ())):
            if following == id:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None


def circle_in_words(names: Sequence[str]) -> str:
    """Return the error text for segments whose conditions name each other in a circle."""
    following = [*names[1:], names[0]]
    told = ", ".join(
        f"'{one}' names '{other}'" for one, other in zip(names, following, strict=True)
    )
    return f"The conditions go in a circle: {told}."


def _all(one: SegmentsNamed) -> frozenset[int]:
    return one.members | one.sequences


def _members(one: SegmentsNamed) -> frozenset[int]:
    return one.members
