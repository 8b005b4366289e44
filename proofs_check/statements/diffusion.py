"""Section 2.3 and Appendix G: guided diffusion."""

from distributional_view.proofs_check.statements.entry import APPLIES, CONTINUUM, PROCESS, stated

DIFFUSION = (
    stated(
        "Assumption G.1",
        "forward diffusion",
        "assumption",
        "dX = f dt + g dW from X_0 ~ p has smooth positive marginals p_t that solve the Fokker-Planck equation.",
        {},
        "181",
        certified="an assumption: nothing to enclose",
        property="an assumption: that (181) has the kernels N(sqrt(a) x_0, 1 - a) is shown symbolically for every rate",
        sampled="an assumption on the prior's process: what follows from it is run under Lemma G.2",
        necessity="an assumption: its part in the proofs is dropped under Theorem G.3",
    ),
    stated(
        "Lemma G.2",
        "time reversal",
        "lemma",
        "dY = (-f + g^2 grad log rho_(T-s)) ds + g dW from Y_0 ~ rho_T has the marginals Y_s ~ rho_(T-s).",
        {
            "smooth marginals": (
                "Assumption G.1 for rho.",
                "the equations are not defined without the marginals' scores; atoms at time 0 alone do no harm",
            ),
            "exact start": "Y_0 ~ rho_T.",
        },
        "182-189",
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
    ),
    stated(
        "Theorem G.3",
        "the score of a tilted diffusion",
        "theorem",
        "For q_0 = p exp(beta psi)/Z and H_t(x) = log E[exp(beta psi(X_0)) | X_t = x]: q_t = p_t exp(H_t)/Z(beta),"
        " grad log q_t = grad log p_t + grad H_t, and the reverse SDE from q_T ends in q_0.",
        {
            "smooth marginals": (
                "Assumption G.1.",
                "the equations are not defined without the marginals' scores; atoms at time 0 alone do no harm",
            ),
            "finite Z": "Z(beta) is finite.",
            "exact start": "The reverse SDE starts in q_T.",
        },
        "24, 190-193",
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
    ),
    stated(
        "Remark G.4",
        "the plug-in guidance",
        "remark",
        "Replacing grad H_t by beta grad psi(x0_hat(x_t)), with x0_hat = E[X_0 | X_t] by Tweedie's formula, is an"
        " approximation.",
        {},
        certified=CONTINUUM,
        property=PROCESS,
        sampled=APPLIES,
        necessity="it claims no exactness under any hypothesis; how far off it is is under Ours: plug-in bias",
    ),
    stated(
        "Algorithm 1",
        "EnergyDPS",
        "algorithm",
        "A DDPM step with the mean of x_(i-1) given x_i and x0_hat, plus zeta_i times the gradient of psi(x0_hat(x_i))"
        " through the denoiser; with zeta_i = (1 - alpha_i)/sqrt(alpha_i) and the gradient of H_i, which contains beta,"
        " for that of psi(x0_hat) the conditional mean is exact.",
        {
            "DDPM schedule": (
                "A DDPM schedule alpha_bar_i.",
                "it gives the formulas their letters: no other schedule is covered or refuted",
            ),
        },
        certified="an algorithm: its bias at finitely many steps is under Ours: few steps",
        property=PROCESS,
        sampled=APPLIES,
        necessity="an algorithm: what its guidance lacks is under Ours: plug-in bias",
    ),
)
