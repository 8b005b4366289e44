r"""Appendices D.4 and D.5: how fast both paths move, and the interpretability gap."""

INSTABILITY = {
    "Lemma D.10": r"""
t < t': \quad \mathrm{TV}(q_t, q_{t'}) = 1 - \frac{S(t')}{S(t)} = h(t)\,(t' - t) + o(t' - t)
""",
    "Lemma D.11": r"""
\tau(t) = \mathbb{E}[Y \mid Y \ge t] = t + m(t), \qquad \tau'(t) = h(t)\, m(t), \qquad
V_{\mathrm{hard}}(t) = \lim_{t' \downarrow t} \frac{\mathrm{TV}(q_t, q_{t'})}{\tau(t') - \tau(t)} = \frac{1}{m(t)}
""",
    "Lemma D.12": r"""
\frac{\mathrm{d}\tau}{\mathrm{d}\beta} = \mathrm{Var}_{q_\beta}(Y), \qquad
V_{\mathrm{soft}} = \frac{\mathbb{E}_{q_\beta}|Y - \tau|}{2\, \mathrm{Var}_{q_\beta}(Y)} \\
\overline{V}_{\mathrm{hard}} = \frac{\log\bigl(S(a)/S(b)\bigr)}{\tau(b) - \tau(a)}, \qquad
\overline{V}_{\mathrm{soft}} = \frac{1}{\tau_b - \tau_a}
\int_{\beta_a}^{\beta_b} \tfrac12\, \mathbb{E}_{q_\beta}|Y - \tau(\beta)| \,\mathrm{d}\beta
""",
    "Gaussian example": r"""
Y \sim \mathcal{N}(0, 1): \quad \tau(t) = \lambda(t) = \frac{\phi(t)}{1 - \Phi(t)}, \qquad m(t) = \lambda(t) - t \\
V_{\mathrm{hard}}(t) = \frac{1}{\lambda(t) - t}, \qquad V_{\mathrm{soft}} = \frac{1}{\sqrt{2\pi}}
""",
    "Proposition D.13": r"""
Y \sim \mathcal{N}(0, 1),\ t \ge 0: \quad
V_{\mathrm{hard}}(t) = \frac{1}{\lambda(t) - t} > \frac{1}{\sqrt{2\pi}} = V_{\mathrm{soft}} \\
0 \le a < b: \quad \frac{\log\bigl(S(a)/S(b)\bigr)}{\lambda(b) - \lambda(a)} > \frac{1}{\sqrt{2\pi}}, \qquad
\frac{V_{\mathrm{hard}}(t)}{t} \to 1 \text{ as } t \to \infty
""",
    "Theorem D.14": r"""
\tau = \mathbb{E}_p[\psi \mid A_t]: \quad
\mathrm{KL}(q^* \,\|\, p) \le \mathrm{KL}(q_t \,\|\, p) = -\log p(A_t), \qquad
\text{equality} \implies q^* = q_t
""",
}
