"""Section 2.2.3 and Appendix E: a task score beside the intrinsic one."""

from distributional_view.proofs_check.statements.entry import (
    APPLIES,
    DEFINED,
    EXACT,
    IDENTITY,
    ORDER,
    TWO_CONSTRAINTS,
    stated,
)

OBJECTS = (
    stated(
        "Definition 2.4",
        "two constraints",
        "definition",
        "Minimise KL(q || p) over q << p with E_q[psi] >= tau and E_q[g] >= kappa for a task score g.",
        {},
        "13",
        certified=IDENTITY,
        property=TWO_CONSTRAINTS,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    stated(
        "Lemma E.1",
        "the two-constraint solution is a joint tilt",
        "lemma",
        "The minimiser is proportional to p exp(beta psi + gamma g) with beta, gamma >= 0 and complementary"
        " slackness beta (E_q[psi] - tau) = 0, gamma (E_q[g] - kappa) = 0.",
        {
            "strict feasibility": "A law q << p of finite KL meets both constraints strictly.",
            "attained minimum": "The minimum is attained.",
        },
        "14, 145-152",
        certified=IDENTITY,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Definition 2.5",
        "distortion",
        "definition",
        "Delta(kappa) is the least KL(q || q_beta) over q with E_q[psi] = tau and E_q[g] >= kappa.",
        {},
        "15",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    stated(
        "Lemma E.2",
        "Gibbs variational principle",
        "lemma",
        "log E_mu[exp(f)] is the largest E_q[f] - KL(q || mu) over q << mu, attained only at q = mu"
        " exp(f)/E_mu[exp(f)].",
        {
            "finite Z": "E_mu[exp(f)] is finite.",
            "integrable": "f is integrable under the maximiser.",
        },
        "153-155",
        certified=IDENTITY,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Theorem E.3",
        "lower bound of the distortion",
        "theorem",
        "Delta(kappa) >= sup over gamma >= 0 of gamma kappa - log E_(q_beta)[exp(gamma g)], which is > 0 once"
        " kappa > E_(q_beta)[g].",
        {
            "exponential moment": "E_(q_beta)[exp(gamma g)] is finite for some gamma > 0.",
            "unmet demand": "For positivity, kappa > E_(q_beta)[g].",
        },
        "16, 156-158",
        certified=ORDER,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
)
