"""The mixture as a world for samplers, in the readable form: oracle score, Tweedie, automatic differentiation.

The diffused mixture has a closed-form score; Tweedie's formula x0_hat = (x_t + (1 - alpha_bar) score)/sqrt(alpha_bar)
gives the denoiser; the guidance is the derivative of psi(x0_hat(x_t)), taken by JAX. Any covariances, any psi that
JAX can differentiate. `toy.planar` is the same world made quick; this one is what it is tested against.

Paper: Appendix I.3 (208)-(211), Algorithm 1.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, Shaped

from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.world import Guidance, State, Step
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.scores import Score

Batch = Float[Array, "n d"]
Numbers = Float[Array, " n"]


class KeyedNoise(eqx.Module):
    """Standard normal arrays, one for each step index, all from one key."""

    key: PRNGKeyArray
    shape: tuple[int, ...] = eqx.field(static=True)
    dtype: Any = eqx.field(static=True)

    def __call__(self, index: int | Int[Array, ""]) -> Float[Array, "..."]:
        return jax.random.normal(jax.random.fold_in(self.key, index), self.shape, self.dtype)


class MixtureWorld(eqx.Module):
    """Any Gaussian mixture with any differentiable score; points are arrays (n, d).

    Args:
        mixture: the prior p.
        psi: the intrinsic score.
        schedule: noise levels of the reverse process.
    """

    mixture: GaussianMixture
    psi: Score
    schedule: NoiseSchedule = eqx.field(static=True)

    @property
    def dtype(self) -> Any:
        """The precision of all points: that of the mixture."""
        return self.mixture.means.dtype

    def sample_prior(self, seed: int, n: int) -> Batch:
        """n draws from p."""
        return self.mixture.sample(jax.random.key(seed), n)

    def noise(self, seed: int, n: int) -> KeyedNoise:
        """Standard normal points for each step index."""
        return KeyedNoise(jax.random.key(seed), (n, self.mixture.means.shape[1]), self.dtype)

    def denoise(self, x_t: Batch, row: Row) -> Batch:
        """x0_hat by Tweedie's formula. Paper: Algorithm 1. Its line 2."""
        return _denoise(self, x_t, as_arrays(row, self.dtype))

    def guidance(self, x_t: Batch, row: Row) -> Guidance:
        """psi(x0_hat), its gradient through the denoiser by automatic differentiation, and x0_hat."""
        return _guidance(self, x_t, as_arrays(row, self.dtype))

    def score(self, x: Batch) -> Numbers:
        """psi at clean points."""
        return self.psi(x)

    def score_gradient(self, x: Batch) -> tuple[Numbers, Batch]:
        """psi and its gradient at clean points."""
        return _score_gradient(self, x)

    def scale(self, factors: Shaped[Array, " n"], x: Batch) -> Batch:
        """Each point times its own factor (a number or a truth value)."""
        return factors[:, None] * x

    def dot(self, x: Batch, y: Batch) -> Numbers:
        """Inner product of each pair of points."""
        return (x * y).sum(-1)

    def take(self, x: Batch, indices: Shaped[np.ndarray, " m"]) -> Batch:
        """The points with these indices."""
        return x[indices]

    def loop(self, step: Step[State], x: State, rows: Row, noise: Any, progress: Progress | None = None) -> State:
        """All steps in one compiled scan; progress is reported at the end."""
        return compiled_loop(self, step, x, rows, noise, progress)

    def to_numpy(self, x: Shaped[Array, "n ..."]) -> Shaped[np.ndarray, "n ..."]:
        """A copy in numpy's double precision."""
        return np.asarray(x, dtype=np.float64)

    def from_numpy(self, x: Shaped[np.ndarray, "n ..."]) -> Batch:
        """Points from a numpy array."""
        return jnp.asarray(x, self.dtype)


@eqx.filter_jit
def _denoise(world: MixtureWorld, x_t: Batch, row: Row) -> Batch:
    return (x_t + row.noise_variance * world.mixture.diffused(row.signal, row.noise_variance).score(x_t)) / row.signal


@eqx.filter_jit
def _guidance(world: MixtureWorld, x_t: Batch, row: Row) -> Guidance:
    def value(x: Float[Array, " d"]) -> tuple[Float[Array, ""], Float[Array, " d"]]:
        x0_hat = _denoise(world, x[None], row)[0]
        return world.psi(x0_hat), x0_hat

    (values, x0_hat), gradient = jax.vmap(jax.value_and_grad(value, has_aux=True))(x_t)
    return Guidance(values, gradient, x0_hat)


@eqx.filter_jit
def _score_gradient(world: MixtureWorld, x: Batch) -> tuple[Numbers, Batch]:
    return jax.vmap(jax.value_and_grad(world.psi))(x)


def as_arrays(row: Row, dtype: Any) -> Row:
    """The row's numbers (or columns) as arrays, so that a compiled function serves all rows."""
    return Row(*(jnp.asarray(v, jnp.int32 if k == "index" else dtype) for k, v in row._asdict().items()))


def compiled_loop(world: Any, step: Step[Any], x: Any, rows: Row, noise: Any, progress: Progress | None) -> Any:
    """`World.loop` by `jax.lax.scan`; compiled once for each step function, world type and shape."""
    out = jax.block_until_ready(_scan(world, step, x, as_arrays(rows, world.dtype), noise))
    if progress is not None:
        progress("reverse step", len(rows.index), len(rows.index))
    return out


@eqx.filter_jit
def _scan(world: Any, step: Step[Any], x: Any, rows: Row, noise: Any) -> Any:
    return jax.lax.scan(lambda x, row: (step(world, x, row, noise(row.index - 1)), None), x, rows)[0]
