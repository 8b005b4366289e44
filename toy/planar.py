"""The mixture in the plane as a quick world: closed-form guidance on separate coordinate arrays.

For isotropic components with variances v_k, at noise level alpha_bar, let V_k = alpha_bar v_k + 1 - alpha_bar,
y = x_t/sqrt(alpha_bar), e_k = (mu_k - y)/V_k and r_k the responsibilities. With bars for means over r_k,

    x0_hat = y + (1 - alpha_bar) e_bar,
    J v = sqrt(alpha_bar) [ mean(v_k/V_k) v + (1 - alpha_bar) mean((e_k - e_bar) (e_k - e_bar)' v) ],

where J, the derivative of x0_hat, is symmetric: it is sqrt(alpha_bar)/(1 - alpha_bar) times the covariance of X_0 given
x_t. The guidance is J grad psi(x0_hat). No difference of nearly equal numbers is left at either end of the schedule,
so that single precision suffices. The two coordinates are arrays of their own: a loop over particles then has no
inner loop of length two, and the compiler fuses a whole step into a few passes.

Paper: (209)-(211), Algorithm 1. The closed form of the gradient is our own.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, Shaped

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.world import Guidance, State, Step
from distributional_view.toy.diffused import as_arrays, compiled_loop
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.scores import Score

Numbers = Float[Array, "*n"]


class Plane(eqx.Module):
    """n points of the plane as two arrays; adds, subtracts and scales like an array."""

    x: Numbers
    y: Numbers
    __array_ufunc__ = None  # numpy's numbers leave the arithmetic to us

    def __add__(self, other: "Plane") -> "Plane":
        return Plane(self.x + other.x, self.y + other.y)

    def __sub__(self, other: "Plane") -> "Plane":
        return Plane(self.x - other.x, self.y - other.y)

    def __mul__(self, factor: Any) -> "Plane":
        return Plane(factor * self.x, factor * self.y)

    __rmul__ = __mul__


def as_numpy(x: Any) -> Shaped[np.ndarray, "n ..."]:
    """Points or numbers as a numpy array in double precision: (n, 2) or (n,)."""
    if isinstance(x, Plane):
        return np.stack([np.asarray(x.x, np.float64), np.asarray(x.y, np.float64)], axis=1)
    return np.asarray(x, dtype=np.float64)


class PlanarNoise(eqx.Module):
    """Standard normal points, one set for each step index, all from one key."""

    key: PRNGKeyArray
    n: int = eqx.field(static=True)
    dtype: Any = eqx.field(static=True)

    def __call__(self, index: int | Int[Array, ""]) -> Plane:
        keys = jax.random.split(jax.random.fold_in(self.key, index))
        return Plane(*(jax.random.normal(key, (self.n,), self.dtype) for key in keys))


class PlanarWorld(eqx.Module):
    """A mixture of isotropic Gaussians in the plane, with any weights, means and variances; points are `Plane`.

    Args:
        mixture: the prior p.
        psi: the intrinsic score.
        schedule: noise levels of the reverse process.
        dtype: precision of all points.

    Raises:
        ValueError: if the mixture is not in the plane or a component is not isotropic.
    """

    mixture: GaussianMixture
    psi: Score
    schedule: NoiseSchedule = eqx.field(static=True)
    dtype: Any = eqx.field(static=True, default=jnp.float32)

    def __check_init__(self) -> None:
        if isinstance(self.mixture.means, jax.core.Tracer):
            return
        d = self.mixture.means.shape[1]
        require(d == 2, "mixture dimension", d, "2")
        covariances = np.asarray(self.mixture.covariances, dtype=np.float64)
        isotropic = np.allclose(covariances, covariances[:, :1, :1] * np.eye(2), rtol=1e-6, atol=0)
        require(isotropic, "mixture.covariances", covariances.tolist(), "multiples of the identity: use MixtureWorld")

    def sample_prior(self, seed: int, n: int) -> Plane:
        """n draws from p."""
        return self._plane(self.mixture.sample(jax.random.key(seed), n))

    def noise(self, seed: int, n: int) -> PlanarNoise:
        """Standard normal points for each step index."""
        return PlanarNoise(jax.random.key(seed), n, self.dtype)

    def _posterior(self, x_t: Plane, row: Row) -> tuple[list[Numbers], list[Plane], Plane, Plane]:
        """Responsibilities r_k, the e_k, their mean, and x0_hat; see the module's docstring."""
        weights, means, variances = (
            jnp.asarray(a, self.dtype)
            for a in (self.mixture.weights, self.mixture.means, self.mixture.covariances[:, 0, 0])
        )
        k_range = range(len(weights))
        y = Plane(x_t.x / row.signal, x_t.y / row.signal)
        variances_t = row.signal**2 * variances + row.noise_variance
        pulls = [Plane((means[k, 0] - y.x) / variances_t[k], (means[k, 1] - y.y) / variances_t[k]) for k in k_range]
        logs = [
            jnp.log(weights[k] / variances_t[k]) - (0.5 * row.signal**2 * variances_t[k]) * self.dot(pulls[k], pulls[k])
            for k in k_range
        ]
        highest = logs[0]
        for log in logs[1:]:
            highest = jnp.maximum(highest, log)
        shares = [jnp.exp(log - highest) for log in logs]
        one_over = 1 / sum(shares[1:], shares[0])
        shares = [one_over * share for share in shares]
        pull = _mean(shares, pulls)
        return shares, pulls, pull, y + row.noise_variance * pull

    def denoise(self, x_t: Plane, row: Row) -> Plane:
        """x0_hat = E[X_0 | X_t = x_t]."""
        return _denoise(self, x_t, as_arrays(row, self.dtype))

    def guidance(self, x_t: Plane, row: Row) -> Guidance:
        """psi(x0_hat), its gradient through the denoiser in closed form, and x0_hat."""
        return _guidance(self, x_t, as_arrays(row, self.dtype))

    def _guide(self, x_t: Plane, row: Row) -> Guidance:
        shares, pulls, pull, x0_hat = self._posterior(x_t, row)
        value, slope = self._score_gradient(x0_hat)
        variances = jnp.asarray(self.mixture.covariances[:, 0, 0], self.dtype)
        ratios = variances / (row.signal**2 * variances + row.noise_variance)
        within = sum((ratios[k] * share for k, share in enumerate(shares)), jnp.zeros_like(shares[0]))
        between = Plane(jnp.zeros_like(within), jnp.zeros_like(within))
        for share, e in zip(shares, pulls, strict=True):
            offset = e - pull
            between = between + self.scale(share * self.dot(offset, slope), offset)
        gradient = row.signal * (self.scale(within, slope) + row.noise_variance * between)
        return Guidance(value, gradient, x0_hat)

    def score(self, x: Plane) -> Numbers:
        """psi at clean points."""
        return self.psi.at(x.x, x.y)

    def score_gradient(self, x: Plane) -> tuple[Numbers, Plane]:
        """psi and its gradient at clean points."""
        return _score_gradient(self, x)

    def _score_gradient(self, x: Plane) -> tuple[Numbers, Plane]:
        """psi acts on each point alone, so that one sweep gives all gradients."""
        value, pullback = jax.vjp(lambda p: self.score(p), x)
        return value, pullback(jnp.ones_like(value))[0]

    def scale(self, factors: Shaped[Array, "*n"], x: Plane) -> Plane:
        """Each point times its own factor (a number or a truth value)."""
        return Plane(factors * x.x, factors * x.y)

    def dot(self, x: Plane, y: Plane) -> Numbers:
        """Inner product of each pair of points."""
        return x.x * y.x + x.y * y.y

    def take(self, x: Plane, indices: Shaped[np.ndarray, " m"]) -> Plane:
        """The points with these indices."""
        return Plane(x.x[indices], x.y[indices])

    def loop(self, step: Step[State], x: State, rows: Row, noise: Any, progress: Progress | None = None) -> State:
        """All steps in one compiled scan; progress is reported at the end."""
        return compiled_loop(self, step, x, rows, noise, progress)

    def to_numpy(self, x: Plane | Shaped[Array, " n"]) -> Shaped[np.ndarray, "n ..."]:
        """A copy in numpy's double precision: (n, 2) for points, (n,) for numbers."""
        return as_numpy(x)

    def from_numpy(self, x: Shaped[np.ndarray, "n 2"]) -> Plane:
        """Points from a numpy array (n, 2)."""
        return self._plane(x)

    def _plane(self, x: Any) -> Plane:
        return Plane(jnp.asarray(x[:, 0], self.dtype), jnp.asarray(x[:, 1], self.dtype))


@eqx.filter_jit
def _denoise(world: PlanarWorld, x_t: Plane, row: Row) -> Plane:
    return world._posterior(x_t, row)[-1]


@eqx.filter_jit
def _guidance(world: PlanarWorld, x_t: Plane, row: Row) -> Guidance:
    return world._guide(x_t, row)


@eqx.filter_jit
def _score_gradient(world: PlanarWorld, x: Plane) -> tuple[Numbers, Plane]:
    return world._score_gradient(x)


def _mean(shares: list[Numbers], points: list[Plane]) -> Plane:
    """Mean of points with these shares."""
    total = Plane(shares[0] * points[0].x, shares[0] * points[0].y)
    for share, point in zip(shares[1:], points[1:], strict=True):
        total = total + Plane(share * point.x, share * point.y)
    return total
