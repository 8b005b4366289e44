"""A second world without JAX: the mixture in numpy, with general covariances and points (n, d).

An independent derivation: X_0 given x_t is a mixture with component means m_k and covariances C_k; x0_hat is its mean,
and the derivative of x0_hat is sqrt(alpha_bar)/(1 - alpha_bar) times its covariance.
"""

from dataclasses import dataclass

import numpy as np

from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.world import Guidance
from tests.support.gaussian_world import ArrayWorld


@dataclass(frozen=True)
class NumpyWorld(ArrayWorld):
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    scale_factor: float
    direction: float
    schedule: NoiseSchedule

    def sample_prior(self, seed, n):
        rng = np.random.default_rng(seed)
        k = rng.choice(len(self.weights), size=n, p=self.weights)
        z = rng.normal(size=(n, self.means.shape[1]))
        return self.means[k] + np.einsum("nij,nj->ni", np.linalg.cholesky(self.covariances)[k], z)

    def noise(self, seed, n):
        return lambda i: np.random.default_rng([seed, i]).normal(size=(n, self.means.shape[1]))

    def _posterior(self, x, row):
        d = x.shape[1]
        log_r, mean, cov = [], [], []
        for w, mu, c in zip(self.weights, self.means, self.covariances, strict=True):
            total = row.signal**2 * c + row.noise_variance * np.eye(d)
            gain = row.signal * c @ np.linalg.inv(total)
            offset = x - row.signal * mu
            log_r.append(
                np.log(w)
                - 0.5 * np.linalg.slogdet(total)[1]
                - 0.5 * np.einsum("ni,ij,nj->n", offset, np.linalg.inv(total), offset)
            )
            mean.append(mu + offset @ gain.T)
            cov.append(c - row.signal * gain @ c)
        r = np.exp(np.array(log_r) - np.logaddexp.reduce(log_r, axis=0))
        mean, cov = np.array(mean), np.array(cov)
        x0_hat = np.einsum("kn,kni->ni", r, mean)
        spread = mean - x0_hat
        covariance = np.einsum("kn,kij->nij", r, cov) + np.einsum("kn,kni,knj->nij", r, spread, spread)
        return x0_hat, covariance

    def denoise(self, x_t, row):
        return self._posterior(x_t, row)[0]

    def guidance(self, x_t, row: Row) -> Guidance:
        x0_hat, covariance = self._posterior(x_t, row)
        value, slope = self.score_gradient(x0_hat)
        return Guidance(value, row.signal / row.noise_variance * np.einsum("nij,nj->ni", covariance, slope), x0_hat)

    def score(self, x):
        return self.score_gradient(x)[0]

    def score_gradient(self, x):
        u = np.array([np.cos(self.direction), np.sin(self.direction)])
        r = np.linalg.norm(x, axis=1)
        along = x @ u / r
        return self.scale_factor * (1 - along), -self.scale_factor * (u - (along / r)[:, None] * x) / r[:, None]
