"""Appendices B and C, and the definitions of Section 2.2.2."""

from distributional_view.proofs_check.statements.entry import APPLIES, DEFINED, EXACT, IDENTITY, stated

DEFINITIONS = (
    stated(
        "Definition B.1",
        "expectation",
        "definition",
        "E_q[phi] is the integral of phi against q; it is linear, monotone, and equals E_p[phi dq/dp] if q << p.",
        {
            "integrable": "phi is integrable under q.",
        },
        "25",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    stated(
        "Definition B.2",
        "Kullback-Leibler divergence",
        "definition",
        "KL(q || p) = E_q[log(q/p)] with 0 log 0 = 0, and +inf unless q << p; it is >= 0 and 0 only if q = p.",
        {
            "probabilities": "p and q are probabilities.",
        },
        "1, 26",
        certified="its sign is shown symbolically for all masses; Table 2's values are certified under Theorem D.14",
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Definition B.3",
        "total variation",
        "definition",
        "TV(q, p), half the L1 distance, is the largest |q(B) - p(B)| over events B, attained at B = {q > p}.",
        {
            "probabilities": "p and q are probabilities.",
        },
        "2, 27",
        certified=IDENTITY,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Lemma B.4",
        "Pinsker's inequality",
        "lemma",
        "TV(q, p) <= sqrt(KL(q || p)/2).",
        {
            "probabilities": "p and q are probabilities.",
        },
        "28",
        certified=APPLIES,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Definition B.5",
        "Dirac measure",
        "definition",
        "The unit mass at x gives E[phi] = phi(x); against p its KL is -log p({x}) and its TV is 1 - p({x}).",
        {},
        "29-31",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=DEFINED,
        code="a law with one atom is a law like any other: no function is about it",
    ),
    stated(
        "Appendix C.1",
        "sparse autoencoder and convolutional transcoder",
        "definition",
        "The transcoder encodes with a convolution, keeps the k largest codes of each position and decodes with one"
        " dictionary for all positions; with a 1 x 1 kernel it equals the position-wise sparse autoencoder.",
        {
            "1 x 1 kernel": "The kernel is 1 x 1 for the equality.",
            "no ties": (
                "No ties among the codes at the k-th place.",
                "it only makes the k largest codes unique: with one rule for ties the equality holds as well",
            ),
        },
        "32-42",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    stated(
        "Definition 2.1",
        "hard constraint",
        "definition",
        "The laws q << p with q(A_t) = 1 are the candidates; the hard solution has the least KL(q || p).",
        {
            "mass above t": "p(A_t) > 0.",
        },
        "4-5",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    stated(
        "Definition 2.2",
        "KL-minimal soft constraint",
        "definition",
        "The laws q << p with E_q[psi] >= tau are the candidates, a convex set; the KLSC solution has the least"
        " KL(q || p).",
        {},
        "7-8",
        certified=IDENTITY,
        sampled=EXACT,
        necessity="it has no condition; where no candidate exists is said under Ours: limits",
    ),
    stated(
        "Definition 2.3",
        "boundary mass",
        "definition",
        "M_delta(q; t) = q(t <= psi < t + delta)/q(A_t) is the conditional mass of the shell above t.",
        {
            "mass above t": "q(A_t) > 0.",
            "delta > 0": (
                "delta > 0.",
                "at delta = 0 the shell is empty and its mass 0: nothing fails",
            ),
        },
        "10",
        certified=APPLIES,
        sampled=EXACT,
    ),
)
