"""The project's exact Table 2 lies within ten digits of the certified one, which shares no code with it."""

import pytest
from flint import arb

from distributional_view.proofs_check.angular_world import recovered_world, table2
from distributional_view.toy.table2 import exact_table
from distributional_view.toy.world import paper_world

METRICS = ("boundary_mass", "tv_step", "kl")


@pytest.fixture(scope="module")
def tables():
    return exact_table(paper_world(), smooth=False), table2(recovered_world())


def test_both_have_the_same_rows(tables):
    ours, certified = tables
    assert ours.keys() == certified.keys()
    assert len(certified) == 6


@pytest.mark.parametrize("metric", METRICS)
def test_ten_certified_digits(tables, metric):
    ours, certified = tables
    for key, row in certified.items():
        truth = row[metric]
        assert truth.rad() < arb("1e-25") * abs(truth), (key, metric, truth)
        error = abs(arb(float(ours[key][metric])) / truth - 1)
        assert error < arb("1e-10"), (key, metric, ours[key][metric], truth.str(15), error.str(3))


def test_the_angular_density_is_the_radial_integral():
    """The closed form against the integral of rho p(rho, theta), both sides of the diagonal, and its total is 1."""
    from flint import acb, ctx

    with ctx.workprec(128):
        world = recovered_world()
        r = arb(world.radius)
        assert abs(world.mass(arb(0)) - 1) < arb("1e-25")
        for d in (arb("0.1"), arb("0.9"), arb(2), arb("3.1")):
            total = arb(0)
            for k in range(4):
                D = r * (d - k * arb.pi() / 2).cos()
                end = arb(30)  # what lies beyond is below 30 exp(-27^2/2) < 1e-100
                radial = acb.integral(lambda rho, _, D=D: rho * (rho * D - rho * rho / 2).exp(), 0, end).real
                total += 2 * (-r * r / 2).exp() / (2 * arb.pi()) * radial / 4
            assert abs(total / world.density(acb(d)).real - 1) < arb("1e-25")
