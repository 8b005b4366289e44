"""What `dview explain` does, step by step: source, law, guidance, pictures, and how these look to the prior."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from rich.console import Console

from distributional_view.backends.explain.command import (
    CALIBRATED,
    DEFAULT_LEVEL,
    PICTURES,
    SAMPLES,
    check_method,
    tolerance_of,
)
from distributional_view.backends.explain.grid import save_grid
from distributional_view.backends.explain.guidance import Taught, Teaching, taught
from distributional_view.backends.explain.job import Explanation, explain
from distributional_view.backends.explain.law import Placed, law_scores, level_target, placed
from distributional_view.backends.explain.methods import Request
from distributional_view.backends.explain.owed import SHEET, save_attribution
from distributional_view.backends.explain.owed import doubts as doubts_of_maps
from distributional_view.backends.explain.pool import pool_of
from distributional_view.backends.explain.prior_range import Standing, level_losses, standing
from distributional_view.backends.explain.prior_sample import Sampled, Sampling, kept_losses, kept_sample
from distributional_view.backends.explain.sources import Source, embedded_source, local_source
from distributional_view.backends.jobs import usable
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions, chosen
from distributional_view.backends.potential.train import PLAN
from distributional_view.choices import (
    BEST,
    FIRST,
    HYBRIDS,
    PREDICTED,
    RETRIEVALS,
    RUNS,
    WITHOUT_PICTURES,
    MethodName,
)
from distributional_view.errors import UserError
from distributional_view.files import finite, write_arrays, write_json, write_with
from distributional_view.terminal import progress_bar, tell
from distributional_view.theory.seeds import part_seed

BATCH = 32
"""Points that become pictures at once, unless the world says how many."""
_SAMPLE = 2  # part of the seed, after those of calibration and pictures


class Run:
    """One call of the command.

    Args:
        options: of the command.
        console: where it tells what it finds.
    """

    def __init__(self, options: Mapping[str, Any], console: Console) -> None:
        self.options, self.console = dict(options), console
        self.out: Path = options["out"]
        self.keep: Path = options["keep"] or self.out.parent / "learned"
        self.sampler = chosen(SamplerOptions, options)

    def all(self) -> None:
        """Every step; writes `grid.png` and `explanation.json`.

        Raises:
            UserError: for an option that the method cannot take.
        """
        self.options["method"] = self.method
        self.options["runs"] = self.options["runs"] or RUNS.get(self.method, CALIBRATED)
        check_method(self.options)
        law = self._law()
        guidance = self._taught() if self.method in PREDICTED else None
        found = self._pictures(law, guidance)
        looks = self._standing(found) if self.method not in RETRIEVALS and self.options["check"] else None
        owed = self._owed(found) if self.options["attribution"] else None
        late = ([] if looks is None else looks.doubts()) + ([] if owed is None else doubts_of_maps(owed))
        self._write(found, law, law.doubts(self.options["n"]) + late, guidance, looks, owed)
        self._tell(found, law, late)

    @cached_property
    def method(self) -> MethodName:
        """The one that was asked for, or the best one that there is what it needs for."""
        chosen_: MethodName | None = self.options["method"]
        return chosen_ or (WITHOUT_PICTURES if self.source.lessons is None else BEST)

    @cached_property
    def source(self) -> Source:
        """Score, pool and world."""
        score, options = chosen(ScoreOptions, self.options), self.options
        usable(self.sampler.device)
        if options["embedded"]:
            return embedded_source(score, self.sampler)
        paths, memory = chosen(LocalPaths, options), self.out / ".pictures.json"
        with progress_bar(self.console) as report:
            most, seed = options["pool_size"] or PICTURES, options["seed"]
            wanted = options["method"] or WITHOUT_PICTURES
            found = local_source(paths, wanted, score, self.sampler, memory, report, most, seed)
        if found.said:
            self._say(found.said)
        return found

    @cached_property
    def sample(self) -> Sampled | None:
        """Samples of the prior, where there are no pictures for the law or to learn from."""
        needed = self.source.pool is None or (self.method in PREDICTED and self.source.lessons is None)
        if self.source.world is None or not needed:
            return None
        with progress_bar(self.console) as report:
            return kept_sample(self.source.world, self._sampling(self.options["pool_size"] or SAMPLES), report)

    def _sampling(self, n: int) -> Sampling:
        seed, solver = part_seed(self.options["seed"], _SAMPLE), self.sampler.solver
        return Sampling(self.keep, n, seed, solver, self.source.origin, self.source.contents)

    @cached_property
    def scores(self) -> Float[np.ndarray, " n"]:
        """Of the pool that the law is taken from."""
        source, sample, pool, world = self.source, self.sample, self.source.pool, self.source.world
        if pool is None and sample is not None:
            assert world is not None
            size = world.batch or BATCH
            pool = pool_of(sample.points, size, lambda x: world.pictures(x.to(world.device, world.dtype)))
            pool = pool._replace(digest=sample.token)
        assert pool is not None
        with progress_bar(self.console) as report:
            return law_scores(self.out / "law", source.score, pool, source.origin, report, source.contents)

    def _law(self) -> Placed:
        """Where the target lies; what the options leave open is put into them."""
        options = self.options
        if options["target"] is None:
            options["target"] = level_target(self.scores, options["level"] or DEFAULT_LEVEL)
        law = placed(self.scores, options["target"])
        doubts = law.doubts(options["n"])
        self._say(law.words(), *doubts)
        if law.target > law.largest and options["knob"] is None:
            way_out = "choose a --level, a smaller --target, or a --knob to sample without calibration"
            raise UserError(f"{doubts[0]}: {way_out}")
        if law.multiplier is not None:
            options["start"] = options["start"] or FIRST.get(self.method, 1.0) * law.multiplier
            options["multiplier"] = law.multiplier
        options["start"] = options["start"] or 1.0
        options["unguided"] = float(self.scores.mean())
        options["tolerance"] = tolerance_of(options)
        return law

    def _taught(self) -> Taught:
        """What the method needs to know."""
        source, sample = self.source, self.sample
        assert source.world is not None
        steps = PLAN.steps if self.options["training"] is None else self.options["training"]
        teaching = Teaching(self.keep, replace(PLAN, steps=steps), self.options["draws"])
        points = None if sample is None else sample.points
        with progress_bar(self.console) as report:
            found = taught(
                source.world,
                source.lessons,
                points,
                self.options["potential"] if self.method in HYBRIDS else None,
                teaching,
                source.origin,
                source.contents,
                report,
            )
        self._say(f"{found.words()}; kept in {self.keep}")
        return found

    def _pictures(self, law: Placed, guidance: Taught | None) -> Explanation:
        """The job itself."""
        source, known = self.source, None if self.source.pool is None else self.scores
        world, origin, levels = source.world, source.origin, None
        if guidance is not None:
            world, origin, levels = guidance.world, {**origin, "guidance": guidance.token}, guidance.known
        request = chosen(Request, self.options)
        with progress_bar(self.console) as report:
            return explain(
                request, self.out, world, source.pool, source.score, origin, report, source.contents, known, levels
            )

    def _standing(self, found: Explanation) -> Standing:
        """How the pictures look to the prior."""
        world, points = self.source.world, torch.from_numpy(found.points).float()
        assert world is not None
        size = self.options["check"] if self.sample is None else max(len(self.sample.points), self.options["check"])
        with progress_bar(self.console) as report:
            usual = kept_losses(world, self._sampling(size), report)
            return standing(usual, level_losses(world, points))

    def _owed(self, found: Explanation) -> dict[str, Any]:
        """The sheet and the maps of the attribution to pixels."""
        title = (
            f"feature {self.options['feature']}, {self.method}: which pixels add to the activation (red) or take away"
        )
        return save_attribution(self.source.score, found.images, found.scores, self.out, title)

    def _write(
        self,
        found: Explanation,
        law: Placed,
        doubts: list[str],
        guidance: Taught | None,
        looks: Standing | None,
        owed: dict[str, Any] | None,
    ) -> None:
        """The grid, the pictures in it, and the numbers."""
        title = f"{self.method}, mean {found.numbers['mean']:.4g}"
        write_with(self.out / "grid.png", lambda partial: save_grid(found.images, found.scores, partial, title))
        write_arrays(self.out / "shown.npy", found.images.astype(np.float32))
        result = {
            **json.loads((self.out / "job.json").read_text()),
            **found.numbers,
            "law": law._asdict(),
            "doubts": doubts,
            "activations": found.scores.tolist(),
            "torch": torch.__version__,
            **({} if guidance is None else {"guidance": guidance.record()}),
            **({} if looks is None else {"prior_range": looks.record()}),
            **({} if owed is None else {"attribution": owed}),
        }
        write_json(self.out / "explanation.json", finite(result))

    def _tell(self, found: Explanation, law: Placed, doubts: list[str]) -> None:
        """What came out."""
        numbers = found.numbers
        reached = numbers.get("calibration_mean")
        beside = f"target {law.target:g}" + ("" if reached is None else f"; in the calibration {reached:.4g}")
        shown = ", ".join(f"{s:.3g}" for s in found.scores)
        self._say(f"feature {self.options['feature']}: mean activation {numbers['mean']:.4g} ({beside}), shown {shown}")
        for name in ("strength", "multiplier"):
            if name in numbers and law.multiplier is not None and self.method not in RETRIEVALS:
                share = numbers[name] / law.multiplier
                self._say(f"{name} {numbers[name]:.4g}, {share:.2f} of the pool's beta")
        if numbers.get("from_calibration"):
            fresh = numbers["fresh_mean"]
            others = "--fresh draws others" if fresh is None else f"the others have the mean {fresh:.4g}"
            self._say(
                f"{numbers['from_calibration']} of {len(found.scores)} pictures are the calibration's own, brought to "
                f"the target together: {others}"
            )
        self._say(*doubts)
        written = ["grid.png", *([SHEET] if self.options["attribution"] else []), "explanation.json"]
        tell(self.console, [self.out / name for name in written])

    def _say(self, *lines: str) -> None:
        if lines:
            self.console.print(*lines, sep="\n", highlight=False, markup=False)
