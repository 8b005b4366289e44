"""What a theorem assumes, by Coq's `Print Assumptions`, and which proofs are negations of which claims."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from distributional_view.proofs_check.formal import coq

ALLOWED = (
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)
"""The axioms of Coq's standard reals; no theorem may assume any other."""
CLOSED = "Closed under the global context"
_MARK = "=== "


def question(topics: Sequence[str], theorems: Sequence[str], refuted: Sequence[str]) -> str:
    """A Coq file that asks for the assumptions of each theorem, and of each proof that a claim is false.

    Args:
        topics: files to require.
        theorems: names with their file, such as "Truncation.lemma_D_1".
        refuted: claims whose proof of falsity is called like the claim, with `_is_false` behind.
    """
    lines = [f"From {coq.LIBRARY} Require {' '.join(topics)}.", "Set Printing Width 1000."]
    lines += [f"Definition refutes_{k} : ~ {claim} := {claim}_is_false." for k, claim in enumerate(refuted)]
    for name in [*theorems, *(f"{claim}_is_false" for claim in refuted)]:
        lines += [f'Goal True. idtac "{_MARK}{name}". Abort.', f"Print Assumptions {name}."]
    return "\n".join(lines) + "\n"


def answers(printed: str) -> dict[str, tuple[str, ...]]:
    """Theorem -> what it assumes: what begins a line of Coq's answer, whatever it is.

    Raises:
        ValueError: for an answer that is neither a list nor Coq's words for none.
    """
    found = {}
    for part in printed.split(_MARK)[1:]:
        name, _, said = part.partition("\n")
        lines = [line for line in said.splitlines() if line and not line.startswith(" ")]
        if lines and lines[0] == "Axioms:":
            found[name] = tuple(re.split(r"\s*:|\s", line)[0] for line in lines[1:])
        elif lines == [CLOSED]:
            found[name] = ()
        else:
            raise ValueError(f"Coq's answer about {name} = {said!r}: must list axioms, or say {CLOSED!r}")
    return found


def excess(assumed: Sequence[str]) -> list[str]:
    """What is assumed beyond the axioms of the standard reals."""
    return [name for name in assumed if name not in ALLOWED]


@cache
def asked(
    topics: tuple[str, ...], theorems: tuple[str, ...], refuted: tuple[str, ...]
) -> Mapping[str, tuple[str, ...]]:
    """Compile the topics and ask; the answer is kept beside them until one of them changes.

    Raises:
        Absent: if Coq is not installed.
        Refused: if Coq refuses a file, does not know a theorem, or a proof is of something else than the negation.
    """
    digest = coq.compiled(topics)
    text = question(topics, theorems, refuted)
    kept = coq.BUILD / f"Ask{topics[0]}.answer"
    key = f"(* {digest} *)\n{text}"
    if kept.exists():
        before, _, printed = kept.read_text(encoding="utf-8").partition("\0")
        if before == key:
            return answers(printed)
    printed = coq.run(f"Ask{topics[0]}", text, coq.BUILD)
    kept.write_text(f"{key}\0{printed}", encoding="utf-8")
    return answers(printed)
