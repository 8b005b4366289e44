"""Exact Table 2 against the paper's Monte Carlo protocol in numpy: time and digits, as ratios of one run.

    python -m tests.bench.table2

Both compute boundary mass, TV step and exact KL of both methods at three targets (not the KDE column). The protocol
is 200 000 samples, 48 bisections on Monte Carlo means as in `toy.sampled`, rejection and self-normalised importance
sampling.
"""

import time
from collections.abc import Callable, Sequence

import jax
import numpy as np

from distributional_view.toy.table2 import exact_table
from distributional_view.toy.world import TARGETS, ToyWorld, paper_world

SAMPLES = 200_000
BISECTIONS = 48
COMPARED = ("boundary_mass", "tv_step", "kl")
Table = dict[tuple[float, str], dict[str, float]]


def bisect(f: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return 0.5 * (low + high)


def protocol(world: ToyWorld, rng: np.random.Generator) -> Table:
    """The paper's Appendix H.2-H.4 in plain numpy."""
    means = np.asarray(world.mixture.means)

    def pool() -> np.ndarray:
        modes = means[rng.integers(len(means), size=SAMPLES)]
        return np.asarray(world.psi(modes + world.sigma * rng.normal(size=(SAMPLES, 2))))

    def weights(y: np.ndarray, beta: float) -> np.ndarray:
        w = np.exp(beta * (y - y.max()))
        return w / w.sum()

    y, fresh = pool(), pool()
    table: Table = {}
    for target in TARGETS:
        levels = (target, target + world.target_step)
        t, t_next = (bisect(lambda t, a=a: y[y >= t].mean() - a, y.min(), y.max() - 1e-6) for a in levels)
        b, b_next = (bisect(lambda b, a=a: weights(y, b) @ y - a, 0.0, 64.0) for a in levels)
        above, shell = fresh >= t, (fresh >= t) & (fresh < t + world.margin)
        w, w_next = weights(fresh, b), weights(fresh, b_next)
        log_z = b * fresh.max() + np.log(np.exp(b * (fresh - fresh.max())).mean())
        table[target, "hard"] = {
            "boundary_mass": shell.sum() / above.sum(),
            "tv_step": 1 - (fresh >= t_next).sum() / above.sum(),
            "kl": -np.log(above.mean()),
        }
        table[target, "klsc"] = {
            "boundary_mass": w[shell].sum() / w[above].sum(),
            "tv_step": 0.5 * np.abs(w - w_next).sum(),
            "kl": b * (w @ fresh) - log_z,
        }
    return table


def best_time(f: Callable[[ToyWorld], object], worlds: Sequence[ToyWorld]) -> float:
    """The shortest time over the worlds; each is used once, so that nothing found in one run serves the next."""
    times = []
    for world in worlds:
        start = time.perf_counter()
        f(world)
        times.append(time.perf_counter() - start)
    return min(times)


def digits(table: Table, truth: Table) -> float:
    """Correct digits of the worst cell."""
    errors = [abs(table[k][m] / truth[k][m] - 1) for k in truth for m in COMPARED]
    return -float(np.log10(max(max(errors), 1e-16)))


def rebuilt(world: ToyWorld, with_law: bool) -> ToyWorld:
    """The same world with nothing cached but its mixture and, if asked for, a fresh law."""
    fresh = ToyWorld(**world.parameters())
    _ = fresh.mixture, fresh.psi
    if with_law:
        fresh.law.tail_mean(TARGETS[0])
    return fresh


def refined_truth(world: ToyWorld) -> Table:
    """The exact table from a law with 16 times as many panels: what the default panels are held against."""
    from distributional_view.theory import PiecewiseLaw
    from distributional_view.toy.angle import log_angle_density

    fine = rebuilt(world, with_law=False)
    edges = np.unique([*world.psi.breakpoints(), *(world.psi.breakpoints()[0] + np.arange(257) * np.pi / 128)])
    law = PiecewiseLaw(world.psi.of_angle, lambda t: log_angle_density(world.mixture, t), edges)
    fine.__dict__["law"] = law
    return exact_table(fine, smooth=False)


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    world = paper_world()
    truth = refined_truth(world)

    def exact(world: ToyWorld) -> Table:
        return exact_table(world, smooth=False)

    def sampled(world: ToyWorld) -> Table:
        return protocol(world, np.random.default_rng(0))

    exact(world), sampled(world)
    seconds = {
        "exact, law at hand": best_time(exact, [rebuilt(world, with_law=True) for _ in range(40)]),
        "exact, law to build": best_time(exact, [rebuilt(world, with_law=False) for _ in range(40)]),
    }
    sampled_seconds, sampled_digits = best_time(sampled, [world] * 4), digits(sampled(world), truth)
    print(f"{'sampled':20s} {1e3 * sampled_seconds:8.2f} ms  {sampled_digits:5.1f} digits in the worst cell")
    found = digits(exact(world), truth)
    for name, taken in seconds.items():
        print(
            f"{name:20s} {1e3 * taken:8.2f} ms  {found:5.1f} digits in the worst cell:"
            f" {sampled_seconds / taken:.0f} times faster, {found - sampled_digits:.1f} digits more"
        )


if __name__ == "__main__":
    main()
