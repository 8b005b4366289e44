"""Features against single channels, on weights and pictures that the user has.

What is shown: `figures.neurons`; what is run: `backends.paradigms.local_neurons`. torch is needed.

Paper: Table 7, Figures 6, 7. Without raters.

dview neurons --backbone FILE --transcoder FOLDER --images FOLDER [--label-folders] [--out results]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from distributional_view.figures.neurons import Neurons
from distributional_view.figures.own import request_of, sized, told
from distributional_view.theory.progress import Progress


@dataclass(frozen=True)
class OwnNeurons(Neurons):
    """The same on weights of one's own, with what they are.

    Args:
        made_of: score, sizes and pictures.
        features: of the similarity, in words.
        labels: the folders that are words; none where there are none.
    """

    name: ClassVar[str] = "neurons-own"
    made_of: Mapping[str, Any]
    features: str
    labels: tuple[str, ...]

    def numbers(self) -> dict[str, Any]:
        """With the origin of everything."""
        return {**super().numbers(), "similarity_on": self.features, "made_of": dict(self.made_of)}

    def _note(self) -> str:
        if self.labels:
            words = f"Words: {len(self.labels)} folders. {super()._note()}"
        else:
            words = (
                "No words: --label-folders takes the folders that the pictures lie in. ± standard error over objects; "
                "of matched pairs a bootstrap over channels; p of permutations. Pictures: effective size. Seed "
                f"{self.seed}."
            )
        return f"{words} Similarity: on {self.features}.{self._missed()}"

    def _missed(self) -> str:
        """How many rows have no numbers, and what the first of them says."""
        missed = [row for row in self.rows if row["similarity"] is None]
        if not missed:
            return ""
        first = missed[0]
        return (
            f" Nothing is measured in {len(missed)} of {len(self.rows)} rows, which n counts and means leave out: "
            f"{first['kind']} {first['index']}: {first['problem']}."
        )


def compute(
    out: Path,
    seed: int,
    quick: bool,
    objects: int | None,
    levels: Sequence[float],
    methods: Sequence[str],
    options: Mapping[str, Any],
    console: Console,
    progress: Progress,
) -> OwnNeurons:
    """Run the comparison, or go on with it; its job lies in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few objects.
        objects: features, and at most as many channels; None for the budget's.
        levels: quantiles of the score; none for the budget's.
        methods: names; none for those that need no sampling.
        options: of the command, by name.
        console: where is told what the user should know.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a path that is missing, a method that lacks what it needs, or no live objects.
        ValueError: for a level out of range, or a method that does not exist.
        OtherRequest: if the folder belongs to something else.
    """
    from distributional_view.backends.paradigms import local_neurons
    from distributional_view.backends.paradigms.kept import shown
    from distributional_view.backends.paradigms.local_run import LARGE, QUICK_LARGE
    from distributional_view.backends.paradigms.objects import OFFLINE

    sampling = sized(QUICK_LARGE if quick else replace(LARGE, seeds=1), options)
    usual = local_neurons.LocalNeuronBudget(12 if quick else 100, sampling=sampling)
    budget = replace(usual, objects=objects or usual.objects, levels=tuple(sorted(set(levels))) or usual.levels)
    job = out / ("neurons-own-job-quick" if quick else "neurons-own-job")
    found = local_neurons.run(
        job,
        request_of((0,), options),
        budget,
        tuple(methods) or OFFLINE,
        seed,
        options["label_folders"],
        progress,
        lambda said: told(said, console),
    )
    return OwnNeurons(found.rows, budget, seed, shown, found.made_of, found.features, found.labels)
