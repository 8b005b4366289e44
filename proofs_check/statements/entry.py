"""What an entry of the registry is, and the reasons that several entries share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Kind = Literal["definition", "lemma", "proposition", "theorem", "remark", "assumption", "algorithm", "example", "ours"]
KINDS: tuple[str, ...] = get_args(Kind)
APPLIES = "applies"


UNASSERTED = "nothing is asserted about it: no sharper form is ruled out"


UNPROVED = "outside the finite core: no proof of it is written for a kernel to check"


class Hypothesis(NamedTuple):
    """What a statement assumes.

    Args:
        name: a few words, by which a counterexample says that it drops this one.
        sentence: what is assumed.
        without: why no counterexample is registered; empty if there is one.
    """

    name: str
    sentence: str
    without: str = ""

    def __str__(self) -> str:
        return self.sentence


class Rungs(NamedTuple):
    """For each rung `APPLIES` or the reason why not."""

    symbolic: str
    certified: str
    property: str
    sampled: str
    necessity: str
    sharpness: str
    formal: str


@dataclass(frozen=True)
class Statement:
    """One numbered statement of the paper, or one of ours.

    Args:
        label: as code and evidence point to it: "Lemma D.7".
        name: a few words.
        kind: one of `KINDS`.
        claim: one sentence.
        assumptions: its hypotheses by name, a short sentence each; none if it holds whenever its terms are defined.
        equations: the paper's numbers.
        rungs: which evidence applies.
        code: `APPLIES` if some function computes or samples what it is about, else the reason why none does.
    """

    label: str
    name: str
    kind: Kind
    claim: str
    assumptions: tuple[Hypothesis, ...]
    equations: tuple[str, ...]
    rungs: Rungs
    code: str

    @property
    def number(self) -> str:
        """The label without its kind, which may stand for it: "D.7", "reverse KL", but "Algorithm 1"."""
        kind, _, rest = self.label.partition(" ")
        return rest if "." in rest or kind == "Ours:" else self.label

    @property
    def has_code(self) -> bool:
        """Whether an owner in the code is asked for."""
        return self.code == APPLIES

    def applies(self, rung: str) -> bool:
        """Whether evidence on this rung is asked for."""
        return self.reason(rung) == APPLIES

    def reason(self, rung: str) -> str:
        """Why the rung does not apply, or `APPLIES`.

        Raises:
            ValueError: for an unknown rung.
        """
        if rung not in Rungs._fields:
            raise ValueError(f"rung = {rung!r}: must be one of {Rungs._fields}")
        return str(getattr(self.rungs, rung))


def numbers(text: str) -> tuple[str, ...]:
    """ "9, 47-49" -> ("9", "47", "48", "49")."""
    found: list[str] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        found += [str(n) for n in range(int(first), int(last or first) + 1)]
    return tuple(found)


NONE: Mapping[str, str | tuple[str, str]] = {}


def hypotheses(named: Mapping[str, str | tuple[str, str]]) -> tuple[Hypothesis, ...]:
    """Name -> sentence, or the sentence and why no counterexample is registered."""
    return tuple(Hypothesis(name, *((said,) if isinstance(said, str) else said)) for name, said in named.items())


def stated(
    label: str,
    name: str,
    kind: Kind,
    claim: str,
    assumptions: Mapping[str, str | tuple[str, str]] = NONE,
    equations: str = "",
    *,
    symbolic: str = APPLIES,
    certified: str,
    property: str = APPLIES,
    sampled: str,
    necessity: str = APPLIES,
    sharpness: str = UNASSERTED,
    formal: str = UNPROVED,
    code: str = APPLIES,
) -> Statement:
    """An entry, with what most entries have as the default."""
    rungs = Rungs(symbolic, certified, property, sampled, necessity, sharpness, formal)
    counted = numbers(equations) if equations else ()
    return Statement(label, name, kind, claim, hypotheses(assumptions), counted, rungs, code)


# Reasons that several statements share.
EXACT = "about exact quantities of a law: no process to run"
IDENTITY = "exact identities, shown symbolically: no bound or digit to enclose"
ORDER = "follows for every law from an exact identity: no interval of parameters to cover"
DEFINED = "a definition: it asserts nothing that a hypothesis could be dropped from"
TWO_CONSTRAINTS = "a definition whose solution is Lemma E.1's and Theorem E.3's: drawn there"
PROCESS = (
    "about a process: for normal priors shown symbolically for every parameter, else without an exact law: sampled"
)
CONTINUUM = "a derivation about densities evolving in time: no bound or digit to enclose"
PROTOCOL = "a protocol: it claims nothing whose hypothesis could be dropped"
WORDS = "words and one formula that fix a choice: no identity to prove"
