"""How much few reverse steps shrink the prior N(0, 1), by running Algorithm 1's unguided recursion in balls.

Under the forward process N(0, 1) stays N(0, 1), so that the exact score is -x and each step is linear: x_(i-1) is
c_i x_i plus noise, and the variance follows v_(i-1) = c_i^2 v_i + sigma_i^2 from v_N = 1.
"""

from collections.abc import Callable
from itertools import pairwise

from flint import arb, fmpq

from distributional_view.proofs_check.evidence import evidence, expect

TRAINED = 1000
STEP_50 = "the variance after 50 steps"
Noise = Callable[[arb, arb, arb], arb]


def linear_schedule(last: fmpq) -> list[arb]:
    """alpha_bar of the trained steps: products of 1 - beta for beta linear from 1e-4 to `last`."""
    bars, bar, first = [], arb(1), fmpq(1, 10_000)
    for k in range(TRAINED):
        bar *= 1 - arb(first + (last - first) * fmpq(k, TRAINED - 1))
        bars.append(bar)
    return bars


def trailing(bars: list[arb], stride: int) -> list[arb]:
    """Every stride-th level, the noisiest included, as `NoiseSchedule.strided` keeps them."""
    return bars[stride - 1 :: stride]


def posterior(beta: arb, bar: arb, bar_next: arb) -> arb:
    """The variance of x_(i-1) given x_i and x_0: the DDPM noise, 0 at the last step."""
    return beta * (1 - bar_next) / (1 - bar)


def final_variance(bars: list[arb], noise: Noise) -> arb:
    """The sampler's variance at the end of the schedule `bars`, exact in balls."""
    variance = arb(1)
    for k in reversed(range(len(bars))):
        bar, bar_next = bars[k], bars[k - 1] if k else arb(1)
        alpha = bar / bar_next
        denoised = (1 - (1 - bar)) / bar.sqrt()  # x0_hat/x with the score -x
        kept = alpha.sqrt() * (1 - bar_next) / (1 - bar)
        coefficient = kept + bar_next.sqrt() * (1 - alpha) / (1 - bar) * denoised
        variance = coefficient**2 * variance + noise(1 - alpha, bar, bar_next)
    return variance


@evidence(
    "Ours: few steps",
    "certified",
    controls={
        "noise of variance beta_i at every step": {"noise": lambda beta, bar, bar_next: beta},
        "no noise": {"noise": lambda beta, bar, bar_next: arb(0)},
        "a schedule that ends at 0.012": {"last": fmpq(12, 1000)},
        "the least noisy level of each stride": {"strided": lambda bars, stride: bars[::stride], "breaks": STEP_50},
    },
    constants=("last",),
)
def reverse_steps_shrink(
    noise: Noise = posterior,
    last: fmpq = fmpq(2, 100),  # noqa: B008 - immutable
    strided: Callable[[list[arb], int], list[arb]] = trailing,
) -> str:
    """0.857414 at 50 steps, 0.991067 at 1000; below 1 and rising for every number of steps that divides 1000."""
    bars = linear_schedule(last)
    counts = [n for n in range(2, TRAINED + 1) if TRAINED % n == 0]
    found = {n: final_variance(strided(bars, TRAINED // n), noise) for n in counts}
    for n, digits in ((50, fmpq(857_414, 10**6)), (1000, fmpq(991_067, 10**6))):
        near = abs(found[n] - digits) < fmpq(1, 2 * 10**6)
        expect(near, f"the variance after {n} steps to six digits", variance=found[n], claimed=digits)
    for fewer, more in pairwise(counts):
        rises = found[fewer] < found[more] and found[more] < 1
        expect(rises, "the variance rises with the steps, below 1", fewer=found[fewer], more=found[more], steps=more)
    values = ", ".join(f"{found[n].str(8, radius=False)} at {n}" for n in (10, 50, 250, 1000))
    return f"final variance of N(0, 1): {values} steps; increasing in the steps and below 1 for all divisors of 1000"
