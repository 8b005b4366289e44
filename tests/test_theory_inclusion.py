"""Drawing without duplicates: how often each point is drawn, and what is refused."""

import numpy as np
import pytest

from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample


@pytest.mark.many_calls
def test_inclusion_probabilities_are_the_weights_times_k():
    w = np.array([0.02, 0.3, 0.08, 0.25, 0.05, 0.1, 0.2])
    assert inclusion_probabilities(w, 3) == pytest.approx(3 * w)
    capped = inclusion_probabilities(w, 5)
    assert capped[[1, 3, 6]] == pytest.approx(1.0)
    rest = [0, 2, 4, 5]
    assert capped[rest] == pytest.approx(2 * w[rest] / w[rest].sum())
    offsets = (np.arange(20_000) + 0.5) / 20_000
    for pi in (3 * w, capped):
        hits = np.zeros(7)
        for offset in offsets:
            drawn = systematic_sample(pi, float(offset))
            assert len(set(drawn.tolist())) == round(pi.sum())
            hits[drawn] += 1
        assert hits / offsets.size == pytest.approx(pi, abs=2e-4)
    assert (inclusion_probabilities(w, 7) == 1).all()
    tiny = np.array([1.0, 1e-300, 1e-320, 0.0])
    assert inclusion_probabilities(tiny, 2) == pytest.approx([1, 1, 0, 0])
    for k in (0, 4):
        with pytest.raises(ValueError, match=rf"k = {k}: must be in 1\.\.3, the number of points with a weight > 0"):
            inclusion_probabilities(tiny, k)
    with pytest.raises(ValueError, match=r"sum\(probabilities\) = 1\.5: must be a whole number"):
        systematic_sample(np.array([0.5, 1.0]), 0.1)
    assert systematic_sample(np.array([0.5, 0.5]), 0.0).tolist() == [0]  # an offset of 0 is permitted
    with pytest.raises(ValueError, match=r"offset = 1\.0: must be in \[0, 1\)"):
        systematic_sample(np.array([0.5, 0.5]), 1.0)
