"""What the commands on weights and pictures of the user's own share: from options to a request."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from rich.console import Console

SAMPLES = "prior-samples"
"""Folder of the unguided samples of priors, in that of the results."""

SIZES = ("n", "seeds", "steps", "runs", "ascent", "prompt")
"""Options that change a size of a budget of cells."""
Budget = TypeVar("Budget", bound=Any)


def sized(budget: Budget, options: Mapping[str, Any]) -> Budget:
    """The budget with the sizes that were asked for."""
    found: Budget = replace(budget, **{name: options[name] for name in SIZES if options.get(name) is not None})
    return found


def request_of(features: tuple[int, ...], options: Mapping[str, Any]) -> Any:
    """A `LocalRequest` from the options of a command, by their names; what a command has no option for is left out.

    Args:
        features: indices.
        options: those of `flags.local`, and perhaps `words` and `inception`.
    """
    from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions, chosen
    from distributional_view.backends.paradigms.local_model import LocalRequest

    return LocalRequest(
        features,
        chosen(LocalPaths, options),
        options.get("words"),
        options.get("inception"),
        ScoreOptions(0, options["reduction"], options["share"], options["gated"]),
        chosen(SamplerOptions, options),
        options["pool_size"],
    )


def told(sentences: Sequence[str], console: Console) -> None:
    """Say what the user should know, a line each."""
    for line in sentences:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
