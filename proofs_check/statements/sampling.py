"""Section 2.2.4 and Appendix F: pools, modes, typical regions, prompt families."""

from distributional_view.proofs_check.statements.entry import APPLIES, EXACT, IDENTITY, stated

SAMPLING = (
    stated(
        "Lemma F.1",
        "pool weights at large multipliers",
        "lemma",
        "As beta -> inf the self-normalised weights of a finite pool tend to 1/|M| on its maximisers M of psi and to"
        " 0 elsewhere.",
        {
            "finite pool": "The pool is finite.",
        },
        "17, 159-160",
        certified="a limit with a closed rate in the gap between the two largest scores, shown symbolically",
        sampled="about the weights of a given pool: no process to run",
        sharpness=APPLIES,
        formal=APPLIES,
    ),
    stated(
        "Lemma F.2",
        "regularised optimisation seeks a mode",
        "lemma",
        "The maximisers of psi - lambda R are the modes of exp(psi - lambda R), and the tempered laws exp((psi -"
        " lambda R)/T) concentrate on them as T -> 0.",
        {
            "normalisable": "The tempered laws can be normalised.",
            "essential supremum": "The maximum is the essential supremum of the reference measure.",
        },
        "18-19, 161-164",
        certified="a limit with a rate that depends on the objective: no parameter interval to cover",
        sampled=APPLIES,
    ),
    stated(
        "Definition F.3",
        "typical region",
        "definition",
        "T with q(T) >= 1 - eps is eps-typical; then |E_q[s] - E_q[s | T]| <= 2 eps sup|s|.",
        {
            "eps < 1": "eps < 1.",
            "bounded": (
                "s is bounded.",
                "not needed where both means exist: with sup|s| = inf the bound is infinite, and says nothing",
            ),
        },
        "165",
        certified="one inequality, linear in s: shown symbolically for every parameter",
        sampled=EXACT,
        sharpness=APPLIES,
    ),
    stated(
        "Lemma F.4",
        "the mode of a Gaussian is not typical",
        "lemma",
        "For X ~ N(0, I_d), P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4).",
        {
            "0 < delta < 1": "0 < delta < 1.",
            "standard normal": "X is standard normal.",
        },
        "166-170",
        certified=APPLIES,
        sampled="an exact probability: its value is Ours: exact shell",
    ),
    stated(
        "Assumption F.5",
        "an optimiser ends near its maximiser",
        "assumption",
        "The output x_hat ~ nu has P(|x_hat - x_MAP| <= r) >= 1 - eta.",
        {},
        "171",
        certified="an assumption on an algorithm: nothing to enclose",
        property="an assumption on an algorithm: whether a given optimiser meets it is measured under sampled",
        sampled=APPLIES,
        necessity="an assumption: what fails without it is under Lemma F.6",
        code="an assumption on an optimiser: no function measures how near its ends lie, the sampled rung does",
    ),
    stated(
        "Lemma F.6",
        "an optimiser misses the typical region",
        "lemma",
        "The ball |x|^2 <= (1 - delta) d holds nu-mass >= 1 - eta but q-mass <= exp(-d delta^2/4): its complement is"
        " typical for q and hit by the optimiser with probability <= eta.",
        {
            "near the maximiser": "Assumption F.5.",
            "maximiser at 0": "x_MAP = 0.",
            "small radius": "r <= sqrt((1 - delta) d).",
            "standard normal": "q = N(0, I_d).",
            "0 < delta < 1": "0 < delta < 1.",
        },
        "172-174",
        certified="its one bound is Lemma F.4's, certified there",
        property="about an optimiser's output: run under sampled",
        sampled=APPLIES,
    ),
    stated(
        "Theorem F.7",
        "prompt information bottleneck",
        "theorem",
        "E_q[psi] >= tau implies KL(q || p) >= KL(q_beta || p) + KL(q || q_beta), with equality if E_q[psi] = tau; so"
        " a prompt family pays its distance from q_beta on top.",
        {
            "feasible law": "E_q[psi] >= tau.",
            "solution": "q_beta is the KLSC solution at tau.",
            "feasible member": (
                "The prompt family has a member with E_q[psi] >= tau.",
                "not needed: without one the infimum over the family is +inf, and the inequality holds",
            ),
        },
        "20-23, 175-180",
        certified=IDENTITY,
        sampled=EXACT,
        formal=APPLIES,
    ),
)
