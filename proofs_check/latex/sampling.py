r"""Sections 2.2.3 and 2.2.4, Appendices E and F: task scores, pools, modes, typical regions, prompt families."""

SAMPLING = {
    "Definition 2.4": r"""
\min_{q \ll p} \mathrm{KL}(q \,\|\, p) \quad \text{subject to} \quad
\mathbb{E}_q[\psi] \ge \tau, \quad \mathbb{E}_q[g] \ge \kappa
""",
    "Lemma E.1": r"""
q^* \propto p\, e^{\beta \psi + \gamma g}, \qquad \beta, \gamma \ge 0, \qquad
\beta\,(\mathbb{E}_{q^*}[\psi] - \tau) = 0, \qquad \gamma\,(\mathbb{E}_{q^*}[g] - \kappa) = 0
""",
    "Definition 2.5": r"""
\Delta(\kappa) = \min\bigl\{\mathrm{KL}(q \,\|\, q_\beta) :
\mathbb{E}_q[\psi] = \tau,\ \mathbb{E}_q[g] \ge \kappa\bigr\}
""",
    "Lemma E.2": r"""
\log \mathbb{E}_\mu[e^f] = \sup_{q \ll \mu} \bigl\{\mathbb{E}_q[f] - \mathrm{KL}(q \,\|\, \mu)\bigr\}, \qquad
\text{attained only at } q = \frac{\mu\, e^f}{\mathbb{E}_\mu[e^f]}
""",
    "Theorem E.3": r"""
\Delta(\kappa) \ge \sup_{\gamma \ge 0} \bigl\{\gamma \kappa - \log \mathbb{E}_{q_\beta}[e^{\gamma g}]\bigr\}, \qquad
\text{which is} > 0 \text{ if } \kappa > \mathbb{E}_{q_\beta}[g]
""",
    "Lemma F.1": r"""
w_i(\beta) = \frac{e^{\beta \psi(x_i)}}{\sum_j e^{\beta \psi(x_j)}} \xrightarrow[\beta \to \infty]{}
\begin{cases} 1/|M| & i \in M \\ 0 & i \notin M \end{cases}, \qquad
M = \operatorname*{arg\,max}_i\, \psi(x_i)
""",
    "Lemma F.2": r"""
\operatorname*{arg\,max}_x\, \{\psi(x) - \lambda R(x)\} = \operatorname*{arg\,max}_x\, e^{\psi(x) - \lambda R(x)} \\
\pi_T \propto e^{(\psi - \lambda R)/T}: \quad
\pi_T\bigl(\psi - \lambda R \ge \sup(\psi - \lambda R) - \varepsilon\bigr) \xrightarrow[T \to 0]{} 1
\text{ for every } \varepsilon > 0
""",
    "Definition F.3": r"""
q(T) \ge 1 - \varepsilon \implies
\bigl|\mathbb{E}_q[s] - \mathbb{E}_q[s \mid T]\bigr| \le 2\varepsilon \sup|s|
""",
    "Lemma F.4": r"""
X \sim \mathcal{N}(0, I_d): \quad P\bigl(|X|^2 \le (1 - \delta)\, d\bigr) \le e^{-d \delta^2/4}
""",
    "Assumption F.5": r"""
\hat x \sim \nu: \quad P\bigl(|\hat x - x_{\mathrm{MAP}}| \le r\bigr) \ge 1 - \eta
""",
    "Lemma F.6": r"""
B = \{|x|^2 \le (1 - \delta)\, d\},\ r \le \sqrt{(1 - \delta)\, d}: \quad
\nu(B) \ge 1 - \eta, \qquad q(B) \le e^{-d \delta^2/4} \\
q(B^{\mathrm{c}}) \ge 1 - e^{-d \delta^2/4}, \qquad \nu(B^{\mathrm{c}}) \le \eta
""",
    "Theorem F.7": r"""
\mathbb{E}_q[\psi] \ge \tau \implies
\mathrm{KL}(q \,\|\, p) \ge \mathrm{KL}(q_\beta \,\|\, p) + \mathrm{KL}(q \,\|\, q_\beta), \qquad
\text{equality if } \mathbb{E}_q[\psi] = \tau \\
\inf_{q \in \mathcal{P},\ \mathbb{E}_q[\psi] \ge \tau} \mathrm{KL}(q \,\|\, p) \ge
\mathrm{KL}(q_\beta \,\|\, p) + \inf_{q \in \mathcal{P}} \mathrm{KL}(q \,\|\, q_\beta)
""",
}
