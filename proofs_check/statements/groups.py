"""The registry in chapters, for lists that people read."""

from distributional_view.proofs_check.statements.appendices import APPENDICES, PROBLEM
from distributional_view.proofs_check.statements.bias import BIAS
from distributional_view.proofs_check.statements.definitions import DEFINITIONS
from distributional_view.proofs_check.statements.diffusion import DIFFUSION
from distributional_view.proofs_check.statements.entry import Statement
from distributional_view.proofs_check.statements.instability import INSTABILITY
from distributional_view.proofs_check.statements.objects import OBJECTS
from distributional_view.proofs_check.statements.ours import OURS
from distributional_view.proofs_check.statements.sampling import SAMPLING
from distributional_view.proofs_check.statements.solutions import SOLUTIONS

GROUPS: dict[str, tuple[Statement, ...]] = {
    "Definitions": (*PROBLEM, *DEFINITIONS),
    "Hard and soft solutions": SOLUTIONS,
    "Boundary mass": BIAS,
    "Instability and gap": INSTABILITY,
    "Task scores": OBJECTS,
    "Pools, modes, prompts": SAMPLING,
    "Guided diffusion": DIFFUSION,
    "Protocols": APPENDICES,
    "Ours": OURS,
}
"""Title -> entries, in the order of the registry."""
