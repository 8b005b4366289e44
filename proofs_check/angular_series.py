"""The same world by Fourier series: masses and tilted masses without a density and without quadrature.

For X ~ N(mu, I) in the plane with |mu| = r, the angle Theta from mu has, with z = r^2/4,

    E cos(n Theta) = rho_n = sqrt(pi/8) r e^-z (I_((n-1)/2)(z) + I_((n+1)/2)(z)).

Four equal modes a quarter turn apart leave the frequencies n = 0, 4, 8, ..., and rho_0 = 1: the deviation |d| has, on
[0, pi], the density (1 + 2 sum rho_n cos(n d))/pi. With psi = scale (1 - cos d) and b = beta scale, Jacobi and Anger's

    exp(-b cos d) = I_0(b) + 2 sum (-1)^m I_m(b) cos(m d)

makes tilted masses double sums of integrals of cosines. What a sum leaves out is at most twice its last term's bound,

    I_nu(z) <= (z/2)^nu e^z/Gamma(nu + 1),

as these bounds fall by more than half from one term to the next. Nothing here uses `AngularWorld`'s density.
"""

from functools import cache

from flint import arb, ctx

from distributional_view.proofs_check.angular_world import BITS, AngularWorld
from distributional_view.proofs_check.balls import q

TERMS, FREQUENCIES = 24, 96
"""Modes keep the frequencies up to 4 TERMS, tilts up to FREQUENCIES."""


def _bessel(order: arb, z: arb) -> arb:
    return z.bessel_i(order)


def _bessel_bound(order: arb, z: arb) -> arb:
    return ((z / 2).log() * order + z - (order + 1).lgamma()).exp()


@cache
def harmonics(world: AngularWorld) -> tuple[list[arb], arb]:
    """rho_0, rho_4, rho_8, ... and a bound of the sum of all that are left out."""
    with ctx.workprec(2 * BITS):
        r = arb(q(world.radius))
        z = r * r / 4
        front = (arb.pi() / 8).sqrt() * r * (-z).exp()

        def rho(n: int) -> arb:
            return front * (_bessel(arb(n - 1) / 2, z) + _bessel(arb(n + 1) / 2, z))

        beyond = 4 * front * _bessel_bound(arb(4 * TERMS + 3) / 2, z)  # two orders, twice the first of each
        return [rho(4 * k) for k in range(TERMS + 1)], beyond


def _cosine(n: int, low: arb, high: arb) -> arb:
    """The integral of cos(n d)."""
    return high - low if n == 0 else ((n * high).sin() - (n * low).sin()) / n


def _sum(world: AngularWorld, low: arb, high: arb, tilt: arb, at: arb) -> arb:
    rho, beyond = harmonics(world)
    b = tilt * arb(q(world.scale))
    wave = [(-1) ** m * _bessel(arb(m), b) * (1 if m == 0 else 2) for m in range(FREQUENCIES + 1)]
    cut = arb(0) if b == 0 else 4 * _bessel_bound(arb(FREQUENCIES + 1), abs(b))
    integrals = [_cosine(n, low, high) for n in range(FREQUENCIES + 4 * TERMS + 1)]
    total, most = arb(0), abs(b).exp() + cut
    for k, r in enumerate(rho):
        for m, w in enumerate(wave):
            weight = r * w * (1 if k == 0 else 2)
            total += weight * (integrals[abs(4 * k - m)] + integrals[4 * k + m]) / 2
    size = 1 + 2 * sum((abs(r) for r in rho[1:]), arb(0))
    left_out = (2 * beyond * most + cut * (size + 2 * beyond)) * arb.pi()
    return (total + arb(0, 1) * left_out.upper()) / arb.pi() * (tilt * (arb(q(world.scale)) - at)).exp()


def mass(world: AngularWorld, low: arb, high: arb | None = None, tilt: arb | int = 0, at: arb | int = 0) -> arb:
    """E[exp(tilt (psi - at)); low <= |d| < high], high = pi if None."""
    with ctx.workprec(2 * BITS):
        return _sum(world, low, arb.pi() if high is None else high, arb(tilt), arb(at))


def density(world: AngularWorld, d: arb) -> arb:
    """The density of |d| on [0, pi]."""
    rho, beyond = harmonics(world)
    total = 1 + 2 * sum((r * (4 * k * d).cos() for k, r in enumerate(rho) if k), arb(0))
    return (total + arb(0, 1) * (2 * beyond).upper()) / arb.pi()
