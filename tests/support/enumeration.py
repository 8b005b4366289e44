"""Sums over the points of a finite measure, written out: what the library's values are compared with."""

import math

import numpy as np

from distributional_view.theory import AtomicLaw


def close(a: float, b: float, relative: float = 1e-9, absolute: float = 1e-10) -> bool:
    return a == b or math.isclose(a, b, rel_tol=relative, abs_tol=absolute)


def summed_kl(q: np.ndarray, p: np.ndarray) -> float:
    """Definition B.2, term by term."""
    if any(a > 0 and b == 0 for a, b in zip(q, p, strict=True)):
        return math.inf
    return math.fsum(a * math.log(a / b) for a, b in zip(q, p, strict=True) if a > 0)


def tilted(masses: np.ndarray, scores: np.ndarray, beta: float) -> np.ndarray:
    weights = masses * np.exp(beta * (scores - scores.max()))
    return weights / weights.sum()


def log_partition(masses: np.ndarray, scores: np.ndarray, beta: float) -> float:
    return beta * scores.max() + math.log(math.fsum(masses * np.exp(beta * (scores - scores.max()))))


def bound_groups(divergences: list[float], levels: list[float]) -> AtomicLaw:
    """The law of group means that the exact KL of truncations at increasing levels implies, for psi >= 0."""
    kept = np.exp(-np.array(divergences))
    sums = kept * np.array(levels)
    masses = np.append(1 - kept[0], np.append(-np.diff(kept), kept[-1]))
    values = np.append(0.0, np.append(-np.diff(sums) / -np.diff(kept), levels[-1]))
    return AtomicLaw(values, masses=masses)


def inside(p: np.ndarray, values: np.ndarray, fraction: float) -> float:
    """A level strictly between the mean and the largest value with mass."""
    mean = float(p @ values)
    return mean + fraction * (float(values[p > 0].max()) - mean)
