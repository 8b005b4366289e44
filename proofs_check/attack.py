"""Attack the checks: make the code that a check asks give wrong answers, one at a time, and see whether it notices.

A check that still passes when a function that it asks is wrong by one per cent says nothing about that function. Nobody
chooses the attacks: while the check runs once, all functions of the project are noted that its own file asks directly;
then each of them in turn is made wrong for that caller alone - the code behind them stays right, so that no inner
contradiction saves a check - in four ways: 1 % more, 1 % less, shifted, negated. A function survives if none of them is
noticed: where a ratio is checked, a common factor rightly is not, but a shift is.

Symbolic and certified checks ask nothing of the code that they are about; they are attacked through their claims.
"""

import functools
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from distributional_view.proofs_check.evidence import Evidence, attacked

ROOM = __package__.partition(".")[0]
LIBRARY = tuple(f"{ROOM}.{room}" for room in ("theory", "toy", "backends", "figures"))
ASKERS = ("tests.evidence_",)
"""Names of the modules whose questions are answered wrongly: the checks, not what draws laws and levels for them."""


def _more(x: Any) -> Any:
    return 1.01 * x


def _less(x: Any) -> Any:
    return 0.99 * x


def _shifted(x: Any) -> Any:
    return x + 0.01 * (1 + np.abs(x))


def _negated(x: Any) -> Any:
    return -x


WRONG: dict[str, Callable[[Any], Any]] = {
    "1 % more": _more,
    "1 % less": _less,
    "shifted": _shifted,
    "negated": _negated,
}


@dataclass(frozen=True)
class Target:
    """A function of the project that a check asks: where it is kept, under which name, and how it is shown."""

    owner: Any
    name: str

    @property
    def shown(self) -> str:
        """Such as "theory.solutions.instability.tv_step" or "Hard.kept"."""
        if isinstance(self.owner, type):
            return f"{self.owner.__name__}.{self.name}"
        return f"{self.owner.__name__.removeprefix(ROOM + '.')}.{self.name}"


@dataclass(frozen=True)
class Attacked:
    """What came of the attacks on one function: kind of wrong answer -> how it was noticed (None: the check passed)."""

    evidence: Evidence
    target: Target
    noticed: Mapping[str, str | None]
    seconds: float

    @property
    def survived(self) -> bool:
        """Whether no wrong answer was noticed, so that the check says nothing about this function."""
        return not any(self.noticed.values())


def asked(piece: Evidence) -> list[Target]:
    """The functions and properties that give numbers and that the check asks directly, in the order of their names."""
    found: dict[tuple[int, str], Target] = {}

    def note(frame: FrameType, event: str, value: Any) -> None:
        ours = frame.f_globals.get("__name__", "").startswith(LIBRARY)
        if event != "return" or not ours or frame.f_code.co_flags & inspect.CO_GENERATOR:
            return
        if _asker(frame.f_back) and numbers_in(value):
            target = _target(frame)
            if target is not None:
                found[id(target.owner), target.name] = target

    sys.setprofile(note)
    try:
        piece.check()
    finally:
        sys.setprofile(None)
    return sorted(found.values(), key=lambda t: t.shown)


def attack(piece: Evidence, thorough: bool = False) -> Iterator[Attacked]:
    """Attack a check through every function that it asks, one by one.

    Args:
        piece: the check.
        thorough: go on after the first wrong answer that is noticed.
    """
    for target in asked(piece):
        start, noticed = time.perf_counter(), dict[str, str | None]()
        for name, wrong in WRONG.items():
            with _wrong(target, wrong), attacked(), np.errstate(all="ignore"):
                noticed[name] = _noticed(piece)
            if noticed[name] and not thorough:
                break
        yield Attacked(piece, target, noticed, time.perf_counter() - start)


def verdict(found: Attacked) -> tuple[str, str]:
    """The state in a word, and why: noticed, survived, explained (survived, with a reason given), or stale (a reason
    for what is noticed)."""
    reason = found.evidence.survives.get(found.target.shown)
    if found.survived:
        return ("survived", "no wrong answer is noticed") if reason is None else ("explained", reason)
    if reason is not None:
        return "stale", f"it is noticed, so that no reason is needed: {reason}"
    return "noticed", next(how for how in found.noticed.values() if how)


def _noticed(piece: Evidence) -> str | None:
    try:
        piece.check()
    except AssertionError:
        return "rejected"
    except Exception as error:
        return f"crashed: {type(error).__name__}"
    return None


def numbers_in(value: Any) -> bool:
    """Whether a value is made of numbers that can be wrong by a little."""
    if isinstance(value, tuple):
        return any(numbers_in(v) for v in value)
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and value.size > 0
    return isinstance(value, float | np.floating)


def made_wrong(value: Any, wrong: Callable[[Any], Any]) -> Any:
    """The value with every number in it made wrong."""
    if isinstance(value, tuple):
        parts = [made_wrong(v, wrong) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return wrong(value) if numbers_in(value) else value


def _asker(frame: FrameType | None) -> bool:
    """Whether the question comes from a check: what other libraries only pass on is looked through."""
    while frame is not None and not frame.f_globals.get("__name__", "").startswith((ROOM, "tests.")):
        frame = frame.f_back
    return frame is not None and frame.f_globals["__name__"].startswith(ASKERS)


def _target(frame: FrameType) -> Target | None:
    """Where the function of a frame is kept: a module, or the class that its first argument has it from."""
    code, name = frame.f_code, frame.f_code.co_name
    module = sys.modules.get(frame.f_globals["__name__"])
    if _code_of(getattr(module, name, None)) is code:
        return Target(module, name)
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    for kind in inspect.getmro(type(first)):
        if _code_of(vars(kind).get(name)) is code:
            return Target(kind, name)
    return None


def _code_of(thing: Any) -> Any:
    """The code behind a function, property or cached property, wrapped or not."""
    for attribute in ("func", "fget", "__func__"):
        thing = getattr(thing, attribute, thing)
    return getattr(inspect.unwrap(thing) if callable(thing) else thing, "__code__", None)


@contextmanager
def _wrong(target: Target, wrong: Callable[[Any], Any]) -> Iterator[None]:
    """Make the target wrong for checks and their helpers while the context lasts."""
    original = vars(target.owner)[target.name]
    plain = next((getattr(original, a) for a in ("func", "fget", "__func__") if hasattr(original, a)), original)

    @functools.wraps(plain)
    def answer(*args: Any, **kwargs: Any) -> Any:
        value = plain(*args, **kwargs)
        return made_wrong(value, wrong) if _asker(sys._getframe(1)) else value

    is_property = isinstance(original, property | functools.cached_property)
    replacement: Any = property(answer) if is_property else answer
    places = [(target.owner, target.name), *_imported(original)]
    for owner, name in places:
        setattr(owner, name, replacement)
    try:
        yield
    finally:
        for owner, name in places:
            setattr(owner, name, original)


def _imported(original: Any) -> list[tuple[ModuleType, str]]:
    """Modules of the tests, and packages of the project, that hold the same function under a name of their own."""
    modules = [m for n, m in sys.modules.items() if n.startswith((*ASKERS, *LIBRARY)) and m is not None]
    return [(m, name) for m in modules for name, thing in list(vars(m).items()) if thing is original]
