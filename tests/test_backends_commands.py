"""The commands of the backends as a user meets them before anything is installed: their help needs no torch."""

import os
import subprocess
import sys
from typing import get_args

import pytest
from click.testing import CliRunner

from distributional_view.backends.__main__ import main
from distributional_view.backends.adapter.feature import REDUCTIONS
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions, chosen
from distributional_view.choices import MethodName, ReductionName

HEAVY = ("torch", "jax", "transformers", "diffusers", "safetensors", "torchmetrics")
HELP = f"""
import sys
from distributional_view.backends.__main__ import main
try:
    main(sys.argv[1:] + ["--help"])
finally:
    print("loaded:", *sorted(set({HEAVY}) & set(sys.modules)))
"""


@pytest.mark.parametrize("command", ["", "explain", "train-transcoder", "embedded-train", "embedded-features"])
def test_help_loads_no_network_library(command):
    words = [command] if command else []
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-c", HELP, *words], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1].strip() == "loaded:"


def test_help_spells_methods_as_the_pages_do():
    told = CliRunner().invoke(main, ["explain", "--help"]).output
    assert f"--method [{'|'.join(get_args(MethodName))}]" in told


def test_options_are_chosen_by_the_names_of_the_fields():
    given = {"feature": 3, "share": 0.25, "gated": False, "reduction": "max", "device": "cpu", "size": 64, "n": 4}
    assert chosen(ScoreOptions, given) == ScoreOptions(3, "max", 0.25, False)
    assert chosen(SamplerOptions, given) == SamplerOptions()
    assert chosen(LocalPaths, given) == LocalPaths(size=64)
    with pytest.raises(TypeError, match="feature"):
        chosen(ScoreOptions, {"share": 0.25})


def test_reductions_are_those_that_exist():
    assert set(get_args(ReductionName)) == set(REDUCTIONS)
    given = ["explain", "--feature", "1", "--target", "1", "--out", "nowhere", "--reduction", "median"]
    refused = CliRunner().invoke(main, given)
    assert refused.exit_code == 2
    assert "'median' is not one of 'mix', 'max', 'mean', 'logsumexp'" in refused.output
