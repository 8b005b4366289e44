"""Wrong statements and wrong code that property and sampled checks once accepted: each is rejected now."""

import importlib
import math

import numpy as np
import pytest

from distributional_view.proofs_check.evidence import Rejected, attacked
from distributional_view.theory.samplers.ascent import Ascent
from tests.support.drawn import Drawn

constraints, definitions = (
    importlib.import_module(f"tests.evidence_property_{n}") for n in ("constraints", "definitions")
)
reversal, guidance, plug_in, optimisation = (
    importlib.import_module(f"tests.evidence_sampled_{n}") for n in ("reversal", "guidance", "plug_in", "optimisation")
)

WRONG = [
    pytest.param(constraints.truncation_is_minimal, {"value": lambda hard: 0.0}, id="the value 0"),
    pytest.param(constraints.tilt_is_minimal, {"value": lambda klsc: 0.0}, id="the value 0 of the tilt"),
    pytest.param(constraints.tilted_mean_rises_at_the_variance, {"factor": 1.5}, id="1.5 beta"),
    pytest.param(
        constraints.moments_bound_the_mean,
        {"log_partition": lambda law, b: law.log_partition(b) + b * b},
        id="A + beta^2",
    ),
    pytest.param(constraints.kl_between_truncations, {"power": 2.0}, id="S^2 for S"),
    pytest.param(definitions.tilting_lowers_the_hazard, {"shift": 1.02}, id="1.02 beta in the hazard"),
    pytest.param(plug_in.plug_in_samples_twice_the_tilt, {"factor": 1.9}, id="1.9 for the factor of two"),
    pytest.param(plug_in.plug_in_samples_twice_the_tilt, {"factor": 2.1}, id="2.1 for the factor of two"),
    pytest.param(reversal.gaussians_are_reversed, {"score": 0.9}, id="a tenth of the drift missing"),
    pytest.param(guidance.samples_are_those_of_the_lines, {"cap": 4.3}, id="a cap of 4.3"),
    pytest.param(guidance.samples_are_those_of_the_lines, {"cap": 4.6}, id="a cap of 4.6"),
    pytest.param(optimisation.basins_set_the_failure_rate, {"share": lambda border: 0.53}, id="a basin of 0.53"),
    pytest.param(optimisation.basins_set_the_failure_rate, {"share": lambda border: 0.65}, id="a basin of 0.65"),
    pytest.param(
        optimisation.ascents_miss_what_draws_hit,
        {"exponent": lambda delta: 2.7 * delta**2 / 4},
        id="2.7 times the exponent",
    ),
    pytest.param(optimisation.ascents_miss_what_draws_hit, {"ball": lambda d, delta: math.log(42)}, id="q(B) = 42"),
]


@pytest.mark.parametrize(("check", "arguments"), WRONG)
def test_wrong_statements_are_rejected(check, arguments):
    with attacked(), pytest.raises(AssertionError):
        check(**arguments)


def test_replaced_particles_are_noticed(monkeypatch):
    right = guidance.energy_dps

    def one_replaced(*args, **kwargs):
        x = np.array(right(*args, **kwargs))
        x[0] += 0.01
        return x

    monkeypatch.setattr(guidance, "energy_dps", one_replaced)
    with pytest.raises(Rejected, match="every sample is that of the lines"):
        guidance.samples_are_those_of_the_lines()


@pytest.mark.parametrize(
    "check", [optimisation.ascents_end_near_the_maximiser, optimisation.ascents_miss_what_draws_hit]
)
def test_an_optimiser_off_by_three_is_noticed(monkeypatch, check):
    right = Ascent.climb
    monkeypatch.setattr(Ascent, "climb", lambda self, penalty: (c := right(self, penalty))._replace(x=c.x + 3.0))
    with pytest.raises(Rejected, match=r"F\.5|maximum|x_hat"):
        check()


def test_a_region_that_was_not_reached_fails():
    drawn = Drawn("both active")
    drawn.note({"both active": False})
    with pytest.raises(Rejected, match="every region is reached"):
        drawn.reached(1)
