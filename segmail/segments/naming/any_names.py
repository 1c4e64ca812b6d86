"""Accepts every name, without a shop: a file's own segments, and anything a shop may have."""

from __future__ import annotations

from collections.abc import Iterable

from segmail.segments.conditions.tree import Leaf
from segmail.segments.naming.mentioned import Mentioned, Reference
from segmail.segments.naming.shop_names import plain

_GENDERS = {"male": "1", "female": "2"}


class AnyNames:
    """Takes every name as one that the shop may have; the same segment always gets the same id."""

    def __init__(self, segments: Iterable[str]) -> None:
        self._segments: dict[str, int] = {}
        self.names: dict[int, str] = {}  # segments by the id that stands for each
        for name in segments:
            self.segment(name)

    def segment(self, name: str) -> int:
        """Return the id that stands for a segment."""
        id = self._segments.setdefault(plain(name), len(self._segments) + 1)
        self.names.setdefault(id, name)
        return id

    def id(self, reference: Reference, name: str, leaf: Leaf) -> str:
        """Return an id; a choice of any attribute but the gender is its own id."""
        match reference.of:
            case Mentioned.SEGMENT:
                return str(self.segment(name))
            case Mentioned.CHOICE:
                is_gender = reference.code == "gender" and reference.entity == "customer"
                return _GENDERS.get(plain(name), name) if is_gender else name
        return "1"

    def name(self, reference: Reference, id: str) -> str | None:
        """Return None: ids have no meaning here."""
        return None
