"""Table 2, exactly: boundary mass, finite-step TV and KL of both solutions at each target (Appendix H.4)."""

from dataclasses import dataclass

from distributional_view.theory import Hard, Klsc, Solution, calibrate_hard, calibrate_klsc, tv
from distributional_view.toy.kde import smoothed_kls
from distributional_view.toy.world import TARGETS, ToyWorld

METRICS = ("boundary_mass", "tv_step", "kl", "kl_kde")
PRINTED = ("boundary_mass", "tv_step", "kl_kde")


@dataclass(frozen=True)
class Level:
    """Both solutions at one target, and both at the target plus the step."""

    target: float
    hard: Hard
    klsc: Klsc
    next_hard: Hard
    next_klsc: Klsc

    def pairs(self) -> dict[str, tuple[Solution, Solution]]:
        """Method -> its solution at the target and at the target plus the step."""
        return {"hard": (self.hard, self.next_hard), "klsc": (self.klsc, self.next_klsc)}


def calibrated(world: ToyWorld, target: float) -> Level:
    """Matched-moment calibration (198) at a target and one step beyond it (203).

    Raises:
        InfeasibleTarget: if the target plus the step is out of reach.
    """
    law, beyond = world.law, target + world.target_step
    return Level(
        target,
        calibrate_hard(law, target),
        calibrate_klsc(law, target),
        calibrate_hard(law, beyond),
        calibrate_klsc(law, beyond),
    )


def exact_table(
    world: ToyWorld, targets: tuple[float, ...] = TARGETS, smooth: bool = True
) -> dict[tuple[float, str], dict[str, float]]:
    """(target, method) -> metric -> exact value, no sampling. The KDE column is left out unless `smooth`.

    The boundary mass of both methods is taken at the hard threshold, as in Lemma D.7. Paper: (202), (203), (212).
    """
    levels = [calibrated(world, target) for target in targets]
    table = {key: row for level in levels for key, row in exact_rows(world, level).items()}
    if smooth:
        solutions = [q for level in levels for q, _ in level.pairs().values()]
        smoothed = smoothed_kls(world, solutions, [level.hard.threshold for level in levels])
        for row, value in zip(table.values(), smoothed, strict=True):
            row["kl_kde"] = value
    return table


def exact_rows(world: ToyWorld, level: Level) -> dict[tuple[float, str], dict[str, float]]:
    """The two rows of one target, without the KDE column."""
    return {
        (level.target, method): {
            "boundary_mass": q.boundary_mass(level.hard.threshold, world.margin),
            "tv_step": tv(q, beyond),
            "kl": q.kl,
        }
        for method, (q, beyond) in level.pairs().items()
    }
