"""Appendices H and I, symbolically: the angle of a Gaussian point, the noised mixture, prefixes of a pool."""

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, positive, real
from distributional_view.proofs_check.evidence import evidence, expect

HALF = sp.Rational(1, 2)


@evidence(
    "Appendix H",
    "symbolic",
    controls={"without the 1": {"constant": 0}, "D twice": {"factor": 2}, "odd in D": {"paired": -1}},
    constants=(
        "constant",
        "factor",
        "paired",
    ),
)
def angle_of_a_mode(constant: int = 1, factor: int = 1, paired: int = 1) -> str:
    """The radial integral of rho exp(rho D - rho^2/2) is 1 + D Phi(D)/phi(D); modes in pairs +-D make it even."""
    rho, d = sp.Symbol("rho", positive=True), real("D")[0]

    def cdf(z: Expression) -> Expression:
        return (1 + sp.erf(z / sp.sqrt(2))) / 2

    root = sp.sqrt(2 * sp.pi) * sp.exp(d**2 / 2)  # 1/phi(D)
    inside = sp.exp(rho * d - rho**2 / 2)
    antiderivative = -inside + d * root * cdf(rho - d)
    equal(sp.diff(antiderivative, rho), rho * inside, "the antiderivative of rho exp(rho D - rho^2/2)")
    whole = sp.limit(antiderivative, rho, sp.oo) - antiderivative.subs(rho, 0)
    equal(sp.simplify(whole), constant + factor * d * root * cdf(d), "the radial integral")
    both = whole + paired * whole.subs(d, -d)
    equal(sp.simplify(both.subs(d, -d) - both), 0, "a pair of opposite modes is even in D")
    return (
        "The angle of N(mu, I) has the density exp(-r^2/2)/(2 pi) (1 + D Phi(D)/phi(D)), D = r cos(angle from mu); with"
        " opposite modes it is even in D, so that E_p[cos] = 0 and the cosine score has the mean of its scale."
    )


@evidence(
    "Appendix I",
    "symbolic",
    controls={
        "the signal without its root": {"signal": 1},
        "no noise added": {"noise": 0},
        "weights of the prior as responsibilities": {"posterior": False},
    },
    constants=(
        "signal",
        "noise",
        "posterior",
    ),
)
def noised_mixture(signal: Expression = HALF, noise: int = 1, posterior: bool = True) -> str:
    """(209)-(211): sqrt(a) X_0 + sqrt(1 - a) eps is a mixture again, and its score is a mean over responsibilities."""
    x, u = real("x u")
    a = sp.Symbol("a", positive=True)
    weights, means, variances = positive("w_0 w_1"), real("m_0 m_1"), positive("v_0 v_1")
    there = [(a**signal * m, a * v + noise * (1 - a)) for m, v in zip(means, variances, strict=True)]
    transform = sum(
        w * sp.exp(u * sp.sqrt(a) * m + (u * sp.sqrt(a)) ** 2 * v / 2)
        for w, m, v in zip(weights, means, variances, strict=True)
    ) * sp.exp(u**2 * (1 - a) / 2)
    of_mixture = sum(w * sp.exp(u * m + u**2 * v / 2) for w, (m, v) in zip(weights, there, strict=True))
    equal(sp.expand(sp.powsimp(sp.expand(transform - of_mixture))), 0, "(209): the moment generating function of X_t")
    parts = [w * sp.exp(-((x - m) ** 2) / (2 * v)) / sp.sqrt(v) for w, (m, v) in zip(weights, there, strict=True)]
    shares = [part / sum(parts) if posterior else w for part, w in zip(parts, weights, strict=True)]
    closed = sum(r * (m - x) / v for r, (m, v) in zip(shares, there, strict=True))
    equal(sp.diff(sp.log(sum(parts)), x), closed, "(210)-(211): the score of the mixture")
    return "X_t has the law sum of w_k N(sqrt(a) m_k, a v_k + 1 - a); its score is the mean of (m - x)/v over r_k(x)."


@evidence(
    "Appendix I",
    "symbolic",
    controls={"lowest first": {"order": -1}, "without the new one": {"new": 0}},
    constants=(
        "order",
        "new",
    ),
)
def prefix_means(order: int = 1, new: int = 1, n: int = 6) -> str:
    """(206): one more point of the sorted pool lowers the mean of the kept ones by its distance to it over K + 1."""
    top, gaps = real("top")[0], positive(f"g_:{n - 1}")
    scores = [top - order * sum(gaps[:k], sp.Integer(0)) for k in range(n)]
    for k in range(1, n):
        mean = sum(scores[:k]) / k
        longer = sum(scores[: k + 1]) / (k + 1)
        equal(mean - longer, new * (mean - scores[k]) / (k + 1), f"the fall of the mean at K = {k}")
        expect(sp.expand(mean - longer).is_positive, "the mean of a longer prefix is lower", K=k, fall=mean - longer)
    return f"Means of prefixes of {n} sorted scores fall strictly: the prefix nearest to a target is found by search."
