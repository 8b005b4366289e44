"""What a counterexample says: which hypotheses hold in its example, which one fails, and that the conclusion is false.

A check on the necessity rung calls `holds` for every other hypothesis of its statement (`granted` for one that needs
words and no test), `broken` for the one that it drops, and `refuted` for the conclusion. While it runs, a ledger notes
the names; `Ledger.gaps` compares them with the registry, so that no hypothesis is passed over in silence and no second
one fails beside the first.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


class Rejected(AssertionError):
    """A check does not hold: says at which step, and shows the two sides or the counterexample."""

    def __init__(self, step: str, **shown: object):
        self.step, self.shown = step, shown
        super().__init__("\n".join([step, *(f"  {name} = {value}" for name, value in shown.items())]))


class Stands(Rejected):
    """The conclusion holds in the example, which is therefore no counterexample."""


@dataclass
class Ledger:
    """What one run of a check has said of hypotheses and conclusions."""

    held: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    refuted: list[str] = field(default_factory=list)

    def gaps(self, hypotheses: Collection[str], dropped: str) -> list[str]:
        """What is missing for a counterexample without one of these hypotheses; none if it is one."""
        others = [name for name in hypotheses if name != dropped]
        found = [f"{name!r} is not said to hold" for name in others if name not in self.held]
        found += [f"{name!r} is broken too" for name in others if name in self.broken]
        found += [] if dropped in self.broken else [f"{dropped!r} is not said to be broken"]
        found += [f"{dropped!r} is said to hold"] if dropped in self.held else []
        return found + ([] if self.refuted else ["no conclusion is refuted"])


_LEDGER: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


@contextmanager
def noted() -> Iterator[Ledger]:
    """Note what is said while this lasts."""
    ledger = Ledger()
    token = _LEDGER.set(ledger)
    try:
        yield ledger
    finally:
        _LEDGER.reset(token)


def expect(holds: object, step: str, **shown: object) -> None:
    """Raise `Rejected` with the step and what is shown unless `holds` is exactly true."""
    if not bool(holds):
        raise Rejected(step, **shown)


def holds(hypothesis: str, so: object, **shown: object) -> None:
    """The example has this hypothesis, by its name in the registry."""
    expect(so, f"hypothesis {hypothesis!r} holds", **shown)
    if ledger := _LEDGER.get():
        ledger.held.add(hypothesis)


def granted(hypothesis: str, why: str) -> None:
    """This hypothesis holds by construction, means nothing without the dropped one, or is about another conclusion."""
    expect(
        len(why.split()) >= 4, f"hypothesis {hypothesis!r} is granted: it needs a reason of four words or more", why=why
    )
    if ledger := _LEDGER.get():
        ledger.held.add(hypothesis)


def broken(hypothesis: str, so: object, **shown: object) -> None:
    """The example lacks this hypothesis: `so` says that it is broken."""
    expect(so, f"hypothesis {hypothesis!r} is broken", **shown)
    if ledger := _LEDGER.get():
        ledger.broken.add(hypothesis)


def refuted(conclusion: str, so: object, **shown: object) -> None:
    """The conclusion, in words, is false in the example: `so` says that it is."""
    if not bool(so):
        raise Stands(f"the conclusion stands: {conclusion}", **shown)
    if ledger := _LEDGER.get():
        ledger.refuted.append(conclusion)
