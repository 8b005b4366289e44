"""The exact law of an angular score in a Gaussian mixture.

The polar angle of N(mu, Sigma) is a projected normal: with u = (cos theta, sin theta), a = u' Sigma^-1 u,
b = u' Sigma^-1 mu, c = mu' Sigma^-1 mu and D = b/sqrt(a), its density is

    g(theta) = exp(-c/2) / (2 pi sqrt(det Sigma) a) * [1 + D Phi(D)/phi(D)].

The bracket is m(-D)/lambda(-D), with the mean residual life and the hazard of the standard normal: for D < 0
that form has no cancellation. For D > 0, exp(-c/2) and the bracket's exp(D^2/2) belong together, as

    c - D^2 = (u x mu)^2/(det Sigma a)

is small where a sharp mode has its mass: the density is exp(-(c - D^2)/2) [exp(-D^2/2) + sqrt(2 pi) D Phi(D)].
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from distributional_view.theory import PiecewiseLaw
from distributional_view.theory.errors import require
from distributional_view.theory.laws import mills
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.scores import AngularScore

_SHARPEST = 1e6  # an angle's rounding then moves a point by 1e-10 deviations


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
        log_det = np.linalg.slogdet(covariance)[1]
        miss = (u[..., 0] * mean[1] - u[..., 1] * mean[0]) ** 2 / a * math.exp(-log_det)
        constant = math.log(weight) - math.log(2 * math.pi) - 0.5 * log_det
        logs.append(constant - np.log(a) + _log_bracket(np.asarray(D), np.asarray(miss)))
    return np.asarray(np.logaddexp.reduce(logs, axis=0))


def _log_bracket(D: Float[np.ndarray, "*n"], miss: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """log(exp(-c/2) [1 + D Phi(D)/phi(D)]), where c = D^2 + miss."""
    below, above = np.minimum(D, 0.0), np.maximum(D, 0.0)
    negative = np.log(mills.mean_residual(-below) / mills.hazard(-below)) - 0.5 * below**2
    positive = np.log(np.exp(-0.5 * above**2) + math.sqrt(2 * math.pi) * above * ndtr(above))
    return np.asarray(np.where(D < 0, negative, positive) - 0.5 * miss)


def angular_law(mixture: GaussianMixture, score: AngularScore) -> PiecewiseLaw:
    """The exact law of psi(X) for X from the mixture, to about 1e-13. Paper: (194)-(195). Its closed form is new.

    Raises:
        ValueError: if a mode is so sharp that the angles under it, rounded, have too few digits.
    """
    for mean, covariance in zip(np.asarray(mixture.means), np.asarray(mixture.covariances), strict=True):
        sharpness = math.sqrt(float(mean @ np.linalg.inv(covariance) @ mean))
        require(
            sharpness <= _SHARPEST, "distance of a mode, in its deviations", sharpness, f"<= {_SHARPEST:g}: too sharp"
        )
    edges = score.breakpoints()
    # Anisotropic or sharp modes are found by the law's own bisection; quarter turns help it to start.
    quarters = edges[0] + np.arange(1, 16) * math.pi / 8
    return PiecewiseLaw(score.angle_function(), lambda t: log_angle_density(mixture, t), np.unique([*edges, *quarters]))
