"""Pieces of evidence: what a check is, and what makes it count.

A piece of evidence is a function that tests one statement on one rung. It takes the statement's ingredients as
keyword arguments whose defaults are the true statement, and returns a sentence that says what was shown; it
raises `Rejected` (or `AssertionError`) when the statement, as its arguments state it, does not hold. A *control* is
a set of other arguments, a deliberately wrong version of the statement: the function must reject it. A piece
of evidence without a control, or with one that is not rejected, does not count.

On the necessity rung a check drops one hypothesis by its name in the registry, and says of all of them whether they
hold (see `premises`); its controls are examples in which the conclusion stands, and must be rejected for that alone.

    @evidence("Lemma D.6", "symbolic", controls={"the shell below t": {"sign": -1}})
    def shell_mass(sign: int = 1) -> str:
        ...

A control may say at which step it must be rejected, by the key `breaks` beside its arguments: the beginning of the
step's text. It then counts only if every step before that one holds.

A sampled check claims its resolution, by quantity: the smallest relative error that it certainly rejects. Its own run
must reach it (see `resolution`).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from distributional_view.proofs_check import resolution as fineness
from distributional_view.proofs_check.premises import Rejected as Rejected
from distributional_view.proofs_check.premises import Stands, noted
from distributional_view.proofs_check.premises import expect as expect
from distributional_view.proofs_check.statements import statement

RUNGS = ("symbolic", "certified", "property", "sampled", "necessity", "sharpness", "formal")
BREAKS = "breaks"
"""Key of a control that names the step at which it must be rejected."""
IN_TESTS = ("property", "sampled", "necessity", "sharpness")
"""Rungs whose checks lie in `tests`: a checkout has them, a wheel does not."""
FORMAL = "formal"
"""The rung whose checks ask Coq; its wrong versions are proved false there, so that nothing is left to attack."""
Check = Callable[..., str]


class Absent(Exception):
    """A program that the check asks is not installed; says which, and how to get it."""


_ATTACKED = ContextVar("attacked", default=False)


@contextmanager
def attacked() -> Iterator[None]:
    """While this lasts a check is expected to fail: how it fails need not be made simple."""
    token = _ATTACKED.set(True)
    try:
        yield
    finally:
        _ATTACKED.reset(token)


def under_attack() -> bool:
    """Whether a failure is expected, so that a counterexample need not be shrunk."""
    return _ATTACKED.get()


@dataclass(frozen=True)
class Evidence:
    """One check of one statement with its negative controls.

    Args:
        label: of the statement, as in the registry: "Lemma D.7".
        rung: one of `RUNGS`.
        check: the function.
        controls: what is wrong -> the arguments that make it wrong, and perhaps the step that must reject (`BREAKS`).
        slow: whether it is left out of a run unless asked for.
        survives: function of the project that the check asks, or constant -> why no wrong one is noticed (see `attack`
            and `constants`).
        constants: keyword arguments of the check that are constants of its claim: numbers, or yes and no.
        drops: on the necessity rung, the name of the hypothesis that its example lacks.
        resolution: quantity -> the smallest relative error of it that the check rejects at five standard errors of its
            own run; empty for a check whose numbers have no error of sampling.
    """

    label: str
    rung: str
    check: Check
    controls: Mapping[str, Mapping[str, Any]]
    slow: bool = False
    survives: Mapping[str, str] = field(default_factory=dict)
    drops: str = ""
    constants: tuple[str, ...] = ()
    resolution: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Folder, module and function: "symbolic.bias.shell_mass", or "evidence_property_object.gibbs" in `tests`."""
        module = self.check.__module__.removeprefix(f"{__package__}.").removeprefix("tests.")
        return f"{module}.{self.check.__name__}"


@dataclass(frozen=True)
class Outcome:
    """What came of a piece of evidence.

    Args:
        evidence: what was run.
        passed: the true statement held and every control was rejected.
        shown: what was shown, or why it failed, in words.
        seconds: time taken, controls included.
        rejections: control -> how it was rejected.
        absent: it could not be run, because a program is not installed.
    """

    evidence: Evidence
    passed: bool
    shown: str
    seconds: float
    rejections: Mapping[str, str] = field(default_factory=dict)
    absent: bool = False


_ALL: dict[tuple[str, str, str], Evidence] = {}


