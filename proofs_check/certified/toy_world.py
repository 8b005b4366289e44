"""Appendix H's calibration in balls: both solutions of the recovered world have the mean that is asked for."""

from flint import acb, arb, ctx

from distributional_view.proofs_check.angular_world import BITS, TARGETS, pair, recovered_world, shapes
from distributional_view.proofs_check.evidence import evidence, expect

RADIUS = arb("1e-30")


@evidence(
    "Appendix H",
    "certified",
    controls={
        "the tilt of a target one step further": {"ahead": 1},
        "E[psi; psi >= t], not conditional": {"conditional": False},
        "modes that pull the mean off": {"lean": "0.1"},
    },
    constants=("conditional",),
)
def matched_means(ahead: int = 0, conditional: bool = True, lean: str = "0") -> str:
    """(198)-(200): E[psi] is the target under truncation and tilt; (194)-(195): E_p[psi] is the score's scale."""
    world, shown = recovered_world(), []
    psi = shapes(world)[1]
    with ctx.workprec(BITS):
        natural = world.moment(lambda d: psi(d) * (1 + arb(lean) * d.cos()), arb(0))
        expect((natural - arb(world.scale)).overlaps(arb(0)), "E_p[psi] = scale, by symmetry", natural=natural)
        expect(abs(world.mass(arb(0)) - 1) < RADIUS, "the density of the angle has mass 1")
        for target in TARGETS:
            now, tilted = pair(world, target)[0], pair(world, target)[ahead]
            hard = world.moment(lambda d: psi(d), now.u) / (now.survival if conditional else acb(1).real)
            soft = world.moment(lambda d: psi(d), arb(0), None, tilted.beta, tilted.target) / tilted.tilted(arb(0))
            for name, mean in (("hard", hard), ("klsc", soft)):
                expect(abs(mean - target) < RADIUS, f"E[psi] = {target} under {name}", mean=mean)
            shown.append(
                f"t = {now.threshold.str(11, radius=False)}, beta = {now.beta.str(11, radius=False)} at {target}"
            )
    return "both means are the target to 30 digits: " + "; ".join(shown)
