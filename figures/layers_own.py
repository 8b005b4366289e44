"""The same methods at other layers, on weights and pictures that the user has: a transcoder each.

What is shown: `figures.layers`; what is run: `backends.paradigms.local_layers`. torch is needed.

Paper: Table 8. At matched activations.

dview layers --backbone FILE --transcoder A --transcoder B --images FOLDER [--prior PRIOR] [--out results]
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.layers import Layers, with_off
from distributional_view.figures.own import request_of, sized, told
from distributional_view.figures.paradigms_drawn import Method
from distributional_view.theory.progress import Progress


def compute(
    out: Path,
    seed: int,
    quick: bool,
    levels: Sequence[float],
    methods: Sequence[str],
    options: Mapping[str, Any],
    console: Console,
    progress: Progress,
) -> Layers:
    """Run the cells, or go on with them; the jobs lie in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few pictures and steps, one feature a layer.
        levels: quantiles of the score, each in (0, 1); none for the budget's.
        methods: names; none for all.
        options: of the command, by name.
        console: where is told what is left out.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a path that is missing, a layer without live features, or a level out of reach.
        ValueError: for a level out of range, or a method that does not exist.
        OtherRequest: if a folder belongs to something else.
    """
    from distributional_view.backends.paradigms import local_layers
    from distributional_view.backends.paradigms.entrants import EVERY
    from distributional_view.backends.paradigms.kept import shown
    from distributional_view.backends.paradigms.local_run import LARGE, QUICK_LARGE, QUICK_TRIED

    if not options["transcoder"]:
        raise UserError("--transcoder: must be given at least once for weights of your own, a folder for each layer")
    budget = sized(QUICK_LARGE if quick else replace(LARGE, features=3), options)
    budget = replace(budget, levels=tuple(sorted(set(levels))) or budget.levels)
    budget = budget if options["features"] is None else replace(budget, features=options["features"])
    transcoders = [Path(folder) for folder in options["transcoder"]]
    request = request_of((0,), {**options, "transcoder": None})
    tried = options["tried"] or (QUICK_TRIED if quick else None)
    job = out / ("layers-own-job-quick" if quick else "layers-own-job")
    names = tuple(methods) or EVERY
    layers = local_layers.run(
        job, request, transcoders, budget, names, seed, tried, progress, lambda said: told(said, console)
    )
    entrants = [Method(e.name, e.paradigm, e.says) for e in layers[0].found.entrants]
    parameters = asdict(budget) | {
        "made_of": {layer.name: layer.found.made_of for layer in layers},
        "left_out": layers[0].found.left_out,
    }
    told_layers = [(layer.name, layer.explained, _named(layer.name, layer.found.rows)) for layer in layers]
    return Layers(told_layers, entrants, parameters, seed, shown, "pictures held back")


def _named(layer: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose features are told from those of other layers."""
    return [row | {"name": f"{layer}: {row['feature']}"} for row in with_off(rows)]
