"""Panels and their crossings where Newton's method ends: turning points, jumps beside them, infinite ends, tiny units.

Each truth is elementary.
"""

import math

import numpy as np
import pytest

from distributional_view.theory import PiecewiseLaw
from distributional_view.theory.laws import panels
from distributional_view.theory.laws.roots import bracketed_root


def flat(length: float):
    """The log-density of a uniform latent variable on an interval of this length."""
    return lambda u: np.full_like(u, -math.log(length))


@pytest.mark.parametrize("beyond", [5.0, 0.5, -3.0, math.nan])
@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_turning_point_where_the_score_jumps(beyond, side, sign):
    """(1 - u)^2 up to 1, then 7 + u: whatever the function says at 1 itself, the limit from within counts."""

    def score(u):
        u = side * u
        inside = np.where(u < 1, (1 - u) ** 2, 7 + u)
        return sign * (inside if math.isnan(beyond) else np.where(u == 1, beyond, inside))

    law = PiecewiseLaw(score, flat(2.0), sorted([0.0, side, 2 * side]))
    for level in (1e-12, 1e-9, 1e-6, 1e-3, 0.3):
        below = 0.5 * math.sqrt(level)
        share = law.share_below(-1.0, level) if sign > 0 else law.survival(-level)
        assert share == pytest.approx(below, rel=1e-4 * min(1.0, 1e-9 / level) + 1e-9, abs=0)
        assert law.density(sign * level) == pytest.approx(0.25 / math.sqrt(level), rel=1e-6, abs=0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_shares_beside_a_turning_point(sign):
    """u^2 and -u^2 for u uniform on [-1, 2]: levels next to 0 are crossed from both sides."""
    law = PiecewiseLaw(lambda u: sign * u * u, flat(3.0), [-1.0, 0.0, 2.0])
    for level in (1e-14, 1e-10, 1e-6, 1e-2):
        share = law.share_below(-1.0, level) if sign > 0 else law.survival(-level)
        assert share == pytest.approx(2 * math.sqrt(level) / 3, rel=1e-9, abs=0)
    assert law.density(0.0) == (math.inf if sign > 0 else 0.0)  # from above, as P(Y >= t) counts t


@pytest.mark.parametrize("power", [10, 12, 16, 21])
def test_shares_where_the_score_is_flat_to_rounding(power):
    """1 + u^n: the values at the first nodes are all 1, so that only the far end says that the score rises."""
    law = PiecewiseLaw(lambda u: 1 + u**power, np.zeros_like, [0.0, 1.0])
    for level in 10.0 ** np.arange(-14, -8, 0.25):
        assert law.share_below(1.0, 1 + level) == pytest.approx(level ** (1 / power), rel=2e-16 / level, abs=0)


def test_the_infimum_above_a_gap():
    """Scores in [0, 1] and [2, 3]: nothing lies at 1 itself."""
    law = PiecewiseLaw(lambda u: np.where(u < 1, u, u + 1), flat(2.0), [0.0, 1.0, 2.0])
    assert [law.tail_inf(t) for t in (0.5, 1.0, 1.5, 2.5)] == [0.5, 2.0, 2.0, 2.5]


@pytest.mark.many_calls
def test_tilts_of_an_exponential_law_in_a_tiny_unit():
    """Exp(1/unit) tilted by 1/(2 unit) is Exp(1/(2 unit)): no digits go to a number that is large beside the unit."""
    unit = 1e-10
    law = PiecewiseLaw(lambda u: -unit * np.log(u), np.zeros_like, [0.0, 1.0], max_multiplier=1 / unit, steep=True)
    assert law.tilt(0.5 / unit).mean == pytest.approx(2 * unit, rel=1e-12, abs=0)


def test_a_score_without_digits_is_told_in_its_own_unit(monkeypatch):
    """Noise of 1e-10 of the score's size: it is too sharp for its rounding in any unit."""
    monkeypatch.setattr(panels, "_MOST_PANELS", 300)
    for unit in (1e-6, 1.0, 1e6):
        with pytest.raises(ValueError, match=r"the score is smooth only to \de-(09|10|11): too sharp"):
            PiecewiseLaw(lambda u, unit=unit: unit * ((u + 1e6) - 1e6), np.zeros_like, [0.0, 1.0])


def test_many_panels_are_no_fault_once_none_is_left_to_bisect(monkeypatch):
    """64 panels for 16 waves, all found good at once: what is wrong with this score are its turning points."""
    monkeypatch.setattr(panels, "_MOST_PANELS", 60)
    with pytest.raises(ValueError, match=r"score = 'not monotone on .*: must be monotone between breakpoints"):
        PiecewiseLaw(lambda u: np.sin(100 * u), np.zeros_like, [0.0, 1.0])
    with pytest.raises(ValueError, match=r"breakpoints = '\d+ panels': must be such that score and density are smooth"):
        PiecewiseLaw(lambda u: np.floor(300 * u), np.zeros_like, [0.0, 1.0])


def test_a_root_among_the_doubles_is_the_first_that_is_not_negative():
    """At one double of 2^64 the function is 0, below -1, above 1: Brent's method does not meet it."""
    at = 3e-200
    assert bracketed_root(lambda x: float(np.sign(x - at)), -1.0, 0.7) == at
