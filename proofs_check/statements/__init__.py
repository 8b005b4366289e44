"""The registry of statements: what each claims, under which assumptions, and which evidence it needs.

One entry a statement, in the order of the paper, ours at the end. Claims are in our words, in the notation of
`theory`. For each of the five rungs of evidence an entry says `APPLIES` or why the rung makes no sense for it:

symbolic   the steps of the proof as identities
certified  inequalities over whole intervals, or digits, by ball arithmetic
property   drawn laws and measures through the public functions
sampled    a process run with standard errors from the run
necessity  what goes wrong without each hypothesis

`python -m proofs_check` shows the evidence that there is.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Kind = Literal["definition", "lemma", "proposition", "theorem", "remark", "assumption", "algorithm", "example", "ours"]
KINDS: tuple[str, ...] = get_args(Kind)
APPLIES = "applies"


class Rungs(NamedTuple):
    """For each rung `APPLIES` or the reason why not."""

    symbolic: str
    certified: str
    property: str
    sampled: str
    necessity: str


@dataclass(frozen=True)
class Statement:
    """One numbered statement of the paper, or one of ours.

    Args:
        label: as code and evidence point to it: "Lemma D.7".
        name: a few words.
        kind: one of `KINDS`.
        claim: one sentence.
        assumptions: short sentences; none if it holds whenever its terms are defined.
        equations: the paper's numbers.
        rungs: which evidence applies.
    """

    label: str
    name: str
    kind: Kind
    claim: str
    assumptions: tuple[str, ...]
    equations: tuple[str, ...]
    rungs: Rungs

    @property
    def number(self) -> str:
        """The label without its kind, which may stand for it: "D.7", "reverse KL", but "Algorithm 1"."""
        kind, _, rest = self.label.partition(" ")
        return rest if "." in rest or kind == "Ours:" else self.label

    def applies(self, rung: str) -> bool:
        """Whether evidence on this rung is asked for."""
        return self.reason(rung) == APPLIES

    def reason(self, rung: str) -> str:
        """Why the rung does not apply, or `APPLIES`.

        Raises:
            ValueError: for an unknown rung.
        """
        if rung not in Rungs._fields:
            raise ValueError(f"rung = {rung!r}: must be one of {Rungs._fields}")
        return str(getattr(self.rungs, rung))


def _equations(text: str) -> tuple[str, ...]:
    """ "9, 47-49" -> ("9", "47", "48", "49")."""
    numbers: list[str] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        numbers += [str(n) for n in range(int(first), int(last or first) + 1)]
    return tuple(numbers)


def _statement(
    label: str,
    name: str,
    kind: Kind,
    claim: str,
    assumptions: tuple[str, ...] = (),
    equations: str = "",
    *,
    symbolic: str = APPLIES,
    certified: str,
    property: str = APPLIES,
    sampled: str,
    necessity: str = APPLIES,
) -> Statement:
    rungs = Rungs(symbolic, certified, property, sampled, necessity)
    return Statement(label, name, kind, claim, assumptions, _equations(equations) if equations else (), rungs)


# Reasons that several statements share.
EXACT = "about exact quantities of a law: no process to run"
IDENTITY = "exact identities, shown symbolically: no bound or digit to enclose"
ORDER = "follows for every law from an exact identity: no interval of parameters to cover"
DEFINED = "a definition: it asserts nothing that a hypothesis could be dropped from"
TWO_CONSTRAINTS = "a definition whose solution is Lemma E.1's and Theorem E.3's: drawn there"
PROCESS = "about a process: its laws are not among the exact solutions to draw; run under sampled"
CONTINUUM = "a derivation about densities evolving in time: no bound or digit to enclose"

_DEFINITIONS = (
    _statement(
        "Definition B.1",
        "expectation",
        "definition",
        "E_q[phi] is the integral of phi against q; it is linear, monotone, and equals E_p[phi dq/dp] if q << p.",
        ("phi is integrable under q.",),
        certified=IDENTITY,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    _statement(
        "Definition B.2",
        "Kullback-Leibler divergence",
        "definition",
        "KL(q || p) = E_q[log(q/p)] with 0 log 0 = 0, and +inf unless q << p; it is >= 0 and 0 only if q = p.",
        ("p and q are probabilities.",),
        "1",
        certified="its sign is shown symbolically for all masses; Table 2's values are certified under Theorem D.14",
        sampled=EXACT,
        necessity=DEFINED,
    ),
    _statement(
        "Definition B.3",
        "total variation",
        "definition",
        "TV(q, p), half the L1 distance, is the largest |q(B) - p(B)| over events B, attained at B = {q > p}.",
        ("p and q are probabilities.",),
        "2",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    _statement(
        "Lemma B.4",
        "Pinsker's inequality",
        "lemma",
        "TV(q, p) <= sqrt(KL(q || p)/2).",
        ("p and q are probabilities.",),
        certified=APPLIES,
        sampled=EXACT,
        necessity=APPLIES,
    ),
    _statement(
        "Definition B.5",
        "Dirac measure",
        "definition",
        "The unit mass at x gives E[phi] = phi(x); against p its KL is -log p({x}) and its TV is 1 - p({x}).",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    _statement(
        "Appendix C.1",
        "sparse autoencoder and convolutional transcoder",
        "definition",
        "The transcoder encodes with a convolution, keeps the k largest codes of each position and decodes with one"
        " dictionary for all positions; with a 1 x 1 kernel it equals the position-wise sparse autoencoder.",
        ("The kernel is 1 x 1 for the equality.", "No ties among the codes at the k-th place."),
        "32-42",
        certified=IDENTITY,
        property="`theory` has no transcoder to draw inputs for; the identity is shown for symbolic tensors",
        sampled=EXACT,
        necessity="its one hypothesis, the kernel's size, is a control of the symbolic check",
    ),
    _statement(
        "Definition 2.1",
        "hard constraint",
        "definition",
        "The laws q << p with q(A_t) = 1 are the candidates; the hard solution has the least KL(q || p).",
        ("p(A_t) > 0.",),
        "4-5",
        certified=IDENTITY,
        sampled=EXACT,
        necessity="its one condition, p(A_t) > 0, is dropped under Lemma D.1",
    ),
    _statement(
        "Definition 2.2",
        "KL-minimal soft constraint",
        "definition",
        "The laws q << p with E_q[psi] >= tau are the candidates, a convex set; the KLSC solution has the least"
        " KL(q || p).",
        (),
        "7-8",
        certified=IDENTITY,
        sampled=EXACT,
        necessity="it has no condition; where no candidate exists is said under Ours: limits",
    ),
    _statement(
        "Definition 2.3",
        "boundary mass",
        "definition",
        "M_delta(q; t) = q(t <= psi < t + delta)/q(A_t) is the conditional mass of the shell above t.",
        ("q(A_t) > 0.", "delta > 0."),
        "10",
        certified=APPLIES,
        sampled=EXACT,
        necessity=DEFINED,
    ),
)

_SOLUTIONS = (
    _statement(
        "Lemma D.1",
        "the hard solution is truncation",
        "lemma",
        "For q supported on A_t, KL(q || p) = KL(q || q_t) - log p(A_t), so that q_t = p 1{psi >= t}/p(A_t) is the"
        " only minimiser and KL(q_t || p) = -log S(t).",
        ("p(A_t) > 0.",),
        "6, 43-46",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Assumption D.2",
        "exponential integrability",
        "assumption",
        "E_p[exp(beta_0 |psi|)] is finite for some beta_0 > 0; then A is finite and smooth around 0 and psi has all"
        " moments.",
        certified="an assumption: nothing to enclose",
        property=APPLIES,
        sampled="an assumption on the prior, not on a process",
    ),
    _statement(
        "Remark D.3",
        "bounded scores",
        "remark",
        "If |psi| <= b, Assumption D.2 holds for every beta_0, with |A(beta)| <= |beta| b.",
        ("|psi| <= b almost surely under p.",),
        certified="one inequality between monotone functions, shown symbolically for every parameter",
        sampled=EXACT,
    ),
    _statement(
        "Lemma D.4",
        "the KLSC solution is a tilt",
        "lemma",
        "If tau <= E_p[psi] the solution is p; otherwise, if a beta > 0 has A'(beta) = tau, the only minimiser is"
        " q_beta = p exp(beta psi)/Z(beta), with KL(q_beta || p) = beta tau - A(beta).",
        ("Assumption D.2.", "For tau > E_p[psi], some beta > 0 has E_(q_beta)[psi] = tau."),
        "9, 47-60",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Remark D.5",
        "the multiplier by one-dimensional root finding",
        "remark",
        "The derivative of E_(q_beta)[psi] in beta is Var_(q_beta)(psi) > 0, so that beta(tau) is unique and maximises"
        " the concave dual beta tau - A(beta).",
        ("beta is inside the domain of A.", "psi is not almost surely constant."),
        "61-62",
        certified=ORDER,
        sampled=EXACT,
    ),
)

_BIAS = (
    _statement(
        "Lemma D.6",
        "boundary mass of the hard solution",
        "lemma",
        "M_delta(q_t; t) = 1 - S(t + delta)/S(t) = 1 - exp(-integral of h over the shell) = delta h(t) + o(delta).",
        ("S(t) > 0.", "For the integral, a density; for the expansion, f is continuous at t."),
        "11, 63-65",
        certified=APPLIES,
        sampled=EXACT,
    ),
    _statement(
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
    _statement(
        "Lemma D.8",
        "two truncations are infinitely far apart",
        "lemma",
        "For t1 < t2, KL(q_t1 || q_t2) = inf.",
        ("P(t1 <= Y < t2) > 0.", "S(t2) > 0."),
        "70-71",
        certified="the value is infinite: no digit to enclose",
        sampled=EXACT,
    ),
    _statement(
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

_INSTABILITY = (
    _statement(
        "Lemma D.10",
        "total variation between truncations",
        "lemma",
        "For t < t', TV(q_t, q_t') = 1 - S(t')/S(t) = h(t)(t' - t) + o(t' - t).",
        ("S(t') > 0.", "For the expansion, f is continuous at t."),
        "77-84",
        certified=APPLIES,
        sampled=EXACT,
    ),
    _statement(
        "Lemma D.11",
        "speed of the hard path",
        "lemma",
        "tau'(t) = h(t) m(t), so that total variation per unit of faithfulness is V_hard(t) = 1/m(t).",
        ("Y has a density that is continuous at t.", "tau(t) is strictly increasing."),
        "85-91",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Lemma D.12",
        "speed of the KLSC path",
        "lemma",
        "d tau/d beta = Var_(q_beta)(Y) and V_soft = E_(q_beta)|Y - tau|/(2 Var_(q_beta)(Y)); averages over levels are"
        " log(S(a)/S(b))/(tau(b) - tau(a)) for truncation and a beta-integral for tilting.",
        ("beta is inside the domain of A.", "psi is not almost surely constant.", "For (102)-(104), Y has a density."),
        "92-108",
        certified=APPLIES,
        sampled=EXACT,
    ),
    _statement(
        "Gaussian example",
        "both speeds for a normal score",
        "example",
        "For Y ~ N(0, 1) with inverse Mills ratio lambda: tau(t) = lambda(t), m(t) = lambda(t) - t,"
        " V_hard = 1/(lambda(t) - t) and V_soft = 1/sqrt(2 pi) at every level.",
        ("Y ~ N(0, 1).",),
        "109-124",
        certified=APPLIES,
        sampled=EXACT,
        necessity="a worked example: it claims nothing outside the Gaussian; other laws are under Proposition D.13",
    ),
    _statement(
        "Proposition D.13",
        "truncation is the less stable path for a normal score",
        "proposition",
        "For Y ~ N(0, 1) and every t >= 0, V_hard(t) > V_soft, also on average over [a, b] with 0 <= a < b; V_hard(t)"
        " grows like t, V_soft is constant.",
        ("Y ~ N(0, 1).", "t >= 0."),
        "125-140",
        certified=APPLIES,
        sampled=EXACT,
    ),
    _statement(
        "Theorem D.14",
        "interpretability gap",
        "theorem",
        "A KLSC solution q* at the level tau = E_p[psi | A_t] has KL(q* || p) <= KL(q_t || p) = -log p(A_t), with"
        " equality only if q* = q_t.",
        ("0 < p(A_t) < 1.", "E_p[psi] is finite.", "A KLSC solution at tau exists."),
        "141-144",
        certified=APPLIES,
        sampled=EXACT,
    ),
)

_OBJECTS = (
    _statement(
        "Definition 2.4",
        "two constraints",
        "definition",
        "Minimise KL(q || p) over q << p with E_q[psi] >= tau and E_q[g] >= kappa for a task score g.",
        (),
        "13",
        certified=IDENTITY,
        property=TWO_CONSTRAINTS,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    _statement(
        "Lemma E.1",
        "the two-constraint solution is a joint tilt",
        "lemma",
        "The minimiser is proportional to p exp(beta psi + gamma g) with beta, gamma >= 0 and complementary"
        " slackness beta (E_q[psi] - tau) = 0, gamma (E_q[g] - kappa) = 0.",
        ("A law q << p of finite KL meets both constraints strictly.",),
        "14, 145-152",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Definition 2.5",
        "distortion",
        "definition",
        "Delta(kappa) is the least KL(q || q_beta) over q with E_q[psi] = tau and E_q[g] >= kappa.",
        (),
        "15",
        certified=IDENTITY,
        property=TWO_CONSTRAINTS,
        sampled=EXACT,
        necessity=DEFINED,
    ),
    _statement(
        "Lemma E.2",
        "Gibbs variational principle",
        "lemma",
        "log E_mu[exp(f)] is the largest E_q[f] - KL(q || mu) over q << mu, attained only at q = mu"
        " exp(f)/E_mu[exp(f)].",
        ("E_mu[exp(f)] is finite.", "f is integrable under the maximiser."),
        "153-155",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Theorem E.3",
        "lower bound of the distortion",
        "theorem",
        "Delta(kappa) >= sup over gamma >= 0 of gamma kappa - log E_(q_beta)[exp(gamma g)], which is > 0 once"
        " kappa > E_(q_beta)[g].",
        ("E_(q_beta)[exp(gamma g)] is finite for some gamma > 0.", "For positivity, kappa > E_(q_beta)[g]."),
        "16, 156-158",
        certified=ORDER,
        sampled=EXACT,
    ),
)

_SAMPLING = (
    _statement(
        "Lemma F.1",
        "pool weights at large multipliers",
        "lemma",
        "As beta -> inf the self-normalised weights of a finite pool tend to 1/|M| on its maximisers M of psi and to"
        " 0 elsewhere.",
        ("The pool is finite.",),
        "17, 159-160",
        certified="a limit with a closed rate in the gap between the two largest scores, shown symbolically",
        sampled="about the weights of a given pool: no process to run",
    ),
    _statement(
        "Lemma F.2",
        "regularised optimisation seeks a mode",
        "lemma",
        "The maximisers of psi - lambda R are the modes of exp(psi - lambda R), and the tempered laws exp((psi -"
        " lambda R)/T) concentrate on them as T -> 0.",
        ("The tempered laws can be normalised.", "The maximum is the essential supremum of the reference measure."),
        "18-19, 161-164",
        certified="a limit with a rate that depends on the objective: no parameter interval to cover",
        sampled=APPLIES,
    ),
    _statement(
        "Definition F.3",
        "typical region",
        "definition",
        "T with q(T) >= 1 - eps is eps-typical; then |E_q[s] - E_q[s | T]| <= 2 eps sup|s|.",
        ("eps < 1.", "s is bounded."),
        "165",
        certified="one inequality, linear in s: shown symbolically for every parameter",
        sampled=EXACT,
    ),
    _statement(
        "Lemma F.4",
        "the mode of a Gaussian is not typical",
        "lemma",
        "For X ~ N(0, I_d), P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4).",
        ("0 < delta < 1.", "X is standard normal."),
        "166-170",
        certified=APPLIES,
        property="covered for every delta by balls: drawn points would add nothing",
        sampled="an exact probability: its value is Ours: exact shell",
    ),
    _statement(
        "Assumption F.5",
        "an optimiser ends near its maximiser",
        "assumption",
        "The output x_hat ~ nu has P(|x_hat - x_MAP| <= r) >= 1 - eta.",
        (),
        "171",
        certified="an assumption on an algorithm: nothing to enclose",
        property="an assumption on an algorithm: whether a given optimiser meets it is measured under sampled",
        sampled=APPLIES,
        necessity="an assumption: what fails without it is under Lemma F.6",
    ),
    _statement(
        "Lemma F.6",
        "an optimiser misses the typical region",
        "lemma",
        "The ball |x|^2 <= (1 - delta) d holds nu-mass >= 1 - eta but q-mass <= exp(-d delta^2/4): its complement is"
        " typical for q and hit by the optimiser with probability <= eta.",
        ("Assumption F.5 with x_MAP = 0.", "r <= sqrt((1 - delta) d).", "q = N(0, I_d), 0 < delta < 1."),
        "172-174",
        certified="its one bound is Lemma F.4's, certified there",
        property="about an optimiser's output: run under sampled",
        sampled=APPLIES,
    ),
    _statement(
        "Theorem F.7",
        "prompt information bottleneck",
        "theorem",
        "E_q[psi] >= tau implies KL(q || p) >= KL(q_beta || p) + KL(q || q_beta), with equality if E_q[psi] = tau; so"
        " a prompt family pays its distance from q_beta on top.",
        ("q_beta is the KLSC solution at tau.", "The prompt family has a member with E_q[psi] >= tau."),
        "20-23, 175-180",
        certified=IDENTITY,
        sampled=EXACT,
    ),
)

_DIFFUSION = (
    _statement(
        "Assumption G.1",
        "forward diffusion",
        "assumption",
        "dX = f dt + g dW from X_0 ~ p has smooth positive marginals p_t that solve the Fokker-Planck equation.",
        (),
        "181",
        certified="an assumption: nothing to enclose",
        property=PROCESS,
        sampled="an assumption on the prior's process: what follows from it is run under Lemma G.2",
        necessity="an assumption: its part in the proofs is dropped under Theorem G.3",
    ),
    _statement(
        "Lemma G.2",
        "time reversal",
        "lemma",
        "dY = (-f + g^2 grad log rho_(T-s)) ds + g dW from Y_0 ~ rho_T has the marginals Y_s ~ rho_(T-s).",
        ("Assumption G.1 for rho.", "Y_0 ~ rho_T."),
        "182-189",
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
        necessity="its hypotheses, the start in rho_T above all, are dropped under Theorem G.3",
    ),
    _statement(
        "Theorem G.3",
        "the score of a tilted diffusion",
        "theorem",
        "For q_0 = p exp(beta psi)/Z and H_t(x) = log E[exp(beta psi(X_0)) | X_t = x]: q_t = p_t exp(H_t)/Z(beta),"
        " grad log q_t = grad log p_t + grad H_t, and the reverse SDE from q_T ends in q_0.",
        ("Assumption G.1.", "Z(beta) is finite.", "The reverse SDE starts in q_T."),
        "24, 190-193",
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
    ),
    _statement(
        "Remark G.4",
        "the plug-in guidance",
        "remark",
        "Replacing grad H_t by beta grad psi(x0_hat(x_t)), with x0_hat = E[X_0 | X_t] by Tweedie's formula, is an"
        " approximation.",
        (),
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
        necessity="it claims no exactness under any hypothesis; how far off it is is under Ours: plug-in bias",
    ),
    _statement(
        "Algorithm 1",
        "EnergyDPS",
        "algorithm",
        "A DDPM step with the mean of x_(i-1) given x_i and x0_hat, plus zeta_i times the gradient of psi(x0_hat(x_i))"
        " through the denoiser; with zeta_i = beta (1 - alpha_i)/sqrt(alpha_i) and the gradient of H the conditional"
        " mean is exact.",
        ("A DDPM schedule alpha_bar_i.",),
        certified="an algorithm: its bias at finitely many steps is under Ours: few steps",
        property=PROCESS,
        sampled=APPLIES,
        necessity="an algorithm: what its guidance lacks is under Ours: plug-in bias",
    ),
)

_OURS = (
    _statement(
        "Ours: score law",
        "everything is a functional of the law of the score",
        "ours",
        "KL, TV, boundary mass, hazards, speeds and the matched levels of truncations and tilts depend on (p, psi)"
        " only through the law of Y.",
        ("The densities relative to p are functions of psi.",),
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Ours: limits",
        "levels at and beyond the supremum",
        "ours",
        "At tau = ess sup psi with mass the solution is the truncation there; without mass, or above, none exists; if"
        " A is not steep and tau > A'(beta_max), the infimum beta_max tau - A(beta_max) is not attained.",
        ("Assumption D.2.",),
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Ours: ties",
        "randomised truncation",
        "ours",
        "p (1{psi > t} + a 1{psi = t}), a in [0, 1], reaches every level from E_p[psi] to ess sup psi (that included if"
        " it carries mass), with KL = -log kept + (a P(Y = t)/kept) log a.",
        ("Levels lie between E_p[psi] and the essential supremum.",),
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Ours: all margins",
        "Lemma D.7 for every margin",
        "ours",
        "M_delta(q_beta; t) <= M_delta(q_t; t) for every delta > 0, because tilting orders the conditional laws above t"
        " stochastically.",
        ("beta >= 0 with Z(beta) finite.", "S(t) > 0."),
        "12",
        certified=ORDER,
        sampled=EXACT,
    ),
    _statement(
        "Ours: reverse KL",
        "the finite direction of Lemma D.8",
        "ours",
        "For t1 <= t2, KL(q_t2 || q_t1) = log(S(t1)/S(t2)).",
        ("S(t2) > 0.",),
        "70-71",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=APPLIES,
    ),
    _statement(
        "Ours: finite step",
        "the hard path's speed for any law and step",
        "ours",
        "TV(q_t, q_t')/(tau(t') - tau(t)) = 1/(tau(t') - E[Y | t <= Y < t']).",
        ("P(t <= Y < t') > 0.", "S(t') > 0."),
        "85-91",
        certified=IDENTITY,
        sampled=EXACT,
        necessity=APPLIES,
    ),
    _statement(
        "Ours: Nelson-Aalen",
        "the average speed of the hard path with atoms",
        "ours",
        "The average speed of the hard path over thresholds in [a, b) has the numerator integral of dF/S, which is"
        " log(S(a)/S(b)) for a density and a sum of jumps P(Y = y)/S(y) for atoms.",
        ("S(b) > 0.", "tau(a) < tau(b)."),
        "102-104",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Ours: crossing",
        "where Proposition D.13 begins to hold",
        "ours",
        "For Y ~ N(0, 1), V_hard(t) > V_soft exactly for t > t*, the root of m(t*) = sqrt(2 pi), t* = -2.49...",
        ("Y ~ N(0, 1).",),
        "125-136",
        certified=APPLIES,
        sampled=EXACT,
        necessity=APPLIES,
    ),
    _statement(
        "Ours: gap",
        "the exact interpretability gap",
        "ours",
        "KL(q_t || p) - KL(q_beta || p) = KL(q_t || q_beta) if both have mean tau; it is > 0 for every finite beta.",
        ("E_(q_t)[psi] = E_(q_beta)[psi].", "For positivity, p(A_t) < 1."),
        "141-144",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Ours: exact distortion",
        "the dual of the distortion",
        "ours",
        "Delta(kappa) = sup over gamma >= 0 and real b of gamma kappa + b tau - log E_(q_beta)[exp(gamma g + b psi)],"
        " never below Theorem E.3's bound.",
        ("A finite space, or (tau, kappa) in the relative interior of what is attainable.",),
        "16, 156-158",
        certified=IDENTITY,
        sampled=EXACT,
    ),
    _statement(
        "Ours: effective sample size",
        "what a pool can carry",
        "ours",
        "1/(sum of w_i^2) falls from N at beta = 0 to |M| as beta -> inf, and no weights give a mean above the pool's"
        " maximum.",
        ("The pool is finite.", "beta >= 0."),
        "17",
        certified=ORDER,
        sampled="about the weights of a given pool: no process to run",
        necessity="no hypothesis beyond a finite pool, which the weights need to be defined",
    ),
    _statement(
        "Ours: exact shell",
        "the exact probability behind Lemma F.4",
        "ours",
        "P(|X|^2 <= (1 - delta) d) is the regularised incomplete gamma function at (d/2, (1 - delta) d/2), and the best"
        " Chernoff exponent per dimension is -(delta + log(1 - delta))/2 >= delta^2/4.",
        ("0 < delta < 1.", "X is standard normal."),
        "166-170",
        certified=APPLIES,
        property="covered for every delta by balls: drawn points would add nothing",
        sampled="an exact probability: sampling would only estimate what is certified",
        necessity="its hypotheses are Lemma F.4's, dropped there",
    ),
    _statement(
        "Ours: factor of two",
        "what the plug-in samples when the denoised score does not fade",
        "ours",
        "If phi(x, t) = psi(x0_hat(x, t)) is constant along the probability-flow ODE, the reverse SDE guided by"
        " g^2 beta grad phi has marginals proportional to p_t exp(2 beta phi).",
        ("phi is constant along the probability-flow ODE.", "The start is the tilted p_T."),
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
        necessity="priors and scores whose phi is not constant along the flow are under Ours: plug-in bias",
    ),
    _statement(
        "Ours: plug-in bias",
        "the plug-in's strength is not universal",
        "ours",
        "The law that the plug-in samples is not the tilt by beta, and the ratio of the tilt it reaches to beta depends"
        " on prior and score: 1 for a linear score and a Gaussian prior, another for psi = x^2.",
        (),
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
        necessity="it is itself the counterexample to a universal factor",
    ),
    _statement(
        "Ours: few steps",
        "few reverse steps bias the unguided law",
        "ours",
        "For the prior N(0, 1) the DDPM sampler with the exact score ends with a variance below 1, which a linear"
        " recursion over the steps gives exactly: 0.857 at 50 steps of the strided linear schedule, 0.991 at 1000.",
        ("The schedule is the linear one, strided.", "No noise is added at the last step."),
        certified=APPLIES,
        property=PROCESS,
        sampled=APPLIES,
        necessity="numbers about one schedule: no hypothesis whose absence would be a counterexample",
    ),
    _statement(
        "Ours: printed KL",
        "the printed KL column is not the exact KL",
        "ours",
        "With psi >= 0, hard KLs of 0.2030 at tau = 5 and 0.6198 at 7 force the exact KLSC KL at 5 below 0.044; printed"
        " is 0.1499.",
        ("psi >= 0.", "The printed hard values are exact KLs of truncations with the stated means."),
        certified=APPLIES,
        property=APPLIES,
        sampled="a bound from printed numbers: no process to run",
    ),
)

STATEMENTS: tuple[Statement, ...] = (
    *_DEFINITIONS,
    *_SOLUTIONS,
    *_BIAS,
    *_INSTABILITY,
    *_OBJECTS,
    *_SAMPLING,
    *_DIFFUSION,
    *_OURS,
)
_BY_LABEL = {entry.label: entry for entry in STATEMENTS}
_BY_NUMBER = {entry.number: entry for entry in STATEMENTS}


def statement(label: str) -> Statement:
    """The entry with this label; the kind may be left out, "D.7" for "Lemma D.7".

    Raises:
        ValueError: for an unknown label.
    """
    found = _BY_LABEL.get(label) or _BY_NUMBER.get(label)
    if found is None:
        raise ValueError(f"label = {label!r}: must be one of {', '.join(_BY_LABEL)}")
    return found
