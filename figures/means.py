"""Means with their standard errors, of columns of rows and as text."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Mean(NamedTuple):
    """Of rows, with its standard error; None of fewer than two."""

    mean: float | None
    se: float | None


def mean_of(rows: Sequence[dict[str, Any]], name: str) -> Mean:
    """Of a column, over the rows where it was measured."""
    values = [float(row[name]) for row in rows if row[name] is not None]
    if len(values) < 2:
        return Mean(values[0] if values else None, None)
    return Mean(float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5))


def text_of(mean: float | None, se: float | None, form: str = ".2f") -> str:
    """A mean ± its standard error, where there are such."""
    if mean is None:
        return "–"
    return format(mean, form) + ("" if se is None else f" ± {se:{form}}")
