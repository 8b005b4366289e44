"""Independent oracles in high precision (mpmath): nothing here imports the code that it checks.

Numbers come back as mpmath floats at the working precision of the caller.
"""

from collections.abc import Callable, Sequence

import mpmath as mp


def normal_survival(z: float) -> mp.mpf:
    """P(Z >= z), Z ~ N(0, 1)."""
    return mp.erfc(mp.mpf(z) / mp.sqrt(2)) / 2


def normal_hazard(z: float) -> mp.mpf:
    """phi(z)/P(Z >= z)."""
    return mp.npdf(mp.mpf(z)) / normal_survival(z)


def normal_mean_residual(z: float) -> mp.mpf:
    """E[Z - z | Z >= z]; needs working digits beyond those that lambda(z) - z cancels."""
    return normal_hazard(z) - mp.mpf(z)


def normal_shell_mass(z: float, width: float) -> mp.mpf:
    """P(z <= Z < z + width | Z >= z)."""
    z, width = mp.mpf(z), mp.mpf(width)
    return 1 - mp.erfc((z + width) / mp.sqrt(2)) / mp.erfc(z / mp.sqrt(2))


def angle_density(
    theta: float,
    weights: Sequence[float],
    means: Sequence[Sequence[float]],
    covariances: Sequence[Sequence[Sequence[float]]],
) -> mp.mpf:
    """Density of the polar angle of a 2D mixture: the radial integral of r p(r cos, r sin), by adaptive quadrature."""
    c, s = mp.cos(mp.mpf(theta)), mp.sin(mp.mpf(theta))
    total = mp.mpf(0)
    for weight, mean, cov in zip(weights, means, covariances, strict=True):
        (a, b), (_, d) = [[mp.mpf(float(v)) for v in row] for row in cov]
        m0, m1 = (mp.mpf(float(v)) for v in mean)
        det = a * d - b * b

        def integrand(r: mp.mpf) -> mp.mpf:
            x, y = r * c - m0, r * s - m1  # noqa: B023 - used in this pass of the loop only
            quadratic = d * x * x - 2 * b * x * y + a * y * y  # noqa: B023
            return r * mp.exp(-quadratic / (2 * det)) / (2 * mp.pi * mp.sqrt(det))  # noqa: B023

        centre = max(mp.mpf(0), m0 * c + m1 * s)
        spread = mp.sqrt(max(a, d))
        stops = [
            mp.mpf(0),
            centre + spread * mp.mpf("0.5"),
            centre + 3 * spread,
            centre + 8 * spread,
            centre + 30 * spread,
        ]
        total += mp.mpf(float(weight)) * mp.quad(integrand, stops)
    return total


def integral(f: Callable[[mp.mpf], mp.mpf], points: Sequence[float]) -> mp.mpf:
    """Adaptive quadrature over consecutive intervals."""
    return mp.quad(f, [mp.mpf(float(p)) for p in points])


def relative_error(value: float, truth: mp.mpf) -> float:
    """|value - truth|/|truth|, or |value| where the truth is 0."""
    return float(abs(mp.mpf(float(value)) - truth) / abs(truth)) if truth != 0 else abs(float(value))
