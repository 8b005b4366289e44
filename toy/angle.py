"""The exact law of an angular score in a Gaussian mixture.

The polar angle of N(mu, Sigma) is a projected normal: with u = (cos theta, sin theta), a = u' Sigma^-1 u,
b = u' Sigma^-1 mu, c = mu' Sigma^-1 mu and D = b/sqrt(a), its density is

    g(theta) = exp(-c/2) / (2 pi sqrt(det Sigma) a) * [1 + D Phi(D)/phi(D)].

The bracket is m(-D)/lambda(-D), with the mean residual life and the hazard of the standard normal: for D < 0
that form has no cancellation, for D > 0 the logarithm of the first one has no overflow.
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import log_ndtr

from distributional_view.theory import PiecewiseLaw
from distributional_view.theory.laws import mills
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.scores import AngularScore


def log_angle_density(mixture: GaussianMixture, theta: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Log-density of the polar angle of a point of the mixture, in nats per radian; 2 pi-periodic."""
    weights, means, covariances = (
        np.asarray(a, dtype=np.float64) for a in (mixture.weights, mixture.means, mixture.covariances)
    )
    u = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    logs = []
    for weight, mean, covariance in zip(weights / weights.sum(), means, covariances, strict=True):
        precision = np.linalg.inv(covariance)
        a = np.einsum("...i,ij,...j->...", u, precision, u)
        D = (u @ (precision @ mean)) / np.sqrt(a)
        constant = -0.5 * mean @ precision @ mean - math.log(2 * math.pi) - 0.5 * np.linalg.slogdet(covariance)[1]
        logs.append(math.log(weight) + constant - np.log(a) + _log_bracket(np.asarray(D)))
    return np.asarray(np.logaddexp.reduce(logs, axis=0))


def _log_bracket(D: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """log(1 + D Phi(D)/phi(D))."""
    below = np.minimum(D, 0.0)
    negative = np.log(mills.mean_residual(-below) / mills.hazard(-below))
    above = np.maximum(D, 1e-300)
    positive = np.logaddexp(0.0, np.log(above) + log_ndtr(above) + 0.5 * math.log(2 * math.pi) + 0.5 * above**2)
    return np.where(D < 0, negative, positive)


def angular_law(mixture: GaussianMixture, score: AngularScore) -> PiecewiseLaw:
    """The exact law of psi(X) for X from the mixture, to about 1e-13. Paper: (194)-(195). Its closed form is new."""
    edges = score.breakpoints()
    # Anisotropic or sharp modes are found by the law's own bisection; quarter turns help it to start.
    quarters = edges[0] + np.arange(1, 16) * math.pi / 8
    return PiecewiseLaw(score.angle_function(), lambda t: log_angle_density(mixture, t), np.unique([*edges, *quarters]))
