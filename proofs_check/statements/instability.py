"""Appendices D.4 and D.5: how fast both paths move, and the interpretability gap."""

from distributional_view.proofs_check.statements.entry import APPLIES, EXACT, IDENTITY, stated

INSTABILITY = (
    stated(
        "Lemma D.10",
        "total variation between truncations",
        "lemma",
        "For t < t', TV(q_t, q_t') = 1 - S(t')/S(t) = h(t)(t' - t) + o(t' - t).",
        {
            "mass above t": "S(t') > 0.",
            "continuous density": "For the expansion, Y has a density that is continuous at t.",
        },
        "77-84",
        certified=APPLIES,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Lemma D.11",
        "speed of the hard path",
        "lemma",
        "tau'(t) = h(t) m(t), so that total variation per unit of faithfulness is V_hard(t) = 1/m(t).",
        {
            "continuous density": "Y has a density that is continuous at t.",
            "moving mean": "tau(t) is strictly increasing.",
        },
        "85-91",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    stated(
        "Lemma D.12",
        "speed of the KLSC path",
        "lemma",
        "d tau/d beta = Var_(q_beta)(Y) and V_soft = E_(q_beta)|Y - tau|/(2 Var_(q_beta)(Y)); averages over levels are"
        " log(S(a)/S(b))/(tau(b) - tau(a)) for truncation and a beta-integral for tilting.",
        {
            "inside the domain": "beta is inside the domain of A.",
            "not constant": "psi is not almost surely constant.",
            "density": "For (102)-(104), Y has a density.",
        },
        "92-108",
        certified=APPLIES,
        sampled=EXACT,
    ),
    stated(
        "Gaussian example",
        "both speeds for a normal score",
        "example",
        "For Y ~ N(0, 1) with inverse Mills ratio lambda: tau(t) = lambda(t), m(t) = lambda(t) - t,"
        " V_hard = 1/(lambda(t) - t) and V_soft = 1/sqrt(2 pi) at every level.",
        {
            "normal": "Y ~ N(0, 1).",
        },
        "109-124",
        certified=APPLIES,
        sampled=EXACT,
    ),
    stated(
        "Proposition D.13",
        "truncation is the less stable path for a normal score",
        "proposition",
        "For Y ~ N(0, 1) and every t >= 0, V_hard(t) > V_soft, also on average over [a, b] with 0 <= a < b; V_hard(t)"
        " grows like t, V_soft is constant.",
        {
            "normal": "Y ~ N(0, 1).",
            "t >= 0": "t >= 0.",
        },
        "125-140",
        certified=APPLIES,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Theorem D.14",
        "interpretability gap",
        "theorem",
        "A KLSC solution q* at the level tau = E_p[psi | A_t] has KL(q* || p) <= KL(q_t || p) = -log p(A_t), with"
        " equality only if q* = q_t.",
        {
            "mass above t": (
                "p(A_t) > 0.",
                "without it neither q_t nor the level tau is defined, so that nothing is left to compare",
            ),
            "mass below t": (
                "p(A_t) < 1.",
                "not needed: at p(A_t) = 1 both solutions are p, so that equality holds with q* = q_t",
            ),
            "finite mean": (
                "E_p[psi] is finite.",
                "not needed: if q* exists at tau, the inequality compares two feasible laws",
            ),
            "solution": (
                "A KLSC solution at tau exists.",
                "the claim is about it: without one there is nothing to compare",
            ),
            "matched level": "tau = E_p[psi | A_t].",
        },
        "141-144",
        certified=APPLIES,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
)
