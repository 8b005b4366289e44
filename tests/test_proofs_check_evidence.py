"""Each piece of evidence holds, and each of its controls is rejected; `make formal` runs those that ask Coq."""

import pytest

from distributional_view.proofs_check import runner
from distributional_view.proofs_check.evidence import BREAKS, FORMAL, Evidence, Outcome, registered, run

runner.load()
PIECES = [
    pytest.param(piece, id=f"{piece.label}-{piece.rung}-{piece.name}", marks=[pytest.mark.slow] if piece.slow else [])
    for piece in registered()
    if piece.rung != FORMAL
]
DONE: dict[tuple[object, str], Outcome] = {}


def outcome_of(piece: Evidence) -> Outcome:
    """A function that is evidence of two statements runs once for the same controls."""
    key = piece.check, repr(piece.controls)
    if key not in DONE:
        DONE[key] = run(piece)
    return DONE[key]


@pytest.mark.many_calls
@pytest.mark.parametrize("piece", PIECES)
def test_evidence(piece: Evidence):
    outcome = outcome_of(piece)
    assert outcome.passed, outcome.shown
    assert outcome.shown
    assert set(outcome.rejections) == set(piece.controls)


def test_controls_of_sampled_checks_name_their_step():
    """A chain made wrong early shows everywhere: only the named step says that the control is rejected for its name."""
    sampled = [piece for piece in registered() if piece.rung == "sampled"]
    assert sampled
    assert not [(p.name, name) for p in sampled for name, changed in p.controls.items() if BREAKS not in changed]
