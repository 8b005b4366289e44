"""Ours, symbolically: everything is a functional of the law of the score; ties, limits, and the printed KL column."""

from collections.abc import Callable, Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, kl, mean, normalised, positive, real, tilt
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.finite import conditioned, divergence, mass

BETA, N = positive("beta n")
GROUPS = ((0, 1), (2, 3), (4,))  # five images, three scores: the law of the score has three atoms


def _law(q: Sequence[Expression]) -> list[Expression]:
    """The law of the score under q: masses added over images of one score."""
    return [sum(q[i] for i in group) for group in GROUPS]


def _spread(values: Sequence[Expression]) -> list[Expression]:
    """A function of the score as a function of the image."""
    return [values[k] for k, group in enumerate(GROUPS) for _ in group]


@evidence(
    "Ours: score law",
    "symbolic",
    controls={
        "a density that differs between images of one score": {"density": lambda r, i: r * (1 + sp.Rational(i, 7))},
        "a density that sees the image's index only": {"density": lambda r, i: sp.Integer(i + 1)},
    },
)
def pushes_forward(density: Callable[[Expression, int], Expression] = lambda r, i: r) -> str:
    """q = p r(psi): KL, TV and masses of score sets are those of the laws of the score; so for truncation and tilt."""
    p, scores = normalised(positive("p:5")), real("y:3")
    one, other = positive("r:3"), positive("s:3")
    q1, q2 = (
        normalised([m * density(v, i) for i, (m, v) in enumerate(zip(p, _spread(r), strict=True))])
        for r in (one, other)
    )
    equal(kl(q1, p), kl(_law(q1), _law(p)), "KL to p")
    equal(kl(q1, q2), kl(_law(q1), _law(q2)), "KL between two solutions")
    for k, group in enumerate(GROUPS):
        for i in group[1:]:
            ratio = (q1[i] / p[i] - q2[i] / p[i]) / (q1[group[0]] / p[group[0]] - q2[group[0]] / p[group[0]])
            equal(ratio, 1, f"TV: images of score {k} lie on one side of q1 > q2, so |q1 - q2| adds up")
    equal(mean(q1, _spread(scores)), mean(_law(q1), scores), "faithfulness and masses of score sets")
    beta = sp.Symbol("beta", real=True)
    equal(
        sum(_law(tilt(p, [beta * y for y in _spread(scores)]))[:2]),
        sum(tilt(_law(p), [beta * y for y in scores])[:2]),
        "the law of a tilt is the tilt of the law",
    )
    kept = (False, True, True)
    truncated = _law(conditioned(p, _spread(kept)))
    for left, right in zip(truncated, conditioned(_law(p), kept), strict=True):
        equal(left, right, "the law of a truncation is the truncation of the law")
    return "KL, TV, means and masses of q = p r(psi) are those of the law of psi: 5 images, 3 scores, symbolic masses"


@evidence(
    "Ours: ties",
    "symbolic",
    controls={
        "-log kept alone": {"tie_cost": lambda tie, kept, a: sp.Integer(0)},
        "the tie's term with the other sign": {"tie_cost": lambda tie, kept, a: -tie / kept * sp.log(a)},
        "the tie at the top": {"levels": (0, 2, 1)},
    },
)
def randomised_truncation(
    tie_cost: Callable[..., Expression] = lambda tie, kept, a: tie / kept * sp.log(a),
    levels: tuple[int, ...] = (0, 1, 2),
) -> str:
    """p (1{psi > t} + a 1{psi = t})/kept with t the middle atom: its KL, and its mean as a falls from 1 to 0."""
    p, gaps, (a,) = normalised(positive("p:3")), (0, *positive("g:2")), positive("a")
    scores = [sum(gaps[: level + 1]) for level in levels]
    _, tie, above = p
    kept = a * tie + above
    q = [sp.Integer(0), a * tie / kept, above / kept]
    equal(divergence(q, p), -sp.log(kept) + tie_cost(a * tie, kept, a), "KL = -log kept + (tie/kept) log a")
    level = mean(q, scores)
    slope = sp.factor(sp.diff(level, a))
    expect(slope.is_negative, "the mean rises strictly as less of the tie is kept", slope=slope)
    ends = [sp.simplify(level.subs(a, value)) for value in (1, 0)]
    equal(ends[0], mean(conditioned(p, (False, True, True)), scores), "all of it: the truncation at t")
    equal(ends[1], scores[2], "none of it: the truncation above t")
    return "its KL; and its mean moves strictly from the truncation at t to the one above it: no level is skipped"


