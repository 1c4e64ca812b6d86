"""Values such as `1h`, `2 days` and `3 weeks`, converted to the attribute's own unit."""

from __future__ import annotations

import re

from segmail.durations import DAY, HOUR, minutes_in
from segmail.errors import ConditionError

_UNITS = {"minutes": 1, "hours": HOUR, "days": DAY}
_WITH_UNIT = re.compile(r"[0-9][0-9.]*\s*[a-z].*", re.IGNORECASE | re.DOTALL)


def has_unit(text: str, attribute: str) -> bool:
    """Return whether the attribute's value, or the end of a pair such as `42:7d`, has a unit."""
    return _unit(attribute) is not None and bool(_WITH_UNIT.fullmatch(_last(text)))


def in_unit(text: str, attribute: str) -> str:
    """Return the value in the attribute's unit: for an attribute in hours, `2 days` is `48`.

    A value without a unit stays as it is. Raises ConditionError if it is not a length of time, or
    not a whole number of the attribute's unit.
    """
    unit = _unit(attribute)
    if unit is None or not has_unit(text, attribute):
        return text
    given = _last(text)
    minutes = minutes_in(given)
    if minutes is None:
        raise ConditionError(
            f"'{given}' is no length of time; write it as 90 minutes, 1h, 2 days or 3 weeks."
        )
    count, rest = divmod(minutes, _UNITS[unit])
    if rest:
        raise ConditionError(
            f"'{given}' is no whole number of {unit}, in which '{attribute.replace('_', ' ')}' "
            "counts."
        )
    return f"{text[: len(text) - len(given)]}{count}"


def _unit(attribute: str) -> str | None:
    if attribute == "order_frequency_days":
        return "days"
    return next((unit for unit in _UNITS if attribute.startswith(f"{unit}_")), None)


def _last(text: str) -> str:
    """Return the part that is compared: everything, or the text after the last colon of a pair."""
    return text.rpartition(":")[2].strip()
