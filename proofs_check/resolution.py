"""How fine a check is: the smallest wrong factor of a number that it rejects, claimed by quantity and held to it.

A sampled check knows its numbers only up to its own standard errors. Its registration claims for each quantity the
smallest relative error that the check certainly rejects: `@evidence(..., resolution={"E[psi]": 0.02})`. The check says
what its run reached (`reached`), and `gaps` compares, so that no claim stands without a run that keeps it.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_REACHED: ContextVar[dict[str, float] | None] = ContextVar("reached", default=None)


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Collect what a check reaches while this lasts: quantity -> the largest relative error that it might not see."""
    found: dict[str, float] = {}
    token = _REACHED.set(found)
    try:
        yield found
    finally:
        _REACHED.reset(token)


def reached(quantity: str, error: float) -> None:
    """The run rejects every relative error of this quantity above `error`; of several runs the coarsest counts."""
    found = _REACHED.get()
    if found is not None:
        before = found.get(quantity, 0.0)
        found[quantity] = error if math.isnan(error) else max(before, error)


def gaps(claimed: Mapping[str, float], found: Mapping[str, float]) -> list[str]:
    """What is missing between the claimed resolution and the one of the run; none if the run keeps every claim."""
    missing = [f"the resolution of {quantity!r} was not measured" for quantity in claimed if quantity not in found]
    coarse = [
        f"the resolution of {quantity!r} is {found[quantity]:.3g}, claimed is {most:g}"
        for quantity, most in claimed.items()
        if quantity in found and not found[quantity] <= most
    ]
    silent = [f"the resolution of {quantity!r} is measured and not claimed" for quantity in found.keys() - claimed]
    return missing + coarse + sorted(silent)


def refused(claimed: Mapping[str, float]) -> list[str]:
    """Claims that are none: a quantity without a name, an error outside (0, 1)."""
    return [f"{quantity!r}: {most!r}" for quantity, most in claimed.items() if not quantity or not 0 < most < 1]