def evidence(
    label: str,
    rung: str,
    *,
    controls: Mapping[str, Mapping[str, Any]],
    slow: bool = False,
    survives: Mapping[str, str] | None = None,
    drops: str = "",
    constants: tuple[str, ...] = (),
    resolution: Mapping[str, float] | None = None,
) -> Callable[[Check], Check]:
    """Register a check of a statement on a rung. Stack it for a check that serves several statements.

    Raises:
        ValueError: for an unknown rung, no control, a survivor without a reason, a dropped hypothesis that the registry
            does not have, a constant that is no argument, a resolution outside (0, 1), or the same function twice on
            one label and rung.
    """
    if rung not in RUNGS:
        raise ValueError(f"rung = {rung!r}: must be one of {RUNGS}")
    if not controls or not all(set(changed) - {BREAKS} for changed in controls.values()):
        raise ValueError(f"controls = {controls!r}: must hold at least one changed argument each")

    short = [name for name, why in (survives or {}).items() if len(why.split()) < 4]
    if short:
        raise ValueError(f"survives = {short!r}: each needs a reason of four words or more")
    permitted = [h.name for h in statement(label).assumptions] if rung == "necessity" else [""]
    if drops not in permitted:
        raise ValueError(f"drops = {drops!r}: must be one of {permitted}, hypotheses of {label} on the rung necessity")
    if wrong := fineness.refused(resolution or {}):
        raise ValueError(f"resolution = {wrong!r}: each must be a named quantity -> a relative error between 0 and 1")

    def register(check: Check) -> Check:
        unknown = set(constants) - set(signature(check).parameters)
        if unknown:
            raise ValueError(f"constants = {sorted(unknown)!r}: each must be an argument of {check.__name__}")
        found = Evidence(
            label,
            rung,
            check,
            dict(controls),
            slow,
            dict(survives or {}),
            drops,
            constants,
            dict(resolution or {}),
        )
        key = (label, rung, found.name)
        if key in _ALL:
            raise ValueError(f"evidence {key!r}: must be registered once")
        _ALL[key] = found
        return check

    return register


def registered() -> Iterator[Evidence]:
    """All evidence, in the order in which it was registered; import the modules first."""
    return iter(tuple(_ALL.values()))


def run(piece: Evidence) -> Outcome:
    """Run a check and its controls; nothing that they raise escapes, except a request to stop."""
    start = time.perf_counter()

    def outcome(passed: bool, shown: str, rejections: Mapping[str, str]) -> Outcome:
        return Outcome(piece, passed, shown, time.perf_counter() - start, dict(rejections))

    try:
        with noted() as ledger, fineness.measured() as fine:
            shown = piece.check()
    except Absent as error:
        return Outcome(piece, False, str(error), time.perf_counter() - start, absent=True)
    except Exception as error:
        return outcome(False, _why(error), {})
    gaps = ledger.gaps([h.name for h in statement(piece.label).assumptions], piece.drops) if piece.drops else []
    if gaps:
        return outcome(False, "no counterexample: " + "; ".join(gaps), {})
    if coarse := fineness.gaps(piece.resolution, fine):
        return outcome(False, "not as fine as claimed: " + "; ".join(coarse), {})
    rejections: dict[str, str] = {}
    for name, control in piece.controls.items():
        arguments = {key: value for key, value in control.items() if key != BREAKS}
        try:
            accepted = piece.check(**arguments)
        except AssertionError as error:
            if not _broken_at(control.get(BREAKS, ""), error):
                wanted = f"rejected at another step than {control[BREAKS]!r}"
                return outcome(False, f"control {name!r} was {wanted}: {_why(error)}", rejections)
            rejections[name] = _why(error)
            if piece.drops and not isinstance(error, Stands):
                return outcome(False, f"control {name!r} is not rejected by its conclusion: {_why(error)}", rejections)
        except Exception as error:  # a control must be rejected by the check, not by a crash
            return outcome(False, f"control {name!r} crashed: {_why(error)}", rejections)
        else:
            return outcome(False, f"control {name!r} was not rejected: {accepted}", rejections)
    return outcome(True, shown, rejections)


def _broken_at(step: str, error: AssertionError) -> bool:
    """Whether the step that rejected begins with this text; any step will do where the text is empty."""
    return not step or (isinstance(error, Rejected) and error.step.startswith(step))


def _why(error: BaseException) -> str:
    """The error with its notes (Hypothesis puts the counterexample there)."""
    kind = "" if isinstance(error, Rejected) else f"{type(error).__name__}: "
    return "\n".join([f"{kind}{error}", *getattr(error, "__notes__", [])])
