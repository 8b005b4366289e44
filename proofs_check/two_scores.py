"""A finite law with four atoms and two scores on it, all symbols: what is shown for it holds for every such law."""

from distributional_view.proofs_check.algebra import Expression, normalised, positive, real

N = 4  # atoms
P = normalised(positive(f"p_:{N}"))
Q = normalised(positive(f"q_:{N}"))
PSI, G = real(f"psi_:{N}"), real(f"g_:{N}")
BETA, GAMMA, TAU, KAPPA = real("beta gamma tau kappa")


def joint_exponent(b: Expression, c: Expression) -> list[Expression]:
    """The exponent b psi + c g."""
    return [b * s + c * t for s, t in zip(PSI, G, strict=True)]
