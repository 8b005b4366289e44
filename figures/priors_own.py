"""The same features under several priors, on weights and pictures that the user has, beside the tilt of each prior.

`priors-own.json` has a row for each feature, prior and set of pictures (`backends.paradigms.local_priors`; torch is
needed): samples, samples reweighted to the level, guided samples; and the pictures' own tilt.

Paper: Table 9, Lemma F.1 (17).

dview priors --backbone FILE --transcoder FOLDER --images FOLDER --feature N --prior A --prior B [--out results]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from matplotlib.figure import Figure
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.kept_rows import KeptRows
from distributional_view.figures.own import SAMPLES, request_of, sized, told
from distributional_view.figures.paradigms_drawn import Method, grid
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress

SAID = {
    "unguided": "samples, without guidance",
    "its tilt": "reweighted to the level",
    "EnergyDPS": "guided by the score",
    "hybrid": "the same, at first by the pictures",
}
ON_PAGE = 3
"""Features on the picture."""
DISTANCES = {"kid": "KID", "kid_tilt": "KID to the pictures' tilt", "kid_own": "KID to its own tilt"}


@dataclass(frozen=True)
class OwnPriors(KeptRows):
    """All rows, with what they are made of.

    Args:
        more: further settings.
        features: of KID, in words.
    """

    name: ClassVar[str] = "priors-own"
    title: ClassVar[str] = "the same features under other priors"
    statements: ClassVar[tuple[str, ...]] = ("Definition 2.1", "Lemma D.4", "Lemma F.1", "Algorithm 1")
    more: Mapping[str, Any]
    features: str

    def numbers(self) -> dict[str, Any]:
        """Rows without pictures, settings; null where a column does not apply."""
        settings = self.provenance.as_dict() | {"kid_on": self.features, **self.more}
        found: dict[str, Any] = finite({"rows": self.plain_rows, "settings": settings})
        return found

    def draw(self) -> dict[str, Figure]:
        """Pictures of some features."""
        names = list(dict.fromkeys(row["name"] for row in self.rows))[:ON_PAGE]
        cells = list(dict.fromkeys((row["prior"], row["what"]) for row in self.rows))
        methods = [Method(f"{what} ({prior})", prior, SAID[what]) for prior, what in cells]
        rows = [row | {"method": f"{row['what']} ({row['prior']})"} for row in self.rows if row["shown"] is not None]
        note = "The tilts and guided samples have one mean."
        found = grid(rows, methods, names, self.rows[0]["level"], self.shown, "Under other priors", note)
        return {self.name: found}

    def table(self) -> Table:
        """A line for each feature, prior and set."""
        header = ("feature", "prior", "pictures", "E[ψ]", "reached", "effective", *DISTANCES.values(), "its loss")
        lines = [
            (
                row["name"],
                row["prior"],
                row["what"],
                "out of reach" if row["activation"] is None else f"{row['activation']:.3g}",
                "–" if row["reached"] is None else "yes" if row["reached"] else "no",
                "–" if row["effective_size"] is None else f"{row['effective_size']:.0f}",
                *("–" if row[k] is None else f"{row[k]:.2f} ± {row[k + '_se']:.2f}" for k in DISTANCES),
                "–" if row["prior_loss"] is None else f"{row['prior_loss']:.2f}",
            )
            for row in self.rows
        ]
        return Table(self.title.capitalize(), header, lines, ("feature", "prior", "pictures"), 3, self._note())

    def _note(self) -> str:
        targets = {row["name"]: row["target"] for row in self.rows}
        return (
            "Level: " + ", ".join(f"{name} {target:.3g}" for name, target in targets.items()) + ". Its tilt: samples "
            "of the prior reweighted to the level, all that guided samples of it can be; effective size in pictures. "
            f"KID: on {self.features}, to the pictures held back, to these weighed to the level, and of guided "
            f"pictures to the tilt of their own prior; ± jackknife. Seed {self.seed}."
        )


def compute(
    out: Path,
    seed: int,
    quick: bool,
    priors: Sequence[Path],
    options: Mapping[str, Any],
    console: Console,
    progress: Progress,
) -> OwnPriors:
    """Run the cells, or go on with them; the job and the priors' samples lie in folders of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few pictures, samples and steps.
        priors: files or folders.
        options: of the command, by name.
        console: where is told what the user should know.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a path that is missing, priors of one name, a level out of reach, too few samples or pictures.
        ValueError: for a feature that does not exist, or a level out of range.
        OtherRequest: if a folder belongs to something else.
    """
    from distributional_view.backends.paradigms import local_priors
    from distributional_view.backends.paradigms.kept import shown
    from distributional_view.backends.paradigms.local_run import LARGE, QUICK_LARGE

    features = tuple(dict.fromkeys(options["own"]))
    if not features:
        raise UserError("--feature: must be given at least once for weights of your own, the index of a feature")
    if not priors:
        raise UserError("--prior: must be given at least once for weights of your own, a file or folder for each prior")
    budget = sized(replace(QUICK_LARGE if quick else LARGE, features=len(features), seeds=1), options)
    budget = budget if options["level"] is None else replace(budget, levels=(options["level"],))
    samples = options["samples"] or (64 if quick else 1000)
    request = request_of(features, {**options, "prior": None})
    job = out / ("priors-own-job-quick" if quick else "priors-own-job")
    found = local_priors.run(
        job, out / SAMPLES, request, priors, budget, samples, seed, progress, lambda said: told(said, console)
    )
    more = {"samples": samples, "made_of": found.made_of, "left_out": found.left_out}
    return OwnPriors(found.rows, budget, seed, shown, more, found.features)
