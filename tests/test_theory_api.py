"""What a user meets: exported names, their documentation, lists in place of arrays, words that are refused."""

import ast
import builtins
import importlib
import inspect
import re
import typing

import numpy as np
import pytest

from distributional_view import theory
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    Klsc,
    PiecewiseLaw,
    calibrate_hard,
    calibrate_klsc,
    mean_tv_step,
)

ROOMS = ("laws", "solutions", "pools", "measures", "samplers")
PARTS = {
    "Args:": "Args",
    "Returns:": "Returns",
    "Raises:": "Raises",
    "Example:": "Example",
    ">>> ": "an example to run",
}
TRAIL = re.compile(r"\b(Paper|Ours): \S")


def room(thing: object) -> str:
    return getattr(thing, "__module__", "").removeprefix(f"{theory.__name__}.").split(".")[0]


def exported(*rooms: str) -> dict[str, object]:
    """Name -> exported function or class of these rooms (of all of them, if none is named)."""
    things = {name: getattr(theory, name) for name in theory.__all__}
    plain = {n: t for n, t in things.items() if inspect.isclass(t) or inspect.isfunction(t)}
    return {n: t for n, t in plain.items() if not rooms or room(t) in rooms}


def lacking(thing: object) -> set[str]:
    """Which parts its docstring lacks; a class needs an example only."""
    text = inspect.getdoc(thing) or ""
    parts = {word for mark, word in PARTS.items() if mark not in text}
    if inspect.isclass(thing):
        return parts & {"Example", "an example to run"}
    return parts | (set() if TRAIL.search(text) else {"the line of the paper"})


@pytest.mark.parametrize("name", sorted(exported(*ROOMS)))
def test_documentation_is_whole(name):
    assert not lacking(getattr(theory, name))


def test_the_documentation_guard_can_fail():
    def bare() -> None:
        """A claim. Paper: (1)."""

    class Bare:
        """A claim."""

    assert lacking(bare) == set(PARTS.values())
    bare.__doc__ = (theory.kl.__doc__ or "").replace("Paper:", "").replace("Ours:", "")
    assert lacking(bare) <= {"the line of the paper"}
    assert lacking(Bare) == {"Example", "an example to run"}


def names_in(thing: object) -> set[str]:
    """Names in the annotations of a function, or of a class: its fields, its constructor and its public methods."""
    if not inspect.isclass(thing):
        tree = ast.parse(inspect.getsource(inspect.unwrap(thing)).lstrip())
        return {n for d in ast.walk(tree) if isinstance(d, ast.FunctionDef) for n in annotated(d)}
    tree = ast.parse(inspect.getsource(thing)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {n for field in tree.body if isinstance(field, ast.AnnAssign) for n in words(field.annotation)}
    public = (d for d in tree.body if isinstance(d, ast.FunctionDef) and (d.name == "__init__" or d.name[0] != "_"))
    return found | {n for d in public for n in annotated(d)}


def annotated(definition: ast.FunctionDef) -> set[str]:
    given = definition.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return {n for a in [*(x.annotation for x in every), definition.returns] if a is not None for n in words(a)}


def words(annotation: ast.expr) -> set[str]:
    """Names in an annotation, quoted ones too; the shapes of arrays are no names."""
    found = set()
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
    return found


def ours(name: str, home: str) -> bool:
    """Whether the name is a class or a function of theory, seen from the module that uses it."""
    thing = getattr(importlib.import_module(home), name, None)
    plain = inspect.isclass(thing) or inspect.isfunction(thing)
    return plain and not hasattr(builtins, name) and getattr(thing, "__module__", "").startswith(theory.__name__)


def hidden(thing: object) -> set[str]:
    """Classes and functions of theory that its signature names and `theory` does not export."""
    return {n for n in names_in(thing) if ours(n, thing.__module__) and n not in theory.__all__}


@pytest.mark.parametrize("name", sorted(exported()))
def test_what_a_signature_names_is_exported(name):
    assert not hidden(getattr(theory, name))


def test_the_guard_of_the_exports_can_fail(monkeypatch):
    assert {"Solution", "float"} <= names_in(theory.kl)
    assert {"ScoreLaw", "Status"} <= names_in(Hard)
    monkeypatch.setattr(theory, "__all__", [n for n in theory.__all__ if n not in ("Hard", "Decomposition", "Row")])
    assert hidden(theory.calibrate_hard) == hidden(theory.Gap) == {"Hard"}
    assert hidden(theory.decompose) == {"Decomposition"}
    assert "Row" in hidden(theory.World)


def test_the_list_of_names_is_sorted_and_whole():
    assert theory.__all__ == sorted(set(theory.__all__))
    assert {"Calibrated", "Guidance", "Row", "Twisted", "each", "python_loop"} <= set(theory.__all__)


class Column:
    """A column of a table, as libraries of data frames have it: not an array, but numpy reads it."""

    def __init__(self, values: object):
        self.values = values

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=typing.cast("type[float]", dtype))


