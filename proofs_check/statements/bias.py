"""Appendices D.2 and D.3: boundary mass, and KL along both paths."""

from distributional_view.proofs_check.statements.entry import APPLIES, EXACT, IDENTITY, stated

BIAS = (
    stated(
        "Lemma D.6",
        "boundary mass of the hard solution",
        "lemma",
        "M_delta(q_t; t) = 1 - S(t + delta)/S(t) = 1 - exp(-integral of h over the shell) = delta h(t) + o(delta).",
        {
            "mass above t": "S(t) > 0.",
            "density": "For the integral, Y has a density.",
            "continuous at t": "For the expansion, f is continuous at t.",
        },
        "11, 63-65",
        certified=APPLIES,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Lemma D.7",
        "tilting lowers the boundary hazard",
        "lemma",
        "For beta > 0 the hazard of q_beta at t is h(t) exp(beta t)/E[exp(beta Y) | Y >= t] <= h(t), strictly so if"
        " f(t) > 0 and Y is not degenerate above t.",
        {
            "sign of beta": "beta > 0.",
            "finite Z": "Z(beta) is finite.",
            "mass above t": "S(t) > 0.",
            "density at t": (
                "Y has a density at t.",
                "without one the hazard is not defined; the order itself holds for jumps P(Y = t)/S(t) too",
            ),
            "positive density": "Strict: f(t) > 0.",
            "spread above t": (
                "Strict: Y non-degenerate on Y >= t.",
                "it follows: Y is degenerate at t only with an atom there, and anywhere else strictness holds",
            ),
        },
        "12, 66-69",
        certified=APPLIES,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Lemma D.8",
        "two truncations are infinitely far apart",
        "lemma",
        "For t1 < t2, KL(q_t1 || q_t2) = inf.",
        {
            "mass between": "P(t1 <= Y < t2) > 0.",
            "mass above t": "S(t2) > 0.",
        },
        "70-71",
        certified="the value is infinite: no digit to enclose",
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Lemma D.9",
        "two tilts are close",
        "lemma",
        "KL(q_b1 || q_b2) = A(b2) - A(b1) - (b2 - b1) A'(b1) = (b2 - b1)^2 Var_(q_xi)(psi)/2 for some xi between,"
        " so that it vanishes as b2 -> b1.",
        {
            "inside the domain": "b1 and b2 are inside the domain of A.",
        },
        "72-76",
        certified=IDENTITY,
        sampled=EXACT,
        formal=APPLIES,
    ),
)
