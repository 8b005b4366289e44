"""What a calibration that fails says of the way there."""

from distributional_view.theory.samplers.knobs import _PATIENCE, _course


def test_the_last_doublings_are_told_and_not_the_first():
    """The mean first came 8 nearer, then went away again by 1."""
    gaps = [10.0 - 8.0 * k / _PATIENCE for k in range(_PATIENCE + 1)]
    gaps += [2.0 + k / _PATIENCE for k in range(1, _PATIENCE + 1)]
    assert _course(gaps).endswith(f"{_PATIENCE} doublings the mean moved away from it")
    assert _course(gaps[: _PATIENCE + 1]).endswith(f"{_PATIENCE} doublings the mean came no more than 8 nearer")
