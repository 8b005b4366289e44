r"""Appendices B and C, Section 2.2.2, Appendices D.1 to D.3: definitions, both solutions, boundary bias."""

CONSTRAINT = {
    "Section 2.2.1": r"""
\min_{q \in \mathcal{Q}} \mathrm{KL}(q \,\|\, p)
""",
    "Definition B.1": r"""
\mathbb{E}_q[\varphi] = \int \varphi \,\mathrm{d}q, \qquad
\mathbb{E}_q[\varphi] = \mathbb{E}_p\Bigl[\varphi\, \frac{\mathrm{d}q}{\mathrm{d}p}\Bigr] \text{ if } q \ll p
""",
    "Definition B.2": r"""
\mathrm{KL}(q \,\|\, p) = \mathbb{E}_q\Bigl[\log \frac{q}{p}\Bigr], \qquad 0 \log 0 = 0, \qquad
\mathrm{KL}(q \,\|\, p) = +\infty \text{ unless } q \ll p \\
\mathrm{KL}(q \,\|\, p) \ge 0, \qquad \mathrm{KL}(q \,\|\, p) = 0 \iff q = p
""",
    "Definition B.3": r"""
\mathrm{TV}(q, p) = \tfrac12 \int |q - p| = \sup_B |q(B) - p(B)| = q(B^*) - p(B^*), \qquad B^* = \{q > p\}
""",
    "Lemma B.4": r"""
\mathrm{TV}(q, p) \le \sqrt{\tfrac12 \mathrm{KL}(q \,\|\, p)}
""",
    "Definition B.5": r"""
\mathbb{E}_{\delta_x}[\varphi] = \varphi(x), \qquad \mathrm{KL}(\delta_x \,\|\, p) = -\log p(\{x\}), \qquad
\mathrm{TV}(\delta_x, p) = 1 - p(\{x\})
""",
    "Appendix C.1": r"""
Z_{\mathrm{SAE}} = \mathrm{TopK}\bigl((X - b_{\mathrm{pre}}) W_{\mathrm{enc}} + b_{\mathrm{enc}}\bigr), \qquad
Z_{\mathrm{conv}} = \mathrm{TopK}(W_{\mathrm{conv}} * X + b_{\mathrm{conv}}), \qquad
\hat X = Z D + b_{\mathrm{dec}} \\
1 \times 1 \text{ kernel},\ W_{\mathrm{conv}} = W_{\mathrm{enc}},\
b_{\mathrm{conv}} = b_{\mathrm{enc}} - b_{\mathrm{pre}} W_{\mathrm{enc}} \implies Z_{\mathrm{conv}} = Z_{\mathrm{SAE}}
""",
    "Definition 2.1": r"""
\mathcal{Q}_{\mathrm{hard}}(t) = \{q \ll p : q(A_t) = 1\}, \qquad A_t = \{\psi \ge t\}, \qquad
\min_{q \in \mathcal{Q}_{\mathrm{hard}}(t)} \mathrm{KL}(q \,\|\, p)
""",
    "Definition 2.2": r"""
\mathcal{Q}_{\mathrm{soft}}(\tau) = \{q \ll p : \mathbb{E}_q[\psi] \ge \tau\}, \qquad
\min_{q \in \mathcal{Q}_{\mathrm{soft}}(\tau)} \mathrm{KL}(q \,\|\, p)
""",
    "Definition 2.3": r"""
M_\delta(q; t) = \frac{q(t \le \psi < t + \delta)}{q(A_t)}
""",
    "Lemma D.1": r"""
q(A_t) = 1 \implies \mathrm{KL}(q \,\|\, p) = \mathrm{KL}(q \,\|\, q_t) - \log p(A_t) \\
q_t = \frac{p\, \mathbf{1}\{\psi \ge t\}}{p(A_t)}, \qquad \mathrm{KL}(q_t \,\|\, p) = -\log S(t)
""",
    "Assumption D.2": r"""
\exists\, \beta_0 > 0: \quad \mathbb{E}_p\bigl[e^{\beta_0 |\psi|}\bigr] < \infty
""",
    "Remark D.3": r"""
|\psi| \le b \implies |A(\beta)| \le |\beta|\, b, \qquad
\mathbb{E}_p\bigl[e^{\beta_0 |\psi|}\bigr] \le e^{\beta_0 b} \text{ for every } \beta_0
""",
    "Lemma D.4": r"""
\tau \le \mathbb{E}_p[\psi]: \quad q^* = p \\
\tau > \mathbb{E}_p[\psi],\ A'(\beta) = \tau,\ \beta > 0: \quad
q^* = q_\beta = \frac{p\, e^{\beta \psi}}{Z(\beta)}, \qquad
\mathrm{KL}(q_\beta \,\|\, p) = \beta \tau - A(\beta)
""",
    "Remark D.5": r"""
\frac{\mathrm{d}}{\mathrm{d}\beta} \mathbb{E}_{q_\beta}[\psi] = \mathrm{Var}_{q_\beta}(\psi) > 0, \qquad
\beta(\tau) = \operatorname*{arg\,max}_\beta\, \{\beta \tau - A(\beta)\}
""",
    "Lemma D.6": r"""
M_\delta(q_t; t) = 1 - \frac{S(t + \delta)}{S(t)} = 1 - \exp\Bigl(-\int_t^{t + \delta} h(u) \,\mathrm{d}u\Bigr)
= \delta\, h(t) + o(\delta)
""",
    "Lemma D.7": r"""
\beta > 0: \quad h_\beta(t) = \frac{e^{\beta t} f(t)}{\int_t^\infty e^{\beta u} f(u) \,\mathrm{d}u}
= h(t)\, \frac{e^{\beta t}}{\mathbb{E}[e^{\beta Y} \mid Y \ge t]} \le h(t)
""",
    "Lemma D.8": r"""
t_1 < t_2,\ P(t_1 \le Y < t_2) > 0,\ S(t_2) > 0 \implies \mathrm{KL}(q_{t_1} \,\|\, q_{t_2}) = +\infty
""",
    "Lemma D.9": r"""
\mathrm{KL}(q_{\beta_1} \,\|\, q_{\beta_2}) = A(\beta_2) - A(\beta_1) - (\beta_2 - \beta_1) A'(\beta_1)
= \tfrac12 (\beta_2 - \beta_1)^2\, \mathrm{Var}_{q_\xi}(\psi) \\
\xi \text{ between } \beta_1 \text{ and } \beta_2, \qquad
\mathrm{KL}(q_{\beta_1} \,\|\, q_{\beta_2}) \to 0 \text{ as } \beta_2 \to \beta_1
""",
}
