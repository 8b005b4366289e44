"""Necessity rung, Appendices B and C and Definition 2.3: measures that are no probabilities, means that do not exist.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands. Nothing here asks the library: the examples are finite sums.
"""

import numpy as np

from distributional_view.proofs_check.evidence import evidence
from distributional_view.proofs_check.premises import broken, holds, refuted


@evidence(
    "Definition B.1", "necessity", drops="integrable", controls={"bounded": {"base": 1.0}, "E = 2": {"base": 1.5}}
)
def sums_depend_on_their_order(base: float = 2.0) -> str:
    """Masses 2^-k and phi = (-base)^k: for base 2 every atom adds +1 or -1, in the order that one likes."""
    k = np.arange(1, 241)
    parts = 2.0**-k * (-base) ** k
    even, odd = parts[k % 2 == 0], parts[k % 2 == 1]
    values = [float(even[:n].sum() + odd[:m].sum()) for n, m in ((100, 100), (120, 60))]
    refuted("E[phi] is one number, whatever order the atoms are summed in", abs(np.ptp(values)) > 1, values=values)
    absolute = [float(np.abs(parts[:n]).sum()) for n in (60, 120, 240)]
    broken("integrable", min(np.diff(absolute)) > 50, absolute=absolute)
    return f"Masses 2^-k, phi = (-2)^k: two orders of summation give {values[0]:.0f} and {values[1]:.0f}."


@evidence("Definition B.2", "necessity", drops="probabilities", controls={"total 1": {"total": 1.0}})
def heavier_references_make_kl_negative(total: float = 2.0) -> str:
    q = np.array([0.3, 0.7])
    p = total * q
    value = float(q @ np.log(q / p))
    refuted("KL(q || p) >= 0", value < 0, value=value)
    broken("probabilities", p.sum() != 1, total=p.sum())
    return f"p = 2 q: E_q[log(q/p)] = {value:.3f} < 0."


@evidence("Definition B.3", "necessity", drops="probabilities", controls={"total 1": {"total": 1.0}})
def unequal_totals_double_the_distance(total: float = 2.0) -> str:
    p = np.array([0.3, 0.7])
    q = total * np.array([0.4, 0.6])
    half = float(np.abs(q - p).sum() / 2)
    events = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    largest = float(np.abs(events @ (q - p)).max())
    refuted("half the L1 distance is the largest |q(B) - p(B)|", abs(half - largest) > 0.1, half=half, largest=largest)
    broken("probabilities", q.sum() != 1, total=q.sum())
    return f"A q of mass 2: half the L1 distance is {half:.2f}, the largest difference {largest:.2f}."


@evidence("Lemma B.4", "necessity", drops="probabilities", controls={"total 1": {"total": 1.0}})
def heavier_references_break_pinsker(total: float = 2.0) -> str:
    q, p = np.array([0.4, 0.6]), total * np.array([0.3, 0.7])
    distance, divergence = float(np.abs(q - p).sum() / 2), float(q @ np.log(q / p))
    refuted("TV^2 <= KL/2", distance**2 > divergence / 2 + 0.1, tv=distance, kl=divergence)
    broken("probabilities", p.sum() != 1, total=p.sum())
    return f"A reference of mass 2: KL = {divergence:.3f} < 0 < TV = {distance:.2f}."


@evidence("Appendix C.1", "necessity", drops="1 x 1 kernel", controls={"width 1": {"kernel": (0.0, 1.0, 0.0)}})
def wider_kernels_see_neighbours(kernel: tuple[float, float, float] = (0.5, 1.0, -0.5)) -> str:
    """Two rows equal at the middle position: a position-wise encoder gives them one code there, a wider kernel two."""
    rows = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    both = np.maximum(rows @ np.array([kernel, (0.0, 0.25, 0.0)]).T, 0)  # two codes at the middle position of each row
    holds("no ties", np.ptp(both, axis=1).min() > 0.1, codes=both)
    codes = both.max(axis=1)  # top-1
    refuted("the code of a position is a function of that position", codes[0] != codes[1], codes=codes)
    broken("1 x 1 kernel", kernel[0] != 0 or kernel[2] != 0, kernel=kernel)
    return f"A kernel three wide: equal entries, different neighbours, codes {codes[0]:.1f} and {codes[1]:.1f}."