P, PSI, G, Q = [0.25, 0.5, 0.25, 0.0], [0, 1, 1, 2], [1, 0, 2, 0], [0.0, 0.5, 0.5, 0.0]
INTRINSIC = theory.baseline(PSI, 0.8, masses=P)


def family(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return at[0] * np.array([0.0, 1.0, -1.0, 0.0]), np.array([[0.0, 1.0, -1.0, 0.0]])


CALLS = {
    "AtomicLaw": lambda a: AtomicLaw(a(PSI)).atoms(),
    "AtomicLaw masses": lambda a: AtomicLaw(PSI, masses=a(P)).atoms(),
    "PiecewiseLaw": lambda a: PiecewiseLaw(lambda u: u, np.zeros_like, a([0.0, 0.5, 1.0])).mean,
    "baseline": lambda a: theory.baseline(a(PSI), 0.8, masses=P),
    "baseline masses": lambda a: theory.baseline(PSI, 0.8, masses=a(P)),
    "best_member": lambda a: theory.best_member(family, a(PSI), 0.7, [np.zeros(1)], masses=P),
    "best_member masses": lambda a: theory.best_member(family, PSI, 0.7, [np.zeros(1)], masses=a(P)),
    "conditioning_error": lambda a: theory.conditioning_error(a(PSI), [True, True, False, False], masses=P),
    "conditioning_error masses": lambda a: theory.conditioning_error(PSI, [True, True, False, False], masses=a(P)),
    "decompose": lambda a: theory.decompose(a(PSI), 0.8, q=Q, masses=P),
    "decompose masses": lambda a: theory.decompose(PSI, 0.8, q=Q, masses=a(P)),
    "decompose q": lambda a: theory.decompose(PSI, 0.8, q=a(Q), masses=P),
    "distortion": lambda a: theory.distortion(INTRINSIC, a(G), 0.9),
    "distortion_bound": lambda a: theory.distortion_bound(INTRINSIC, a(G), 0.9),
    "effective_size": lambda a: theory.effective_size(a(P)),
    "finite_kl": lambda a: theory.finite_kl(a(Q), P),
    "finite_kl p": lambda a: theory.finite_kl(Q, a(P)),
    "finite_tv": lambda a: theory.finite_tv(a(Q), P),
    "finite_tv p": lambda a: theory.finite_tv(Q, a(P)),
    "gibbs": lambda a: theory.gibbs(a(PSI), masses=P),
    "gibbs masses": lambda a: theory.gibbs(PSI, masses=a(P)),
    "inclusion_probabilities": lambda a: theory.inclusion_probabilities(a(P), 2),
    "largest_task_mean": lambda a: theory.largest_task_mean(a(PSI), 0.8, task=G, masses=P),
    "largest_task_mean task": lambda a: theory.largest_task_mean(PSI, 0.8, task=a(G), masses=P),
    "largest_task_mean masses": lambda a: theory.largest_task_mean(PSI, 0.8, task=G, masses=a(P)),
    "mean_tv_step": lambda a: mean_tv_step(Hard, GaussianLaw(), a([0.5, 1.0]), 0.1),
    "retrieve": lambda a: theory.retrieve(a(PSI), 1.2),
    "reweight": lambda a: theory.reweight(a(PSI), calibrate_klsc(AtomicLaw(PSI, masses=P), 0.8), masses=P),
    "reweight masses": lambda a: theory.reweight(PSI, calibrate_klsc(AtomicLaw(PSI, masses=P), 0.8), masses=a(P)),
    "reweight_to": lambda a: theory.reweight_to(a(PSI), 1.2),
    "systematic_sample": lambda a: theory.systematic_sample(a([0.5, 1.0, 0.5]), 0.3),
    "task_injected": lambda a: theory.task_injected(a(PSI), 0.8, task=G, task_target=0.9, masses=P),
    "task_injected task": lambda a: theory.task_injected(PSI, 0.8, task=a(G), task_target=0.9, masses=P),
    "task_injected masses": lambda a: theory.task_injected(PSI, 0.8, task=G, task_target=0.9, masses=a(P)),
    "tilted_weights": lambda a: theory.tilted_weights(a(PSI), 0.7),
    "top_k": lambda a: theory.top_k(a(PSI), 2),
    "top_k_truncation": lambda a: theory.top_k_truncation(a(PSI), 2).mean,
}


def flat(found: object) -> list[np.ndarray]:
    parts = found if isinstance(found, tuple) else (found,)
    return [np.asarray(part) for part in parts]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_list_will_do_for_an_array(name):
    """Lists, tuples and columns give what arrays give; a second axis is refused in words."""
    call = CALLS[name]
    expected = flat(call(lambda values: np.array(values, dtype=float)))
    for kind in (list, tuple, np.array, Column):
        found = flat(call(kind))
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)), kind
    for kind in (lambda v: np.array([v]), lambda v: Column([[x] for x in v])):
        with pytest.raises(ValueError, match=r"\.shape = \((1, \d|\d, 1)\): must be \(n,\) with n >= 1"):
            call(kind)


