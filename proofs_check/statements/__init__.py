"""The registry of statements: what each claims, under which assumptions, and which evidence and code it needs.

One entry a statement, in the order of the paper, ours at the end; one file an appendix. Claims are in our words, in
the notation of `theory`. For each of the seven rungs of evidence an entry says `APPLIES` or why the rung makes no sense
for it:

symbolic   the steps of the proof as identities
certified  inequalities over whole intervals, or digits, by ball arithmetic
property   drawn laws and measures through the public functions
sampled    a process run with standard errors from the run
necessity  a counterexample for each hypothesis dropped: all others hold, this one and the conclusion fail
sharpness  no better constant, no case more: where equality is reached, and which stronger claims are false
formal     a proof, on a finite set of points, that Coq's kernel has checked

A hypothesis has a name; one without a counterexample says why (perhaps it is not needed).

Its field `code` says in the same way whether some function computes or samples what the statement is about; that
function names it in its docstring, in a line that `proofs_check.pointers` reads.

`dview check` shows the evidence that there is, `dview where D.7` all that belongs to one.
"""

from distributional_view.proofs_check.statements.appendices import APPENDICES, PROBLEM
from distributional_view.proofs_check.statements.bias import BIAS
from distributional_view.proofs_check.statements.definitions import DEFINITIONS
from distributional_view.proofs_check.statements.diffusion import DIFFUSION
from distributional_view.proofs_check.statements.entry import APPLIES, KINDS, Hypothesis, Kind, Rungs, Statement
from distributional_view.proofs_check.statements.instability import INSTABILITY
from distributional_view.proofs_check.statements.objects import OBJECTS
from distributional_view.proofs_check.statements.ours import OURS
from distributional_view.proofs_check.statements.sampling import SAMPLING
from distributional_view.proofs_check.statements.solutions import SOLUTIONS

__all__ = ["APPLIES", "KINDS", "STATEMENTS", "Hypothesis", "Kind", "Rungs", "Statement", "statement", "with_equation"]

STATEMENTS: tuple[Statement, ...] = (
    *PROBLEM,
    *DEFINITIONS,
    *SOLUTIONS,
    *BIAS,
    *INSTABILITY,
    *OBJECTS,
    *SAMPLING,
    *DIFFUSION,
    *APPENDICES,
    *OURS,
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


def with_equation(number: str) -> tuple[Statement, ...]:
    """The entries that an equation of the paper belongs to: none, one or several."""
    return tuple(entry for entry in STATEMENTS if number in entry.equations)
