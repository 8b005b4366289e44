"""Every public name of theory has an example, and the examples print what they say."""

import doctest
import importlib
import math
import pkgutil

import numpy as np
import pytest

from distributional_view import theory
from tests.support.gaussian_world import GaussianWorld

WORLD = GaussianWorld(theory.NoiseSchedule.linear().strided(50))
NAMES = {"np": np, "math": math, "world": WORLD} | {name: getattr(theory, name) for name in theory.__all__}
"""What an example may use without importing it."""


def modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(theory.__path__, f"{theory.__name__}.") if not m.ispkg]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("name", modules())
def test_examples(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs=NAMES):
        runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)


def test_a_wrong_example_is_noticed():
    runner = doctest.DocTestRunner()
    wrong = doctest.DocTestParser().get_doctest(">>> effective_size([0.5, 0.5])\n1.0\n", dict(NAMES), "wrong", None, 0)
    runner.run(wrong, out=lambda text: None)
    assert runner.failures == 1
