"""A Gaussian mixture in the plane (or any dimension), the toy world's natural distribution p.

Paper: Appendix H.1 (194), Appendix I.3 (209)-(211).
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from distributional_view.theory.errors import require


class GaussianMixture(eqx.Module):
    """p = sum_k weights[k] N(means[k], covariances[k]).

    Args:
        weights: positive, with sum 1.
        means: component means.
        covariances: symmetric positive definite.

    Raises:
        ValueError: if the weights are no probability, a number is not finite, or a covariance is not
            symmetric positive definite. Checked on construction with concrete arrays.
    """

    weights: Float[Array, " k"]
    means: Float[Array, "k d"]
    covariances: Float[Array, "k d d"]

    def __check_init__(self) -> None:
        arrays = (self.weights, self.means, self.covariances)
        if any(isinstance(a, jax.core.Tracer) for a in arrays):
            return
        weights, means, covariances = (np.asarray(a, dtype=np.float64) for a in arrays)
        k, d = means.shape
        shapes = (weights.shape, covariances.shape)
        require(shapes == ((k,), (k, d, d)), "shapes of weights, covariances", shapes, f"(({k},), ({k}, {d}, {d}))")
        require(bool((weights > 0).all()), "weights", weights.tolist(), "positive")
        require(abs(weights.sum() - 1) < 1e-6, "sum(weights)", float(weights.sum()), "1")
        require(bool(np.isfinite(means).all()), "means", means.tolist(), "finite")
        symmetric = np.allclose(covariances, covariances.swapaxes(1, 2))
        positive = bool(np.isfinite(covariances).all()) and bool((np.linalg.eigvalsh(covariances) > 0).all())
        require(symmetric and positive, "covariances", covariances.tolist(), "symmetric positive definite")

    def sample(self, key: PRNGKeyArray, n: int) -> Float[Array, "{n} d"]:
        """n independent draws."""
        component_key, noise_key = jax.random.split(key)
        component = jax.random.choice(component_key, len(self.weights), (n,), p=self.weights)
        noise = jax.random.normal(noise_key, (n, self.means.shape[1]), self.means.dtype)
        factors = jnp.linalg.cholesky(self.covariances)
        return self.means[component] + jnp.einsum("nij,nj->ni", factors[component], noise)

    def component_log_densities(self, x: Float[Array, "*n d"]) -> Float[Array, "*n k"]:
        """log(weights[k] N(x; means[k], covariances[k])), in nats."""
        factors = jnp.linalg.cholesky(self.covariances)
        whiten = jnp.linalg.inv(factors)
        z = jnp.einsum("kij,...kj->...ki", whiten, self._offsets(x))
        log_scale = jnp.log(jnp.diagonal(factors, axis1=1, axis2=2)).sum(1) + 0.5 * x.shape[-1] * math.log(2 * math.pi)
        constants = jnp.log(self.weights) - log_scale
        return jnp.expand_dims(constants, range(x.ndim - 1)) - 0.5 * (z**2).sum(-1)

    def _offsets(self, x: Float[Array, "*n d"]) -> Float[Array, "*n k d"]:
        """mu_k - x."""
        return jnp.expand_dims(self.means, range(x.ndim - 1)) - x[..., None, :]

    def log_density(self, x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
        """log p(x), in nats."""
        return jax.nn.logsumexp(self.component_log_densities(x), axis=-1)

    def score(self, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
        """The (Stein) score grad log p(x) = sum_k r_k(x) Sigma_k^-1 (mu_k - x). Paper: (210)-(211)."""
        responsibility = jax.nn.softmax(self.component_log_densities(x), axis=-1)
        pulls = jnp.einsum("kij,...kj->...ki", jnp.linalg.inv(self.covariances), self._offsets(x))
        return jnp.einsum("...k,...ki->...i", responsibility, pulls)

    def diffused(self, signal: float | Float[Array, ""], noise_variance: float | Float[Array, ""]) -> "GaussianMixture":
        """The law of signal X + sqrt(noise_variance) noise: p_t, again a mixture. Paper: (209)."""
        identity = jnp.eye(self.means.shape[1], dtype=self.means.dtype)
        return GaussianMixture(
            self.weights, signal * self.means, signal**2 * self.covariances + (noise_variance * identity)[None]
        )


def four_modes(radius: float, sigma: float, first_angle: float = np.pi / 4) -> GaussianMixture:
    """The paper's symmetric world: four equal isotropic modes at distance `radius`, a quarter turn apart.

    `first_angle` = pi/4 puts them on the diagonals, (R/sqrt 2)(+-1, +-1); 0 on the axes.
    Paper: Appendix H.1 (194); the layout is recovered, see `toy.recover`.

    Raises:
        ValueError: if `radius` is negative or `sigma` is not positive.
    """
    require(radius >= 0 and np.isfinite(radius), "radius", radius, "finite and >= 0")
    require(sigma > 0 and np.isfinite(sigma), "sigma", sigma, "finite and > 0")
    angles = first_angle + np.arange(4) * np.pi / 2
    means = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return GaussianMixture(jnp.full(4, 0.25), jnp.asarray(means), jnp.tile(sigma**2 * jnp.eye(2), (4, 1, 1)))
