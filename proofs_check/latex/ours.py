r"""What the paper does not have: sharpenings, exact values and counterexamples of this project."""

OURS = {
    "Ours: score law": r"""
q = p\, r(\psi),\ q' = p\, r'(\psi): \quad
\mathrm{KL}(q \,\|\, q'),\ \mathrm{TV}(q, q'),\ M_\delta(q; t),\ \mathbb{E}_q[\psi]
\text{ are functions of } r, r' \text{ and the law of } Y = \psi(X)
""",
    "Ours: limits": r"""
s = \operatorname{ess\,sup} \psi: \quad \tau = s,\ P(Y = s) > 0 \implies q^* = q_s \\
\tau = s,\ P(Y = s) = 0, \text{ or } \tau > s \implies \text{no solution} \\
\tau > A'(\beta_{\max}),\ A \text{ not steep} \implies
\inf_{\mathcal{Q}_{\mathrm{soft}}(\tau)} \mathrm{KL}(q \,\|\, p) = \beta_{\max} \tau - A(\beta_{\max})
\text{, not attained}
""",
    "Ours: ties": r"""
q = \frac{p\,\bigl(\mathbf{1}\{\psi > t\} + a\, \mathbf{1}\{\psi = t\}\bigr)}{k}, \qquad
k = P(Y > t) + a\, P(Y = t), \quad a \in [0, 1] \\
\mathrm{KL}(q \,\|\, p) = -\log k + \frac{a\, P(Y = t)}{k} \log a
""",
    "Ours: all margins": r"""
\beta \ge 0: \quad M_\delta(q_\beta; t) \le M_\delta(q_t; t) \text{ for every } \delta > 0
""",
    "Ours: reverse KL": r"""
t_1 \le t_2: \quad \mathrm{KL}(q_{t_2} \,\|\, q_{t_1}) = \log \frac{S(t_1)}{S(t_2)}
""",
    "Ours: finite step": r"""
\frac{\mathrm{TV}(q_t, q_{t'})}{\tau(t') - \tau(t)} = \frac{1}{\tau(t') - \mathbb{E}[Y \mid t \le Y < t']}
""",
    "Ours: Nelson-Aalen": r"""
\overline{V}_{\mathrm{hard}} = \frac{1}{\tau(b) - \tau(a)} \int_{[a, b)} \frac{\mathrm{d}F}{S}, \qquad
\int_{[a, b)} \frac{\mathrm{d}F}{S} = \begin{cases}
\log \dfrac{S(a)}{S(b)} & \text{with a density} \\[1ex]
\displaystyle\sum_{a \le y < b} \frac{P(Y = y)}{S(y)} & \text{with atoms} \end{cases}
""",
    "Ours: crossing": r"""
Y \sim \mathcal{N}(0, 1): \quad V_{\mathrm{hard}}(t) > V_{\mathrm{soft}} \iff t > t^*, \qquad
m(t^*) = \sqrt{2\pi}, \quad t^* = -2.49\ldots
""",
    "Ours: gap": r"""
\mathbb{E}_{q_t}[\psi] = \mathbb{E}_{q_\beta}[\psi] \implies
\mathrm{KL}(q_t \,\|\, p) - \mathrm{KL}(q_\beta \,\|\, p) = \mathrm{KL}(q_t \,\|\, q_\beta), \qquad
\text{which is} > 0 \text{ if } p(A_t) < 1
""",
    "Ours: exact distortion": r"""
\Delta(\kappa) = \sup_{\gamma \ge 0,\ b \in \mathbb{R}}
\bigl\{\gamma \kappa + b \tau - \log \mathbb{E}_{q_\beta}[e^{\gamma g + b \psi}]\bigr\}
\ge \sup_{\gamma \ge 0} \bigl\{\gamma \kappa - \log \mathbb{E}_{q_\beta}[e^{\gamma g}]\bigr\}
""",
    "Ours: effective sample size": r"""
n_{\mathrm{eff}}(\beta) = \frac{1}{\sum_i w_i(\beta)^2}, \quad n_{\mathrm{eff}}(0) = N, \quad
n_{\mathrm{eff}}(\beta) \downarrow |M| \text{ as } \beta \to \infty, \qquad
\sum_i w_i \psi(x_i) \le \max_i \psi(x_i)
""",
    "Ours: exact shell": r"""
P\bigl(|X|^2 \le (1 - \delta)\, d\bigr) = \frac{1}{\Gamma(d/2)} \int_0^{(1 - \delta) d/2} u^{d/2 - 1} e^{-u}
\,\mathrm{d}u \le e^{-d\, c(\delta)}, \qquad
c(\delta) = -\tfrac12 \bigl(\delta + \log(1 - \delta)\bigr) \ge \tfrac14 \delta^2
""",
    "Ours: factor of two": r"""
\varphi(x, t) = \psi\bigl(\hat x_0(x, t)\bigr) \text{ constant along } \dot x = f - \tfrac12 g^2\, \nabla \log p_t: \\
\mathrm{d}Y_s = \bigl[-f + g^2\, (\nabla \log p_{T-s} + \beta \nabla \varphi)\bigr] \mathrm{d}s
+ g \,\mathrm{d}\overline{W}_s, \quad Y_0 \sim \frac{p_T\, e^{2\beta\varphi}}{Z}
\implies Y_s \sim \frac{p_{T-s}\, e^{2\beta\varphi}}{Z}
""",
    "Ours: plug-in bias": r"""
q_{\text{plug-in}} = q_{\beta'}: \quad \frac{\beta'}{\beta} = 1 \text{ for } \psi(x) = x,\ p = \mathcal{N}(0, 1) \\
\frac{\beta'}{\beta} = \frac{1}{2\beta} - \frac{2}{e^{4\beta} - 1} < 1
\text{ for } \psi(x) = x^2,\ p = \mathcal{N}(0, 1)
""",
    "Ours: few steps": r"""
p = \mathcal{N}(0, 1): \quad v_{i-1} = \alpha_i v_i + \tilde\sigma_i^2, \quad v_N = 1, \qquad
1 - v_0 = \sum_{i=1}^N \frac{(\bar\alpha_{i-1} - \bar\alpha_i)^2}{1 - \bar\alpha_i} \\
v_0 = 0.857 \text{ at } N = 50, \qquad v_0 = 0.991 \text{ at } N = 1000
""",
    "Ours: printed KL": r"""
\psi \ge 0,\ \mathrm{KL}(q_t \,\|\, p) = 0.2030 \text{ at } \tau = 5,\ 0.6198 \text{ at } \tau = 7
\implies \mathrm{KL}(q_\beta \,\|\, p) < 0.044 \text{ at } \tau = 5, \qquad \text{printed: } 0.1499
""",
}
