"""Appendix D.1: what solves the hard and the soft problem."""

from distributional_view.proofs_check.statements.entry import APPLIES, EXACT, IDENTITY, ORDER, stated

SOLUTIONS = (
    stated(
        "Lemma D.1",
        "the hard solution is truncation",
        "lemma",
        "For q supported on A_t, KL(q || p) = KL(q || q_t) - log p(A_t), so that q_t = p 1{psi >= t}/p(A_t) is the"
        " only minimiser and KL(q_t || p) = -log S(t).",
        {
            "mass above t": "p(A_t) > 0.",
        },
        "6, 43-46",
        certified=IDENTITY,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Assumption D.2",
        "exponential integrability",
        "assumption",
        "E_p[exp(beta_0 |psi|)] is finite for some beta_0 > 0; then A is finite and smooth around 0 and psi has all"
        " moments.",
        {"exponential moments": "E_p[exp(beta_0 |psi|)] is finite for some beta_0 > 0."},
        certified="an assumption: nothing to enclose",
        property=APPLIES,
        sampled="an assumption on the prior, not on a process",
    ),
    stated(
        "Remark D.3",
        "bounded scores",
        "remark",
        "If |psi| <= b, Assumption D.2 holds for every beta_0, with |A(beta)| <= |beta| b.",
        {
            "bounded": "|psi| <= b almost surely under p.",
        },
        certified="one inequality between monotone functions, shown symbolically for every parameter",
        sampled=EXACT,
        code="a sufficient condition that no function asks for: laws say themselves up to which beta Z is finite",
    ),
    stated(
        "Lemma D.4",
        "the KLSC solution is a tilt",
        "lemma",
        "If tau <= E_p[psi] the solution is p; otherwise, if a beta > 0 has A'(beta) = tau, the only minimiser is"
        " q_beta = p exp(beta psi)/Z(beta), with KL(q_beta || p) = beta tau - A(beta).",
        {
            "exponential moments": (
                "Assumption D.2.",
                "not needed as far as known: a beta > 0 with E_(q_beta)[psi] = tau is all that the proof uses",
            ),
            "attained level": "For tau > E_p[psi], some beta > 0 has E_(q_beta)[psi] = tau.",
        },
        "9, 47-60",
        certified=IDENTITY,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Remark D.5",
        "the multiplier by one-dimensional root finding",
        "remark",
        "The derivative of E_(q_beta)[psi] in beta is Var_(q_beta)(psi) > 0, so that beta(tau) is unique and maximises"
        " the concave dual beta tau - A(beta).",
        {
            "inside the domain": "beta is inside the domain of A.",
            "not constant": "psi is not almost surely constant.",
        },
        "61-62",
        certified=ORDER,
        sampled=EXACT,
        formal=APPLIES,
    ),
)
