"""When a calibration stops: how many doublings it has, what it hopes of those left, what it tells on the way."""

import math

import pytest

from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.samplers.knobs import _hopeless, calibrate_knob


def test_there_are_forty_doublings():
    """From 1 the last of them ends at 2^39."""
    assert calibrate_knob(lambda v: v, 1.5 * 2.0**38, 1.0, 1.0, "knob").knob == pytest.approx(1.5 * 2.0**38, abs=1.0)
    with pytest.raises(CalibrationFailed, match="the target is out of reach; knob in") as caught:
        calibrate_knob(lambda v: min(v, 2.0**39 - 100), 2.0**39, 1.0, 1.0, "knob")  # there is hope until the last
    assert max(caught.value.runs) == 2.0**39


def test_a_mean_at_the_tolerance_will_do():
    """It jumps over the target by exactly the tolerance."""
    found = calibrate_knob(lambda v: 0.0 if v < 1.3 else 0.75, 0.5, 0.25, 1.0, "knob")
    assert found.mean == 0.75
    with pytest.raises(CalibrationFailed, match=r"the mean jumps past it by more than tolerance = 0\.2499"):
        calibrate_knob(lambda v: 0.0 if v < 1.3 else 0.75, 0.5, 0.2499, 1.0, "knob")


def test_each_run_is_told_without_a_total():
    told = []
    calibrate_knob(lambda v: v, 1.0, 1e-3, 1.0, "dial", lambda *what: told.append(what))
    assert told == [("calibrating the dial, dial = 0", 1, 0), ("calibrating the dial, dial = 1", 2, 0)]


@pytest.mark.parametrize(
    ("gaps", "left", "reached"),
    [
        ([11.0, 10.0, 9.0, 8.0, 7.0], 7, 7.0),  # 1 a doubling
        ([12.0, 9.0, 8.5, 7.5, 7.0], 3, 3.0),  # 1/2, 1, 1/2: the best of the last three
        ([11.0, 10.0, 9.0, 8.0, 6.0], 3, 6.0),  # 1, 1, 2 do not grow each time: 2 a doubling
        ([60.0, 59.0, 58.0, 56.0, 52.0], 3, 56.0),  # 1, 2, 4 do, by 2 each time: 8 + 16 + 32
        ([2e5, 2e5, 199999.0, 199899.0, 189899.0], 1, 1e5),  # 1, 100, 10000: by no more than 10 each time
        ([11.0, 10.0, 10.5, 9.5, 10.5], 4, 4.0),  # -1/2, 1, -1
        ([9.0, 8.0, 8.5, 9.5, 10.0], 4, 0.0),  # away from it
    ],
)
def test_what_is_hoped_of_the_doublings_that_are_left(gaps, left, reached):
    """`reached` is what they gain at most; there is hope while the rest of the way is within the tolerance."""
    shift = gaps[-1] - reached
    gaps = [gap - shift for gap in gaps]  # so that the gain takes the mean to the target
    assert not _hopeless([gap + 0.5 for gap in gaps], 0.5, left)
    assert _hopeless([gap + 0.5 for gap in gaps], 0.4999, left)


def test_patience_is_longer_where_nothing_moves():
    """Three doublings beyond the first two means where the mean has moved, eight where it has not."""
    assert [_hopeless([2.0, *[1.0] * n], 0.1, 10) for n in (3, 4)] == [False, True]
    assert [_hopeless([1.0] * n, 0.1, 10) for n in (9, 10)] == [False, True]
    assert not _hopeless([math.inf, 3.0, 2.0], 0.1, 10)
