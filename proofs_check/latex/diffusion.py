r"""Section 2.3, Appendices G to L: guided diffusion, and the protocols of the experiments."""

DIFFUSION = {
    "Assumption G.1": r"""
\mathrm{d}X_t = f(X_t, t) \,\mathrm{d}t + g(t) \,\mathrm{d}W_t, \quad X_0 \sim p, \qquad
\partial_t p_t = -\nabla \cdot (f p_t) + \tfrac12 g(t)^2 \Delta p_t
""",
    "Lemma G.2": r"""
\mathrm{d}Y_s = \bigl[-f(Y_s, T - s) + g(T - s)^2\, \nabla \log \rho_{T-s}(Y_s)\bigr] \mathrm{d}s
+ g(T - s) \,\mathrm{d}\overline{W}_s, \quad Y_0 \sim \rho_T \implies Y_s \sim \rho_{T-s}
""",
    "Theorem G.3": r"""
q_0 = \frac{p_0\, e^{\beta \psi}}{Z(\beta)}, \qquad
H_t(x) = \log \mathbb{E}\bigl[e^{\beta \psi(X_0)} \mid X_t = x\bigr] \\
q_t = \frac{p_t\, e^{H_t}}{Z(\beta)}, \qquad \nabla \log q_t = \nabla \log p_t + \nabla H_t \\
\mathrm{d}Y_s = \bigl[-f + g^2\, \nabla \log q_{T-s}(Y_s)\bigr] \mathrm{d}s + g \,\mathrm{d}\overline{W}_s, \quad
Y_0 \sim q_T \implies Y_T \sim q_0
""",
    "Remark G.4": r"""
\nabla H_t(x_t) \approx \beta\, \nabla_{x_t} \psi\bigl(\hat x_0(x_t)\bigr), \qquad
\hat x_0(x_t) = \mathbb{E}[X_0 \mid X_t = x_t]
= \frac{x_t + (1 - \bar\alpha_t)\, \nabla \log p_t(x_t)}{\sqrt{\bar\alpha_t}}
""",
    "Algorithm 1": r"""
x_{i-1} = \frac{\sqrt{\alpha_i}\,(1 - \bar\alpha_{i-1})}{1 - \bar\alpha_i}\, x_i
+ \frac{\sqrt{\bar\alpha_{i-1}}\,(1 - \alpha_i)}{1 - \bar\alpha_i}\, \hat x_0(x_i)
+ \tilde\sigma_i z + \zeta_i\, \nabla_{x_i} \psi\bigl(\hat x_0(x_i)\bigr) \\
\tilde\sigma_i^2 = \frac{(1 - \bar\alpha_{i-1})(1 - \alpha_i)}{1 - \bar\alpha_i}, \qquad
\zeta_i = \frac{1 - \alpha_i}{\sqrt{\alpha_i}} \text{ with } \nabla H_i \text{ for } \nabla \psi(\hat x_0)
\text{: exact conditional mean}
""",
    "Appendix H": r"""
p = \tfrac14 \sum_{k=1}^4 \mathcal{N}(\mu_k, \sigma^2 I), \qquad
\psi = \psi(\theta), \quad \theta = \operatorname{atan2}(x_2, x_1) \\
\mathbb{E}_{q_t}[\psi] = \mathbb{E}_{q_\beta}[\psi] = \tau: \quad M_\delta(q; t), \qquad
\mathrm{TV}(q_\tau, q_{\tau + \Delta\tau})
""",
    "Appendix I": r"""
\text{retrieval: } \frac1K \sum_{i \le K} \psi(x_{(i)}) = \tau, \quad \psi(x_{(1)}) \ge \psi(x_{(2)}) \ge \dots
\qquad \text{optimisation: } \max_x\, \{\psi(x) - \lambda x_2^2\} \\
p_t = \sum_k \pi_k\, \mathcal{N}\bigl(\sqrt{\bar\alpha_t}\, \mu_k,\ \bar\alpha_t \Sigma_k + (1 - \bar\alpha_t) I\bigr),
\qquad \mathrm{KL}(\hat q_{\mathrm{KDE}} \,\|\, p)
""",
    "Appendix J.2": r"""
\psi = 0.7 \max_j a_j + 0.3\, \frac1n \sum_{j=1}^n \max(a_j, 0), \qquad
\zeta_i = 0 \text{ where } \psi(\hat x_0) > \text{cap}
""",
    "Appendix J.3": r"""
\text{MACO: } \max_x\, \psi(x) \text{ over pixels} \qquad
\text{DiffExplainer: } \max_{v_1, \dots, v_m} \psi\bigl(G([\text{prefix}, v_1, \dots, v_m])\bigr)
\text{ over soft tokens}
""",
    "Appendix L.5": r"""
\nabla_{x_i} \bigl(\psi + \gamma g\bigr)\bigl(\hat x_0(x_i)\bigr), \qquad
g(x) = -\frac1n |x - x_{\mathrm{ref}}|^2 \text{ or the likeness of } x \text{ to a text}
""",
}
