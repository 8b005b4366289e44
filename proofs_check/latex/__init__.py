"""The registry's claims as formulas: LaTeX that KaTeX renders, one display a statement, a case a line.

The sentence of the registry says the same in words; letters are those of `theory`'s notation table.
"""

from collections.abc import Mapping

from distributional_view.proofs_check.latex.constraint import CONSTRAINT
from distributional_view.proofs_check.latex.diffusion import DIFFUSION
from distributional_view.proofs_check.latex.instability import INSTABILITY
from distributional_view.proofs_check.latex.ours import OURS
from distributional_view.proofs_check.latex.sampling import SAMPLING
from distributional_view.proofs_check.statements import statement

FORMULAS: Mapping[str, str] = {**CONSTRAINT, **INSTABILITY, **SAMPLING, **DIFFUSION, **OURS}
"""Label -> LaTeX of its lines."""


def formula(label: str) -> str:
    """What a statement claims, as one LaTeX display.

    Raises:
        ValueError: for an unknown label.
    """
    lines = FORMULAS[statement(label).label].strip()
    return rf"\begin{{gathered}}{lines}\end{{gathered}}" if r"\\" in lines else lines
