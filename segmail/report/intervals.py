"""95 % confidence intervals: how far a share, or a difference, may be off by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Sample:
    """The sums needed about a number that each customer of a group has."""

    customers: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.customers

    @property
    def error(self) -> float:
        """The squared standard error of the mean; there must be at least two customers."""
        spread = self.squares - self.total * self.total / self.customers
        return max(0.0, spread) / (self.customers - 1) / self.customers


@dataclass(frozen=True)
class GroupDifference:
    """How much more the first group has per customer, and the interval's two ends."""

    value: float
    low: float
    high: float

    @property
    def is_shown(self) -> bool:
        """Whether chance alone is unlikely to make such a difference."""
        return self.low > 0 or self.high < 0


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the interval of a share, `hits` out of `of` (Wilson's score interval), from 0 to 1."""
    if not of:
        return 0.0, 1.0
    share = min(1.0, hits / of)
    centre = share + _Z * _Z / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    scale = 1 + _Z * _Z / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def newcombe(hits: int, of: int, other_hits: int, other_of: int) -> GroupDifference:
    """Return the difference of two shares (Newcombe's hybrid score interval); no group is empty."""
    first, second = hits / of, other_hits / other_of
    low, high = wilson(hits, of)
    other_low, other_high = wilson(other_hits, other_of)
    value = first - second
    return GroupDifference(
        value,
        value - math.hypot(first - low, other_high - second),
        value + math.hypot(high - first, second - other_low),
    )


def welch(first: Sample, second: Sample) -> GroupDifference:
    """Return the difference of two means whose groups may vary unequally (Welch's t)."""
    value = first.mean - second.mean
    error = first.error + second.error
    if not error:
        return GroupDifference(value, value, value)
    freedom = (
        error * error / sum(one.error * one.error / (one.customers - 1) for one in (first, second))
    )
    spread = _quantile_of_t(freedom) * math.sqrt(error)
    return GroupDifference(value, value - spread, value + spread)


def _quantile_of_t(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t; from 10 degrees of freedom on, right to 0.0001.

    The expansion in powers of 1/freedom is Abramowitz and Stegun's 26.7.5.
    """
    z2 = _Z * _Z
    terms = (
        (z2 + 1) / 4,
        ((5 * z2 + 16) * z2 + 3) / 96,
        (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
        ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160,
    )
    return _Z * (1 + sum(term / freedom**power for power, term in enumerate(terms, 1)))
