"""Each theorem as a piece of evidence: Coq has a proof of it, and a proof that each wrong version is false."""

from distributional_view.proofs_check.evidence import Rejected, evidence
from distributional_view.proofs_check.formal.assumptions import asked, excess
from distributional_view.proofs_check.formal.theorems import FOLDER, THEOREMS, Theorem, place


def proved(theorem: Theorem, wrong: str = "") -> str:
    """Ask Coq for the proof, or for the proof that a wrong version of it is false.

    Raises:
        Rejected: if the proof assumes more than the axioms of the standard reals; for a wrong version, if it is
            proved false.
        Absent: if Coq is not installed.
        Refused: if Coq refuses a file.
    """
    mine = [t for t in THEOREMS if t.topic == theorem.topic]
    names = tuple(f"{t.topic}.{t.name}" for t in mine)
    claims = tuple(dict.fromkeys(f"{t.topic}Wrong.{name}" for t in mine for name in t.wrong.values()))
    answers = asked((theorem.topic, f"{theorem.topic}Wrong"), names, claims)
    name = f"{theorem.topic}Wrong.{wrong}_is_false" if wrong else f"{theorem.topic}.{theorem.name}"
    more = excess(answers[name])
    if wrong:
        if more:
            return f"{name} assumes {', '.join(more)}: it refutes nothing"
        raise Rejected(f"Coq's kernel accepts {name}, a proof of its negation")
    if more:
        raise Rejected(f"{name} assumes more than the axioms of the standard reals", more=", ".join(more))
    return f"Coq's kernel accepts {name}, which assumes no more than the standard reals"


def _register(theorem: Theorem) -> None:
    def check(wrong: str = "") -> str:
        return proved(theorem, wrong)

    check.__name__ = check.__qualname__ = theorem.name
    check.__doc__ = place(theorem)[1] if (FOLDER / f"{theorem.topic}.v").exists() else None
    evidence(theorem.label, "formal", controls={words: {"wrong": name} for words, name in theorem.wrong.items()})(check)


for _theorem in THEOREMS:
    _register(_theorem)
