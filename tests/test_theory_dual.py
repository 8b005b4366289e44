"""The dual of a mean: its units, when it is given up, and what is said of a demand that it does not reach."""

import numpy as np
import pytest

from distributional_view.theory import InfeasibleTarget, task_injected
from distributional_view.theory.measures import dual, tasks

THIRDS = np.full(3, 1 / 3)


def test_deviations_in_the_units_of_each_feature():
    """By hand, for ranges below, at and above 1; 1 for a feature that is constant where there is mass."""
    masses = np.array([0.5, 0.5, 0.0])
    features = np.array([[0.0, 0.5, 9.0], [1.0, 2.0, 9.0], [-3.0, 3.0, 9.0], [7.0, 7.0, 9.0], [0.0, 1e-200, 9.0]])
    assert dual.deviations(masses, features).tolist() == [0.25, 0.5, 3.0, 1.0, 5e-201]


@pytest.mark.parametrize("level", [2.5, 1e3, -0.5])
def test_a_dual_without_an_end_is_given_up_soon(monkeypatch, level):
    """No q on {0, 1, 2} has that mean: the dual has passed log 3 after a few steps, and 200 are permitted."""
    calls = []
    logsumexp = dual.logsumexp
    monkeypatch.setattr(dual, "logsumexp", lambda logs: calls.append(logs) or logsumexp(logs))
    assert dual.dual_optimum(THIRDS, np.array([[0.0, 1.0, 2.0]]), np.array([level])) is None
    assert 0 < len(calls) < 40


def test_a_demand_that_the_dual_does_not_reach(monkeypatch):
    """Where only the search fails, the error gives the largest mean that there is, and does not say that it is less."""
    monkeypatch.setattr(tasks, "dual_optimum", lambda *_: None)
    message = r"task_target = 2.0: cannot be told from the largest E\[g\] with E\[psi\] >= {}, 2.0, in double"
    for target in (-1.0, 0.5):
        with pytest.raises(InfeasibleTarget, match=message.format(target)):
            task_injected([0.0, 1.0, 2.0], target, task=[0.0, 1.0, 2.0], task_target=2.0, masses=THIRDS)
