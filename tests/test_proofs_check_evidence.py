"""Each piece of evidence holds, and each of its controls is rejected."""

import pytest

from distributional_view.proofs_check import runner
from distributional_view.proofs_check.evidence import Evidence, registered, run

runner.load()
PIECES = [
    pytest.param(piece, id=f"{piece.label}-{piece.rung}-{piece.name}", marks=[pytest.mark.slow] if piece.slow else [])
    for piece in registered()
]


@pytest.mark.parametrize("piece", PIECES)
def test_evidence(piece: Evidence):
    outcome = run(piece)
    assert outcome.passed, outcome.shown
    assert outcome.shown
    assert set(outcome.rejections) == set(piece.controls)
