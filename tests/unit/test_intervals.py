"""Intervals hold what they promise: on a hundred invented shops, and on published examples."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from segmail.report.intervals import GroupDifference, Sample, newcombe, welch, wilson

_CUSTOMERS = 20_000
_HELD_OUT = 0.1
_SHARE = 0.08  # of those who were held out who order
_MEAN, _SPREAD = 3.5, 0.8  # of the logarithm of an order's sum


@dataclass
class Arm:
    """A group of an invented shop."""

    customers: int = 0
    buyers: int = 0
    total: float = 0.0
    squares: float = 0.0


def shop(seed: int, effect: float) -> tuple[Arm, Arm]:
    """Return who was mailed and who was held out; the mails make `effect` more of them order."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    mailed, held_out = Arm(), Arm()
    for _ in range(_CUSTOMERS):
        is_held = chance.random() < _HELD_OUT
        arm = held_out if is_held else mailed
        arm.customers += 1
        if chance.random() < _SHARE * (1 if is_held else 1 + effect):
            spent = chance.lognormvariate(_MEAN, _SPREAD)
            arm.buyers += 1
            arm.total += spent
            arm.squares += spent * spent
    return mailed, held_out


@pytest.mark.parametrize("effect", [0.1, 0.0])
def test_the_planted_effect_lies_inside_in_95_of_100_shops(effect: float) -> None:
    more = _SHARE * effect
    worth = more * math.exp(_MEAN + _SPREAD * _SPREAD / 2)
    shops = [shop(seed, effect) for seed in range(100)]

    ordered = [newcombe(m.buyers, m.customers, h.buyers, h.customers) for m, h in shops]
    orders = [welch(*(Sample(a.customers, a.buyers, a.buyers) for a in (m, h))) for m, h in shops]
    revenue = [welch(*(Sample(a.customers, a.total, a.squares) for a in (m, h))) for m, h in shops]

    for found, truth in ((ordered, more), (orders, more), (revenue, worth)):
        assert sum(one.low <= truth <= one.high for one in found) >= 95
    if not effect:
        assert sum(one.is_shown for one in ordered) <= 5


def test_newcombes_interval_is_that_of_his_paper() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table II, method 10: 56/70 against 48/80.
    found = newcombe(56, 70, 48, 80)

    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_welchs_interval_is_the_one_of_the_sums() -> None:
    first, second = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9], [27.1, 22.0, 20.8, 23.4, 23.4, 23.5]
    samples = [Sample(len(x), sum(x), sum(v * v for v in x)) for x in (first, second)]

    found = welch(*samples)

    # Mean difference -2.3667, standard error 1.8352, 7.64 degrees of freedom, t = 2.3255.
    assert (found.value, found.low, found.high) == pytest.approx(
        (-2.3667, -6.6343, 1.9010), abs=0.005
    )


def test_groups_that_are_all_alike_differ_by_exactly_that() -> None:
    assert welch(Sample(50, 50, 50), Sample(50, 0, 0)) == GroupDifference(1, 1, 1)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 100, 0.0, 0.037), (10, 100, 0.0552, 0.1744), (0, 0, 0.0, 1.0)],
)
def test_the_interval_of_a_share_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=0.0001)
