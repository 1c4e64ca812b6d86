"""In which order segments are refreshed that name each other, and which go in a circle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from segmail.segments.conditions.references import SegmentsNamed

_NONE = SegmentsNamed()


def in_order(ids: Sequence[int], named: Mapping[int, SegmentsNamed]) -> list[int]:
    """Return the ids so that each comes after the segments that it names, else as they were.

    Membership comes before sequences, whose rows may be those of any time: two segments whose
    sequences wait for each other are no circle. Those that go in a circle come last.
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
    """Return the shortest way from a segment to itself; None where there is none.

    `members` are the segments whose members each segment's conditions ask for. The way begins with
    the segment, and leaves its second mention out.
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
    """Return what is wrong with the conditions of these segments, each naming the next one."""
    following = [*names[1:], names[0]]
    told = ", ".join(
        f"'{one}' names '{other}'" for one, other in zip(names, following, strict=True)
    )
    return f"The conditions go in a circle: {told}."


def _all(one: SegmentsNamed) -> frozenset[int]:
    return one.members | one.sequences


def _members(one: SegmentsNamed) -> frozenset[int]:
    return one.members