@evidence(
    "Ours: limits",
    "symbolic",
    controls={
        "a steep law, f ~ exp(-y) (1 + y)^(-2)": {"power": 2},
        "far mass that does not fade": {"share": lambda tau, n: (tau - 1) / (2 * sp.Integer(3))},
        "the limit beta -> -inf": {"side": -1},
        "scores that reach beyond the level": {"excess": sp.Rational(-1, 3)},
    },
    constants=(
        "power",
        "side",
    ),
)
def at_and_beyond_the_supremum(
    power: int = 3,
    share: Callable[[Expression, Expression], Expression] = lambda tau, n: (tau - 1) / (2 * n),
    side: int = 1,
    excess: Expression = sp.Integer(0),  # noqa: B008 - an immutable number
) -> str:
    """The level ess sup psi with and without mass there; a level beyond the last slope of a law that is not steep."""
    # With mass at the top: tilts tend to the truncation there, and nothing else has that mean.
    p, gaps = normalised(positive("p:3")), positive("g:2")
    scores = [-gaps[0] - gaps[1], -gaps[1], -excess]  # the level is 0
    top = conditioned(p, (False, False, True))
    for tilted, limit in zip(tilt(p, [side * BETA * y for y in scores]), top, strict=True):
        equal(sp.limit(tilted, BETA, sp.oo), limit, "q_beta tends to the truncation at the supremum")
    for score in scores:
        expect(
            (-score).is_nonnegative,
            "E_q[tau - psi] = 0 of a non-negative function: q sits where psi = tau",
            score=score,
        )
    equal(divergence(top, p), -sp.log(mass(p, (False, False, True))), "its KL is finite")
    # Without: psi uniform on (0, 1) has 1 - psi > 0 almost surely, so no q << p has the mean 1; KL grows for ever.
    a = sp.log((sp.exp(BETA) - 1) / BETA)
    cost = sp.limit(sp.simplify(BETA * sp.diff(a, BETA) - a), BETA, sp.oo)
    expect(cost == sp.oo, "without mass at the supremum KL(q_beta||p) -> inf", limit=cost)
    # Not steep: f = c exp(-y) (1 + y)^(-3); at beta_max = 1 the tilt is 2 (1 + y)^(-3) with mean 1.
    y, beyond = positive("y beyond")
    last = (power - 1) * (1 + y) ** -power
    equal(sp.integrate(y * last, (y, 0, sp.oo)), 1, "the last tilt has the mean A'(beta_max) = 1")
    tail = sp.factor(sp.integrate(last, (y, N, sp.oo)))
    tail_mean = sp.factor(sp.integrate(y * last, (y, N, sp.oo))) / tail
    weight = share(1 + beyond, N)
    equal((1 - weight) + weight * tail_mean, 1 + beyond, "a little mass beyond n lifts the mean to the level")
    far = sp.limit(weight * -sp.log(tail), N, sp.oo)  # KL is convex (Definition 2.2): at most weight * KL(far || last)
    equal(far, 0, "KL to the last tilt fades: the infimum beta_max tau - A(beta_max) is approached")
    return (
        "mass at the supremum: q_beta tends to the truncation there; none: no candidate, KL -> inf (uniform law); not"
        " steep: mixtures with mass n^-1 beyond n have mean tau and KL to q_(beta_max) -> 0, which is attained by none,"
        " since KL(q||p) = KL(q||q_(beta_max)) + the infimum (Lemma D.4) and q_(beta_max) has another mean"
    )


@evidence(
    "Ours: printed KL",
    "symbolic",
    controls={
        "scores down to -20": {"least": sp.Integer(-20)},
        "the truncation at 6, which forces less": {"higher": 6},
        "the mixture's density without the tail's part": {"on_tail": lambda share, tail: 1 - share},
    },
)
def printed_column(
    least: Expression = sp.Integer(0),  # noqa: B008 - an immutable number
    higher: int = 7,
    on_tail: Callable[..., Expression] = lambda share, tail: 1 - share + share / tail,
) -> str:
    """The law (1 - a) p + a q_t' has the mean tau for a known a; its KL bounds that of the tilt with this mean."""
    p, scores, a = normalised(positive("p:4")), real("y:4"), sp.Symbol("a", positive=True)
    kept = (False, False, True, True)
    tail, high = mass(p, kept), conditioned(p, kept)
    mixed = [(1 - a) * m + a * h for m, h in zip(p, high, strict=True)]
    mu, top = mean(p, scores), mean(high, scores)
    equal(mean(mixed, scores), (1 - a) * mu + a * top, "its mean")
    on = on_tail(a, tail)
    bound = (1 - tail) * (1 - a) * sp.log(1 - a) + tail * on * sp.log(on)
    equal(divergence(mixed, p), bound, "its KL, a function of a and of the tail's mass S' = exp(-KL') only")
    equal(sp.diff(bound, a), (1 - tail) * (sp.log(on) - sp.log(1 - a)), "increasing in a, as on > 1 - a")
    m, tau, high_level, s = sp.symbols("m tau H s")
    weight = (tau - m) / (high_level - m)
    equal(sp.diff(weight, m), (tau - high_level) / (high_level - m) ** 2, "a falls in mu for tau < tau'")
    floor = s * tau + (1 - s) * least  # mu = S tau + (1 - S) E[psi | psi < t]
    printed = {5: "0.2030", 6: "0.4183", 7: "0.6198"}  # hard KLs; the printed KLSC KL at 5 is 0.1499
    survival = {level: sp.exp(-sp.Rational(value)) for level, value in printed.items()}
    share = weight.subs({m: floor}).subs({s: survival[5], tau: 5, high_level: higher})
    forced = bound.subs(tail, s).subs(a, share).subs(s, survival[higher])
    expect(forced < sp.Rational("0.044"), "what the printed values force at tau = 5", value=sp.N(forced, 6))
    return f"the printed hard KLs at 5 and 7, if exact, force KL(q_beta||p) <= {sp.N(forced, 4)} at 5; printed: 0.1499"
