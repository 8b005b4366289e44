"""The ideal guidance of Theorem G.3 in the toy world, to any accuracy.

Given X_t = x, the clean point is again a mixture: component k with probability r_k, mean m_k and isotropic standard
deviation s_k. Hence

    exp H_t(x) = E[exp(beta psi(X_0)) | X_t = x] = sum_k r_k g(m_k/s_k),
    g(m) = E[exp(beta psi(m + xi))], xi ~ N(0, I).

For a score of the direction alone, g does not depend on the scale, so that one function of two variables serves all
noise levels and components. With rho = |m| and theta its angle it is a Fourier series,

    g(rho, theta) = sum_n c_n a_n(rho) exp(i n theta),
    a_n(rho) = sqrt(pi/8) rho exp(-rho^2/4) [I_((n-1)/2)(rho^2/4) + I_((n+1)/2)(rho^2/4)],

where c_n are the Fourier coefficients of exp(beta psi) on the circle and a_n the n-th moment of the angle of
(rho, 0) + xi. With rho = 2 tan(phi), log g is smooth and 2 pi-periodic in phi (negative rho is the opposite direction;
infinity is a point of symmetry), so that a periodic cubic spline in (phi, theta) keeps it; `smooth` says how well.

Paper: Theorem G.3 (190)-(193), Remark G.4.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.ndimage import spline_filter
from scipy.special import ive

from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import Row
from distributional_view.theory.samplers.world import Guidance
from distributional_view.theory.samplers.wrapped import Wrapped
from distributional_view.toy.diffused import as_arrays
from distributional_view.toy.planar import Numbers, PlanarWorld, Plane
from distributional_view.toy.scores import AngularScore

Averaging = Literal["exponential", "mean"]

_HALF_WAY = 2.0  # the rho at which phi = pi/4
_PHI_NODES, _THETA_NODES, _HARMONICS = 256, 256, 128


def angle_moments(rho: Float[np.ndarray, " r"], count: int) -> Float[np.ndarray, "r {count}"]:
    """a_n(rho) = E[cos(n angle((rho, 0) + xi))] for n = 0, ..., count - 1 and rho >= 0, inf included."""
    z = (np.minimum(rho, 1e6) ** 2 / 4)[:, None]
    orders = (np.arange(count) - 1) / 2
    lower = ive(np.abs(orders), z)  # I_(-1/2) differs from I_(1/2): n = 0 is set below
    moments = math.sqrt(math.pi / 2) * np.sqrt(z) * (lower + ive(orders + 1, z))
    moments[:, 0] = 1.0
    return np.where(np.isinf(rho)[:, None], 1.0, moments)


class SmoothedAngular(eqx.Module):
    """E[f(angle(m + s xi))] or its logarithm, as a spline in (phi, theta). Build with `smooth`."""

    coefficients: Float[Array, "p t"]

    def __call__(self, mean: Plane, deviation: Float[Array, "..."]) -> tuple[Numbers, Plane]:
        """The value at m = `mean` and s = `deviation` (which broadcast), and its gradient in m."""
        square = mean.x**2 + mean.y**2 + 1e-30  # 1e-30: a gradient of 0 at the origin instead of 0/0
        radius, half_way = jnp.sqrt(square), _HALF_WAY * deviation
        rows, columns = self.coefficients.shape
        i, along_phi, slope_phi = _basis(jnp.arctan2(radius, jnp.broadcast_to(half_way, radius.shape)), rows)
        j, along_theta, slope_theta = _basis(jnp.arctan2(mean.y, mean.x), columns)
        value, by_phi, by_theta = jnp.zeros_like(radius), jnp.zeros_like(radius), jnp.zeros_like(radius)
        table = self.coefficients.ravel()
        for a in range(4):
            start = ((i + (a - 1)) % rows) * columns
            along, slope = jnp.zeros_like(radius), jnp.zeros_like(radius)
            for b in range(4):
                node = table.at[start + (j + (b - 1)) % columns].get(mode="promise_in_bounds")
                along, slope = along + node * along_theta[b], slope + node * slope_theta[b]
            value, by_phi = value + along * along_phi[a], by_phi + along * slope_phi[a]
            by_theta = by_theta + slope * along_phi[a]
        by_theta = by_theta / square
        by_radius = by_phi * half_way / (square + half_way**2) / radius
        return value, Plane(by_radius * mean.x - by_theta * mean.y, by_radius * mean.y + by_theta * mean.x)


def _basis(angle: Numbers, nodes: int) -> tuple[Int[Array, "..."], tuple[Numbers, ...], tuple[Numbers, ...]]:
    """Index of the node below each angle, the four uniform cubic B-splines around it, and their slopes."""
    per_radian = nodes / (2 * math.pi)
    position = angle * per_radian
    below = jnp.floor(position)
    u = position - below
    v = 1 - u
    values = (v**3 / 6, 2 / 3 - u**2 + u**3 / 2, 2 / 3 - v**2 + v**3 / 2, u**3 / 6)
    slopes = tuple(per_radian * s for s in (-(v**2) / 2, 1.5 * u**2 - 2 * u, 2 * v - 1.5 * v**2, u**2 / 2))
    return below.astype(jnp.int32), values, slopes


def smooth(function: Callable[[Any], Any], logarithm: bool, dtype: Any = jnp.float64) -> SmoothedAngular:
    """Tabulate E[f(angle(m + s xi))] for a 2 pi-periodic f; f must be positive for its logarithm.

    The error of a logarithm grows with the range of log f, where f is smooth: 1e-7 at a range of 1 nat, 2e-6 at 4,
    2e-5 at 8 and 1e-3 at 16 nats, far from where f is large; a kink of f costs about 1e-5 beside it.
    """
    grid = 2 * math.pi * np.arange(2 * _HARMONICS) / (2 * _HARMONICS)
    harmonics = np.fft.rfft(np.asarray(function(grid), dtype=np.float64))[:_HARMONICS] / (2 * _HARMONICS)
    phi = 2 * math.pi * np.arange(_PHI_NODES) / _PHI_NODES
    quarter = phi[: _PHI_NODES // 4 + 1]
    with np.errstate(divide="ignore"):
        rho = np.where(quarter >= math.pi / 2 - 1e-12, np.inf, _HALF_WAY * np.tan(quarter))
    series = np.zeros((rho.size, _THETA_NODES // 2 + 1), dtype=complex)
    series[:, :_HARMONICS] = harmonics * angle_moments(rho, _HARMONICS)
    values = np.fft.irfft(series * _THETA_NODES, n=_THETA_NODES, axis=1)
    # phi and pi - phi are to have the same value; a negative phi is the opposite direction.
    upper = np.concatenate([values, values[-2::-1]])
    table = np.concatenate([upper, np.roll(upper[-2:0:-1], _THETA_NODES // 2, axis=1)])
    if logarithm:
        require(bool((table > 0).all()), "function", function, "positive")
        table = np.log(table)
    return SmoothedAngular(jnp.asarray(spline_filter(table, order=3, mode="grid-wrap"), dtype))


class ConditionalWorld(PlanarWorld):
    """A planar world whose guidance averages over X_0 given x_t, instead of plugging in its mean.

    With `smoothed` = the logarithm of E[exp(beta psi)], `averaging` = "exponential": the gradient is that of H_t, and
    EnergyDPS at tilt-like strength 1 is the ideal sampler of Theorem G.3. With `smoothed` = E[psi] and "mean": the
    gradient is that of E[psi(X_0) | X_t = x_t], to be used at strength beta. Build with `ideal_world`, `mean_world`.
    """

    smoothed: SmoothedAngular = eqx.field(kw_only=True)
    averaging: Averaging = eqx.field(static=True, kw_only=True)

    def __check_init__(self) -> None:
        require(self.averaging in get_args(Averaging), "averaging", self.averaging, f"one of {get_args(Averaging)}")

    def _guide(self, x_t: Plane, row: Row) -> Guidance:
        x0_hat, _, gradient = self._conditional(x_t, row)
        return Guidance(self.score(x0_hat), gradient, x0_hat)

    def expectation(self, x_t: Plane, row: Row) -> Numbers:
        """H_t(x_t), or E[psi(X_0) | x_t]; the `gradient` of `guidance` is its gradient."""
        return self._conditional(x_t, as_arrays(row, self.dtype))[1]

    def _conditional(self, x_t: Plane, row: Row) -> tuple[Plane, Numbers, Plane]:
        """x0_hat, the conditional expectation, and its gradient in x_t.

        r_k moves with x_t by sqrt(alpha_bar) (e_k - e_bar) r_k, and m_k by sqrt(alpha_bar) v_k/V_k.
        """
        shares, pulls, pull, x0_hat = self._posterior(x_t, row)
        variances = jnp.asarray(self.mixture.covariances[:, 0, 0], self.dtype)[:, None]
        ratios = variances / (row.signal**2 * variances + row.noise_variance)
        weights = jnp.stack(shares)
        e = Plane(jnp.stack([p.x for p in pulls]), jnp.stack([p.y for p in pulls]))
        means = Plane((x_t.x / row.signal)[None], (x_t.y / row.signal)[None]) + row.noise_variance * e
        values, slopes = self.smoothed(means, jnp.sqrt(ratios * row.noise_variance))
        offsets = Plane(e.x - pull.x[None], e.y - pull.y[None])
        if self.averaging == "exponential":
            potential = jax.nn.logsumexp(values, b=weights, axis=0)
            weights = weights * jnp.exp(values - potential[None])
            moved = self.scale(weights, offsets + self.scale(jnp.broadcast_to(ratios, values.shape), slopes))
        else:
            potential = (weights * values).sum(0)
            moved = self.scale(weights * values, offsets) + self.scale(weights * ratios, slopes)
        return x0_hat, potential, row.signal * Plane(moved.x.sum(0), moved.y.sum(0))


def ideal_world(world: PlanarWorld, multiplier: float) -> ConditionalWorld:
    """The world whose guidance is grad H_t for this beta: EnergyDPS at strength 1 ends in the tilt. Paper: (193).

    Raises:
        ValueError: if the score is not a continuous function of the angle, or beta is not finite.
    """
    psi = _angular(world)
    require(math.isfinite(multiplier), "multiplier", multiplier, "finite")
    table = smooth(lambda theta: np.exp(multiplier * psi.of_angle(theta)), logarithm=True, dtype=world.dtype)
    return ConditionalWorld(world.mixture, psi, world.schedule, world.dtype, smoothed=table, averaging="exponential")


class KnownPotential(Wrapped):
    """A planar world that offers H_t itself, for any multiplier: a `PotentialWorld` to test learned ones against.

    Paper: Theorem G.3. Its H_t.

    Args:
        world: a planar world with a score of the angle.

    Raises:
        ValueError: if the score is not a continuous function of the angle.
    """

    world: PlanarWorld

    def potential(self, x_t: Plane, row: Row, multiplier: float) -> Guidance:
        """H_t, its gradient, and x0_hat."""
        found = self._ideal(multiplier)
        return found.guidance(x_t, row)._replace(value=found.expectation(x_t, row))

    def expected_score(self, x_t: Plane, row: Row) -> Numbers:
        """E[psi(X_0) | X_t = x_t]."""
        return self._mean.expectation(x_t, row)

    @cached_property
    def _mean(self) -> ConditionalWorld:
        return mean_world(self.world)

    @cached_property
    def _known(self) -> dict[float, ConditionalWorld]:
        return {}

    def _ideal(self, multiplier: float) -> ConditionalWorld:
        if multiplier not in self._known:
            self._known[multiplier] = ideal_world(self.world, multiplier)
        return self._known[multiplier]


def mean_world(world: PlanarWorld) -> ConditionalWorld:
    """The world whose guidance is grad E[psi(X_0) | X_t = x_t], for use at strength beta. Ours: factor of two.

    Raises:
        ValueError: if the score is not a continuous function of the angle.
    """
    psi = _angular(world)
    table = smooth(psi.of_angle, logarithm=False, dtype=world.dtype)
    return ConditionalWorld(world.mixture, psi, world.schedule, world.dtype, smoothed=table, averaging="mean")


def _angular(world: PlanarWorld) -> AngularScore:
    psi = world.psi
    if not isinstance(psi, AngularScore) or not psi.wrapped:
        raise ValueError(f"world.psi = {psi!r}: must be a wrapped AngularScore, a continuous function of the angle")
    return psi
