"""The distributional view of visual mechanistic interpretability, made checkable.

The names that one starts with; each is imported when it is first used, so that importing the package costs nothing.

    from distributional_view import AtomicLaw, calibrate_hard, calibrate_klsc, kl

The score's law under p is an `AtomicLaw` (of activations), a `GaussianLaw` or a `PiecewiseLaw`. At a mean activation
`calibrate_hard` gives the truncation (`Hard`), `calibrate_klsc` the tilt (`Klsc`), `interpretability_gap` what the one
costs beyond the other. On a pool `retrieve`, `top_k` and `reweight_to` choose and weigh points. `report` does all of
this for the features in a file of activations. Everything else is in the rooms: `distributional_view.theory` (start
there: its notation table holds for the whole project), `toy`, `figures`, `proofs_check`, `backends`. The command is
`dview`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributional_view.figures.report import report
    from distributional_view.theory import (
        AtomicLaw,
        CalibrationFailed,
        GaussianLaw,
        Hard,
        InfeasibleTarget,
        Klsc,
        PiecewiseLaw,
        calibrate_hard,
        calibrate_klsc,
        effective_size,
        interpretability_gap,
        kl,
        retrieve,
        reweight_to,
        tilted_weights,
        top_k,
        tv,
    )

    __version__: str

__all__ = [
    "AtomicLaw",
    "CalibrationFailed",
    "GaussianLaw",
    "Hard",
    "InfeasibleTarget",
    "Klsc",
    "PiecewiseLaw",
    "__version__",
    "calibrate_hard",
    "calibrate_klsc",
    "effective_size",
    "interpretability_gap",
    "kl",
    "report",
    "retrieve",
    "reweight_to",
    "tilted_weights",
    "top_k",
    "tv",
]

_ELSEWHERE = {"report": "figures.report"}
"""Homes of the names that `theory` does not have."""


def __getattr__(name: str) -> object:
    """A public name, imported now and kept (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        from importlib.metadata import version

        found: object = version("distributional-view")
    else:
        from importlib import import_module

        found = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'theory')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
