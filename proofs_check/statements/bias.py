"""Appendices D.2 and D.3: boundary mass, and KL along both paths."""

from distributional_view.proofs_check.statements.entry import APPLIES, EXACT, IDENTITY, stated

BIAS = (
    stated(
        "Lemma D.6",
        "boundary mass of the hard solution",
        "lemma",
        "M_delta(q_t; t) = 1 - S(t + delta)/S(t) = 1 - exp(-integral of h over the shell) = delta h(t) + o(delta).",
        ("S(t) > 0.", "For the integral, a density; for the expansion, f is continuous at t."),
        "11, 63-65",
        certified=APPLIES,
        sampled=EXACT,
    ),
    stated(
        "Lemma D.7",
        "tilting lowers the boundary hazard",
        "lemma",
        "For beta > 0 the hazard of q_beta at t is h(t) exp(beta t)/E[exp(beta Y) | Y >= t] <= h(t), strictly so if"
        " f(t) > 0 and Y is not degenerate above t.",
        ("beta > 0 with Z(beta) finite.", "S(t) > 0, and Y has a density at t.", "Strict: Y non-degenerate on Y >= t."),
        "12, 66-69",
        certified=APPLIES,
        sampled=EXACT,
    ),
    stated(
        "Lemma D.8",
        "two truncations are infinitely far apart",
        "lemma",
        "For t1 < t2, KL(q_t1 || q_t2) = inf.",
        ("P(t1 <= Y < t2) > 0.", "S(t2) > 0."),
        "70-71",
        certified="the value is infinite: no digit to enclose",
        sampled=EXACT,
    ),
    stated(
        "Lemma D.9",
        "two tilts are close",
        "lemma",
        "KL(q_b1 || q_b2) = A(b2) - A(b1) - (b2 - b1) A'(b1) = (b2 - b1)^2 Var_(q_xi)(psi)/2 for some xi between,"
        " so that it vanishes as b2 -> b1.",
        ("b1 and b2 are inside the domain of A.",),
        "72-76",
        certified=IDENTITY,
        sampled=EXACT,
    ),
)
