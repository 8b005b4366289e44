"""Seeds for the parts of a job: each part draws from a stream of its own, and streams of different parts never meet."""

import numpy as np

from distributional_view.theory.errors import require


def part_seed(seed: int, *part: int) -> int:
    """A seed for one part of a job, the same for equal arguments.

    Sums such as `seed + 1` make the second part of one job the first part of the next one; a hash of the seed and the
    part's place does not.

    Args:
        seed: of the whole job, >= 0.
        part: where the part stands in the job: numbers >= 0, as many as it takes.

    Raises:
        ValueError: for a negative number.

    Example:
        >>> part_seed(0, 1) == part_seed(0, 1), part_seed(0, 1) == part_seed(1, 0)
        (True, False)
    """
    for number in (seed, *part):
        require(number >= 0, "seed", number, ">= 0")
    return int(np.random.SeedSequence(seed, spawn_key=part).generate_state(1)[0])
