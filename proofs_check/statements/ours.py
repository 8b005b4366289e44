"""What the paper does not have: sharpenings, exact values and counterexamples of this project."""

from distributional_view.proofs_check.statements.entry import (
    APPLIES,
    CONTINUUM,
    EXACT,
    IDENTITY,
    ORDER,
    PROCESS,
    stated,
)

OURS = (
    stated(
        "Ours: score law",
        "everything is a functional of the law of the score",
        "ours",
        "KL, TV, boundary mass, hazards, speeds and the matched levels of truncations and tilts depend on (p, psi)"
        " only through the law of Y.",
        {
            "functions of psi": "The densities relative to p are functions of psi.",
        },
        certified=IDENTITY,
        sampled=EXACT,
    ),
    stated(
        "Ours: limits",
        "levels at and beyond the supremum",
        "ours",
        "At tau = ess sup psi with mass the solution is the truncation there; without mass, or above, none exists; if"
        " A is not steep and tau > A'(beta_max), the infimum beta_max tau - A(beta_max) is not attained.",
        {
            "exponential moments": (
                "Assumption D.2.",
                "not needed as far as known: without upper moments beta_max = 0 and the infimum 0 stays out of reach",
            ),
        },
        certified=IDENTITY,
        sampled=EXACT,
        necessity="no counterexample to its one hypothesis is known: perhaps it is not needed",
    ),
    stated(
        "Ours: ties",
        "randomised truncation",
        "ours",
        "p (1{psi > t} + a 1{psi = t}), a in [0, 1], reaches every level from E_p[psi] to ess sup psi (that included if"
        " it carries mass), with KL = -log kept + (a P(Y = t)/kept) log a.",
        {
            "levels in range": "Levels lie between E_p[psi] and the essential supremum.",
        },
        certified=IDENTITY,
        sampled=EXACT,
        sharpness=APPLIES,
    ),
    stated(
        "Ours: all margins",
        "Lemma D.7 for every margin",
        "ours",
        "M_delta(q_beta; t) <= M_delta(q_t; t) for every delta > 0, because tilting orders the conditional laws above t"
        " stochastically.",
        {
            "sign of beta": "beta >= 0.",
            "finite Z": "Z(beta) is finite.",
            "mass above t": "S(t) > 0.",
        },
        "12",
        certified=ORDER,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Ours: reverse KL",
        "the finite direction of Lemma D.8",
        "ours",
        "For t1 <= t2, KL(q_t2 || q_t1) = log(S(t1)/S(t2)).",
        {
            "mass above t": "S(t2) > 0.",
            "ordered thresholds": "t1 <= t2.",
        },
        "70-71",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Ours: finite step",
        "the hard path's speed for any law and step",
        "ours",
        "TV(q_t, q_t')/(tau(t') - tau(t)) = 1/(tau(t') - E[Y | t <= Y < t']).",
        {
            "mass between": "P(t <= Y < t') > 0.",
            "mass above t": "S(t') > 0.",
        },
        "85-91",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Ours: Nelson-Aalen",
        "the average speed of the hard path with atoms",
        "ours",
        "The average speed of the hard path over thresholds in [a, b) has the numerator integral of dF/S, which is"
        " log(S(a)/S(b)) for a density and a sum of jumps P(Y = y)/S(y) for atoms.",
        {
            "mass above t": "S(b) > 0.",
            "moving mean": "tau(a) < tau(b).",
        },
        "102-104",
        certified=IDENTITY,
        sampled=EXACT,
        formal=APPLIES,
    ),
    stated(
        "Ours: crossing",
        "where Proposition D.13 begins to hold",
        "ours",
        "For Y ~ N(0, 1), V_hard(t) > V_soft exactly for t > t*, the root of m(t*) = sqrt(2 pi), t* = -2.49...",
        {
            "normal": "Y ~ N(0, 1).",
        },
        "125-136",
        certified=APPLIES,
        sampled=EXACT,
        necessity=APPLIES,
        code="no function looks for t*: the code computes both speeds, the checks enclose where they cross",
        sharpness=APPLIES,
    ),
    stated(
        "Ours: gap",
        "the exact interpretability gap",
        "ours",
        "KL(q_t || p) - KL(q_beta || p) = KL(q_t || q_beta) if both have mean tau; it is > 0 for every finite beta.",
        {
            "matched level": "E_(q_t)[psi] = E_(q_beta)[psi].",
            "mass below t": "For positivity, p(A_t) < 1.",
        },
        "141-144",
        certified=IDENTITY,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Ours: exact distortion",
        "the dual of the distortion",
        "ours",
        "Delta(kappa) = sup over gamma >= 0 and real b of gamma kappa + b tau - log E_(q_beta)[exp(gamma g + b psi)],"
        " never below Theorem E.3's bound.",
        {
            "finite or inside": "A finite space, or (tau, kappa) in the relative interior of what is attainable.",
        },
        "16, 156-158",
        certified=IDENTITY,
        sampled=EXACT,
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Ours: effective sample size",
        "what a pool can carry",
        "ours",
        "1/(sum of w_i^2) falls from N at beta = 0 to |M| as beta -> inf, and no weights give a mean above the pool's"
        " maximum.",
        {
            "finite pool": (
                "The pool is finite.",
                "an infinite pool has no N to fall from, so that the claim cannot be put",
            ),
            "beta >= 0": "beta >= 0.",
        },
        "17",
        certified=ORDER,
        sampled="about the weights of a given pool: no process to run",
    ),
    stated(
        "Ours: exact shell",
        "the exact probability behind Lemma F.4",
        "ours",
        "P(|X|^2 <= (1 - delta) d) is the regularised incomplete gamma function at (d/2, (1 - delta) d/2), and the best"
        " Chernoff exponent per dimension is -(delta + log(1 - delta))/2 >= delta^2/4.",
        {
            "0 < delta < 1": "0 < delta < 1.",
            "standard normal": "X is standard normal.",
        },
        "166-170",
        certified=APPLIES,
        sampled="an exact probability: sampling would only estimate what is certified",
    ),
    stated(
        "Ours: factor of two",
        "what the plug-in samples when the denoised score does not fade",
        "ours",
        "If phi(x, t) = psi(x0_hat(x, t)) is constant along the probability-flow ODE, the reverse SDE guided by"
        " g^2 beta grad phi has marginals proportional to p_t exp(2 beta phi).",
        {
            "constant along the flow": "phi is constant along the probability-flow ODE.",
            "tilted start": "The start is proportional to p_T exp(2 beta phi).",
        },
        certified=CONTINUUM,
        property="shown symbolically for all f, g, p and phi that meet its hypotheses; one such example is run",
        sampled=APPLIES,
    ),
    stated(
        "Ours: plug-in bias",
        "the plug-in's strength is not universal",
        "ours",
        "The law that the plug-in samples is not the tilt by beta, and the ratio of the tilt it reaches to beta depends"
        " on prior and score: 1 for a linear score and a Gaussian prior, another for psi = x^2.",
        {},
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
        necessity="it is itself the counterexample to a universal factor",
    ),
    stated(
        "Ours: few steps",
        "few reverse steps bias the unguided law",
        "ours",
        "For the prior N(0, 1) the DDPM sampler with the exact score ends with a variance below 1, which a linear"
        " recursion over the steps gives exactly: 0.857 at 50 steps of the strided linear schedule, 0.991 at 1000.",
        {
            "linear schedule": (
                "The schedule is the linear one, strided.",
                "it fixes the numbers: other schedules have others",
            ),
            "no last noise": (
                "No noise is added at the last step.",
                "it fixes the numbers: other samplers have others",
            ),
        },
        certified=APPLIES,
        property=PROCESS,
        sampled=APPLIES,
        necessity="numbers about one schedule: no hypothesis whose absence would be a counterexample",
    ),
    stated(
        "Ours: printed KL",
        "the printed KL column is not the exact KL",
        "ours",
        "With psi >= 0, hard KLs of 0.2030 at tau = 5 and 0.6198 at 7 force the exact KLSC KL at 5 below 0.044; printed"
        " is 0.1499.",
        {
            "psi >= 0": "psi >= 0.",
            "exact hard values": "The printed hard values are exact KLs of truncations with the stated means.",
        },
        certified=APPLIES,
        property=APPLIES,
        sampled="a bound from printed numbers: no process to run",
    ),
)