def test_every_function_that_takes_arrays_is_tried():
    taking = {n for n, t in exported(*ROOMS).items() if "ArrayLike1D" in names_in(t)}
    assert taking == {call.split()[0] for call in CALLS}


@pytest.mark.parametrize("path", ["hard", "klsc", Klsc(GaussianLaw(), 1.0), GaussianLaw, calibrate_hard, None])
def test_only_the_two_paths_have_a_step(path):
    """A word or another class is refused, not read as KLSC (which gave 0.252 for 1.254)."""
    with pytest.raises(ValueError, match=r"path = .*must be the class `Hard` or the class `Klsc`"):
        inspect.unwrap(mean_tv_step)(path, GaussianLaw(), [0.5], 0.1)


def test_top_k_keeps_k_and_the_first_of_ties():
    scores = [1.0, 3.0, 2.0, 3.0, 2.0, -5.0]
    for k in range(1, 7):
        found = theory.top_k(scores, k)
        assert found.indices.tolist() == [1, 3, 2, 4, 0, 5][:k]
        assert found.mean == pytest.approx(np.sort(scores)[::-1][:k].mean(), abs=1e-15)
        assert found.mean == pytest.approx(theory.top_k_truncation(scores, k).mean, abs=1e-14)
    for k in (0, 7, -1):
        with pytest.raises(ValueError, match=rf"k = {k}: must be in 1\.\.6, the number of scores"):
            theory.top_k(scores, k)
    with pytest.raises(ValueError, match=r"scores\[1\] = nan"):
        theory.top_k([1.0, np.nan], 1)
