"""The exact law of the toy world's cosine score, in ball arithmetic, from its definition alone.

Four modes N(mu_k, I) with |mu_k| = r (lengths in units of sigma) at the angles pi/4 + k pi/2, and the score
psi = scale (1 - cos d) of the deviation d from the direction pi/4. In polar coordinates the density of the angle is
the radial integral of rho exp(-|rho u - mu|^2/2)/(2 pi); completing the square with D = u . mu = r cos(d - k pi/2),

    exp(-r^2/2)/(2 pi) integral of rho exp(rho D - rho^2/2) = exp(-r^2/2)/(2 pi) (1 + D Phi(D)/phi(D)).

Modes come in pairs +-D, and D (Phi(D) - Phi(-D))/phi(D) = sqrt(2 pi) D erf(D/sqrt 2) exp(D^2/2) =: H(D) is even and
entire. Folding d and -d together, the density of |d| on [0, pi] is

    g(d) = exp(-r^2/2)/(4 pi) (4 + H(r cos d) + H(r sin d)).

Every value is a ball that holds the truth. Multipliers and thresholds are isolated by a change of sign.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flint import acb, arb, ctx, fmpq

from distributional_view.proofs_check.balls import bracket, q
from distributional_view.proofs_check.evidence import Rejected

BITS = 160
TARGETS = (5, 6, 7)
Integrand = Callable[[acb], acb]


def enclosed_integral(f: Integrand, low: arb, high: arb) -> arb:
    """The integral of an entire f over [low, high]; the ends may be balls."""
    width = acb(high - low)
    return (width * acb.integral(lambda s, _: f(low + width * s), 0, 1)).real


def isolated(f: Callable[[arb], arb], slope: Callable[[arb], arb], low: fmpq, high: fmpq, step: str) -> arb:
    """A ball of radius 1e-36 around a zero of f: bisection, Newton, then a proved change of sign."""
    low, high = bracket(f, low, high, fmpq(1, 50), step)
    x, radius = arb((low + high) / 2), arb("1e-36").upper()
    for _ in range(12):
        change = f(x) / slope(x)
        x = (x - change).mid()
        if abs(change) < arb("1e-20"):  # the next change would be below the radius
            break
    if not f(x - radius) * f(x + radius) < 0:
        raise Rejected(f"{step}: no proved change of sign around Newton's limit", x=x, f=f(x))
    return x + arb(0, 1) * radius


@dataclass(frozen=True)
class AngularWorld:
    """The world's constants as decimal text, so that balls hold the decimals themselves.

    Args:
        radius: of the modes, in units of sigma.
        scale: of the score.
        margin: of the shell.
        step: of the target.
        weight: total mass of the density; another one than 1 makes it no density.
    """

    radius: str
    scale: str
    margin: str
    step: str
    weight: str = "1"

    def density(self, d: acb) -> acb:
        """g(d), the density of the deviation on [0, pi]."""
        return shapes(self)[0](d)

    def score(self, d: acb) -> acb:
        """psi at a deviation."""
        return shapes(self)[1](d)

    def angle(self, level: arb) -> arb:
        """The deviation at which psi equals the level."""
        return (1 - level / arb(q(self.scale))).acos()

    def moment(self, f: Integrand, low: arb, high: arb | None = None, tilt: arb | int = 0, at: arb | int = 0) -> arb:
        """The integral of f(d) exp(tilt (psi - at)) g(d) over deviations from low to high (pi if None)."""
        g, psi = shapes(self)
        return enclosed_integral(
            lambda d: f(d) * (tilt * (psi(d) - at)).exp() * g(d), low, arb.pi() if high is None else high
        )

    def mass(self, low: arb, high: arb | None = None, tilt: arb | int = 0, at: arb | int = 0) -> arb:
        """`moment` of 1."""
        return self.moment(lambda d: acb(1), low, high, tilt, at)

    def hard_angle(self, target: arb) -> arb:
        """The deviation u with E[psi | d >= u] = target.

        G(u) = E[(psi - target); d >= u] has slope (target - psi(u)) g(u) > 0 while psi(u) < target: one zero there.
        """

        g, psi = shapes(self)

        def rest(u: arb) -> arb:
            return self.moment(lambda d: psi(d) - target, u)

        def slope(u: arb) -> arb:
            return ((target - psi(acb(u))) * g(acb(u))).real

        high = fmpq(int(1000 * float(self.angle(target))) - 1, 1000)
        return isolated(rest, slope, fmpq(0), high, f"threshold for the target {target.str(6, radius=False)}")

    def multiplier(self, target: arb) -> arb:
        """The beta with E_(q_beta)[psi] = target: F(beta) = E[(psi - target) exp(beta (psi - target))] increases."""

        psi = shapes(self)[1]

        def moment(power: int, beta: arb) -> arb:
            return self.moment(lambda d: (psi(d) - target) ** power, arb(0), None, beta, target)

        return isolated(
            lambda b: moment(1, b),
            lambda b: moment(2, b),
            fmpq(0),
            fmpq(4),
            f"multiplier for the target {target.str(6, radius=False)}",
        )


@cache
def shapes(world: AngularWorld) -> tuple[Integrand, Integrand]:
    """Density and score of a deviation, as plain lambdas with their constants at hand: quadrature calls them often."""
    with ctx.workprec(BITS + 32):
        r, scale, root, root_pi = arb(q(world.radius)), arb(q(world.scale)), arb(2).sqrt(), (2 * arb.pi()).sqrt()
        front = arb(q(world.weight)) * (-r * r / 2).exp() / (4 * arb.pi())
    paired: Integrand = lambda D: D * (D / root).erf() * (D * D / 2).exp() * root_pi  # noqa: E731
    return lambda d: (4 + paired(r * d.cos()) + paired(r * d.sin())) * front, lambda d: scale * (1 - d.cos())


@dataclass(frozen=True)
class Solutions:
    """Both solutions at a target: the deviation u of the threshold, the multiplier, both in balls."""

    world: AngularWorld
    target: arb
    u: arb
    beta: arb

    @property
    def threshold(self) -> arb:
        """psi(u)."""
        return self.world.score(acb(self.u)).real

    @property
    def shell_end(self) -> arb:
        """The deviation at which psi is the threshold plus the margin."""
        return self.world.angle(self.threshold + q(self.world.margin))

    @property
    def survival(self) -> arb:
        """S at the threshold."""
        return self.world.mass(self.u)

    @property
    def log_partition(self) -> arb:
        """A(beta) = beta target + log E[exp(beta (psi - target))]."""
        return self.beta * self.target + self.tilted(arb(0)).log()

    def tilted(self, low: arb, high: arb | None = None) -> arb:
        """E[exp(beta (psi - target)); low <= d < high], unnormalised mass of q_beta."""
        return self.world.mass(low, high, self.beta, self.target)


@cache
def solutions(world: AngularWorld, target: fmpq) -> Solutions:
    """Calibrated solutions at a target."""
    with ctx.workprec(BITS):
        level = arb(target)
        return Solutions(world, level, world.hard_angle(level), world.multiplier(level))


def pair(world: AngularWorld, target: int) -> tuple[Solutions, Solutions]:
    """The solutions at a target and one step beyond it."""
    return solutions(world, fmpq(target)), solutions(world, target + q(world.step))


@cache
def recovered_world() -> AngularWorld:
    """The constants in `toy/recovered.json`.

    Raises:
        ValueError: if they describe another kind of world than this module's.
    """
    text = files("distributional_view.toy").joinpath("recovered.json").read_text()
    record = json.loads(text, parse_float=str)
    kept = record["worlds"][record["winner"]]["world"]
    kind = {name: kept[name] for name in ("score", "layout", "wrapped")}
    if kind != {"score": "cosine", "layout": "diagonal", "wrapped": True} or float(kept["sigma"]) != 1:
        raise ValueError(f"recovered world = {kept!r}: must be a cosine score, modes on the diagonals, sigma = 1")
    return AngularWorld(kept["radius"], kept["score_scale"], kept["margin"], kept["target_step"])


@cache
def table2(world: AngularWorld) -> dict[tuple[float, str], dict[str, arb]]:
    """(target, method) -> boundary mass, TV step and exact KL, as balls. Both shells start at the hard threshold."""
    table = {}
    with ctx.workprec(BITS):
        for target in TARGETS:
            now, then = pair(world, target)
            table[float(target), "hard"] = {
                "boundary_mass": world.mass(now.u, now.shell_end) / now.survival,
                "tv_step": 1 - then.survival / now.survival,
                "kl": -now.survival.log(),
            }
            table[float(target), "klsc"] = {
                "boundary_mass": now.tilted(now.u, now.shell_end) / now.tilted(now.u),
                "tv_step": tilted_tv(now, then),
                "kl": -now.tilted(arb(0)).log(),
            }
    return table


def tilted_tv(now: Solutions, then: Solutions) -> arb:
    """TV of two tilts: their ratio grows with psi and is 1 at psi = (A2 - A1)/(beta2 - beta1)."""
    crossing = (then.log_partition - now.log_partition) / (then.beta - now.beta)
    c = now.world.angle(crossing)
    return then.tilted(c) / then.tilted(arb(0)) - now.tilted(c) / now.tilted(arb(0))
